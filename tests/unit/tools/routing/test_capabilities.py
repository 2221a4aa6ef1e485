"""Capabilities held against what the tools really are."""

from typing import Any

import pytest

from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import Effect
from sentinel.tools.routing.capabilities import Capability, result_at
from tests.unit.tools.capable import STRING, resolved, spec


def problem(capability: Capability, server: str) -> str | None:
    return next(member.problem for member in capability.members if member.config.server == server)


def test_a_capability_has_the_arguments_of_its_first_tool_under_its_own_names() -> None:
    """What is constant is not asked for."""
    a = spec("a", {"expr": STRING, "mode": STRING})
    given = resolved({"a": a}, a={"arguments": {"expression": "expr"}, "constants": {"mode": "exact"}})
    assert given.spec is not None
    assert given.spec.input_schema["properties"] == {"expression": STRING}
    assert given.spec.input_schema["required"] == ["expression"]
    assert given.members[0].arguments_for({"expression": "1"}) == {"expr": "1", "mode": "exact"}
    assert given.members[0].arguments_from({"expr": "1", "mode": "exact"}) == {"expression": "1"}


@pytest.mark.parametrize(
    ("other", "member", "words"),
    [
        (spec("b", {"x": STRING}), {"arguments": {"expression": "y"}}, "no argument 'y'"),
        (spec("b", {"x": STRING}), {}, "needs 'x'"),
        (spec("b", {"expression": {"type": "array"}}), {}, "of another type"),
        (spec("b", {"expression": STRING, "x": STRING}), {}, "needs 'x'"),
        (spec("b", {"expression": STRING}), {"constants": {"z": 1}}, "no argument 'z'"),
        (spec("b", {"expression": STRING}), {"arguments": {"other": "expression"}}, "no argument 'other'"),
        (
            spec("b", {"expression": STRING}, output_schema={"properties": {"n": {}}}),
            {"result": "value"},
            "have no 'value'",
        ),
        (spec("b", {"expression": STRING}, is_quarantined=True), {}, "approval"),
        (None, {}, "no such tool"),
    ],
)
def test_a_member_that_does_not_fit_is_left_out_with_the_reason(
    other: ToolSpec | None, member: dict[str, Any], words: str
) -> None:
    """The others stay."""
    given = resolved({"a": spec("a", {"expression": STRING}), "b": other}, a={}, b=member)
    assert given.spec is not None
    assert words in str(problem(given, "b"))
    assert problem(given, "a") is None


def test_reading_and_changing_cannot_stand_in_for_each_other() -> None:
    """The whole group is refused, and says what to do."""
    tools = {"a": spec("a", {"e": STRING}), "b": spec("b", {"e": STRING}, effect=Effect.MUTATING)}
    given = resolved(dict(tools), a={}, b={})
    assert given.spec is None
    assert "tools.overrides" in str(given.refusal)


def test_the_most_of_what_its_tools_do_is_what_a_capability_does() -> None:
    """Here: what can be done twice without harm."""
    tools = {"a": spec("a", {"e": STRING}), "b": spec("b", {"e": STRING}, effect=Effect.IDEMPOTENT)}
    given = resolved(dict(tools), a={}, b={})
    assert given.spec is not None
    assert given.spec.effect is Effect.IDEMPOTENT


def test_a_capability_of_which_no_server_is_known_is_not_offered_yet() -> None:
    """Nothing is wrong with it either."""
    given = resolved({}, a={}, b={})
    assert (given.spec, given.refusal, problem(given, "a")) == (None, None, None)


def test_a_place_in_a_result_is_found_in_structure_or_text() -> None:
    """Where it is not there, that is said."""
    assert result_at("items.1.n", {"items": [{"n": 1}, {"n": 2}]}, "") == 2
    assert result_at("n", None, '{"n": 3}') == 3
    for path, text in (("m", '{"n": 3}'), ("n.0", '{"n": 3}'), ("n", "no JSON")):
        with pytest.raises(LookupError):
            result_at(path, None, text)
