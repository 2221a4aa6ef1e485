"""What a tool says about itself, kept so that a person sees what has changed."""

from typing import Any

import pytest
from mcp_types import Tool

from sentinel.tools.catalogue.definition import (
    MAX_CHANGES,
    MAX_FACTS,
    MAX_TEXT,
    Change,
    changes_between,
    facts_of,
    spelled_out,
)
from tests.unit.tools.listed import tool

SCHEMA = {"type": "object", "properties": {"path": {"type": "string"}}, "required": ["path"]}


def said(**more: Any) -> Tool:
    return tool(description="Reads a file.", input_schema=SCHEMA, **more)


def test_a_definition_is_facts_by_the_way_to_them() -> None:
    """All that a model reads, and the annotations; not the name, which is who the tool is."""
    assert facts_of(said(annotations={"readOnlyHint": True})) == {
        "description": "Reads a file.",
        "input_schema/type": "object",
        "input_schema/properties/path/type": "string",
        "input_schema/required/0": "path",
        "annotations/read_only_hint": "true",
    }


@pytest.mark.parametrize(
    ("then", "change"),
    [
        (
            {"description": "Deletes a file."},
            Change(what="description", before="Reads a file.", after="Deletes a file."),
        ),
        ({"annotations": {"readOnlyHint": True}}, Change(what="annotations/read_only_hint", before=None, after="true")),
        (
            {"input_schema": {**SCHEMA, "required": []}},
            Change(what="input_schema/required", before=None, after="[]"),
        ),
    ],
)
def test_what_differs_is_told_as_before_and_after(then: dict[str, Any], change: Change) -> None:
    """One by one."""
    after = Tool.model_validate(said().model_dump() | then)
    assert change in changes_between(facts_of(said()), facts_of(after))


def test_nothing_differs_in_what_is_the_same() -> None:
    """In whatever order it is written."""
    again = said(output_schema={"b": 1, "a": 2})
    assert changes_between(facts_of(again), facts_of(said(output_schema={"a": 2, "b": 1}))) == []


def test_what_models_read_first_is_told_first() -> None:
    """The description before the schemas, whose ways come earlier in the alphabet."""
    before, after = {"annotations/a": "1", "description": "x"}, {"annotations/a": "2", "description": "y"}
    assert [change.what for change in changes_between(before, after)] == ["description", "annotations/a"]


def test_characters_that_nobody_sees_are_spelled_out() -> None:
    """They are how a description can look the same and say something else."""
    assert spelled_out("a\u202eb\u200bc\nd") == "a\\u{202e}b\\u{200b}c\nd"


def test_what_is_too_much_is_cut() -> None:
    """Text, facts, depth and the list of changes."""
    shown = spelled_out("x" * (MAX_TEXT + 1))
    assert shown.endswith(f"… ({MAX_TEXT + 1} characters)")
    wide = facts_of(tool(input_schema={f"k{number}": number for number in range(MAX_FACTS * 2)}))
    assert len(wide) == MAX_FACTS
    assert len(changes_between(wide, {})) == MAX_CHANGES
    deep: dict[str, Any] = {"end": "here"}
    for _ in range(40):
        deep = {"in": deep}
    (way,) = [way for way in facts_of(tool(input_schema=deep)) if way.startswith("input_schema")]
    assert way.count("/") < 12
