"""Schemas of arguments are such that no model's API refuses them."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it has no types of its own

from sentinel.tools.catalogue.argument_schemas import fitted, schema_problem


def of(argument: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": argument}}


@pytest.mark.parametrize(
    ("listed", "offered"),
    [
        ({}, {"type": "object", "properties": {}}),
        ({"type": ["object", "null"]}, {"type": "object", "properties": {}}),
        (of({"type": "array"}), of({"type": "array", "items": {}})),
        (of({"anyOf": [{"type": ["array", "null"]}]}), of({"anyOf": [{"type": ["array", "null"], "items": {}}]})),
        ({"anyOf": [{"required": ["a"]}]} | of({}), of({})),
        (of({"type": "string", "pattern": "^\\p{L}$"}), of({"type": "string"})),
    ],
)
def test_what_apis_want_is_given_to_them(listed: dict[str, Any], offered: dict[str, Any]) -> None:
    """An object with properties, arrays with items, no alternatives to the whole, no pattern that cannot be read."""
    assert schema_problem(listed) is None
    assert fitted(listed) == offered
    Draft202012Validator.check_schema(offered)


def test_nothing_else_is_changed() -> None:
    """A name that looks like a keyword is none, and neither is what stands in data."""
    schema = of(
        {
            "type": "array",
            "items": {"$ref": "#/$defs/pair"},
            "default": [{"type": "array"}],
            "minItems": 1,
            "x-else": {"type": "array"},
        }
    ) | {"$defs": {"pair": {"enum": ["a", "b"], "pattern": "^[ab]$"}}, "required": ["a"]}
    schema["properties"]["pattern"] = {"type": "string"}
    assert schema_problem(schema) is None
    assert fitted(schema) == schema


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "object", "properties": []},
        of({"type": "text"}),
        of({"type": []}),
        of({"type": "array", "items": [{"type": "string"}]}),
        of({"type": "string", "required": True}),
        of({"enum": []}),
        of({"type": "number", "minimum": "1"}),
        of({"type": "number", "exclusiveMinimum": True}),
        of({"$ref": "#/$defs/none"}),
        of({"$ref": "https://example.org/schema"}),
        of({"anyOf": {}}),
        of(None),
        {"required": ["a", "a"]},
    ],
)
def test_a_schema_that_is_none_is_refused(schema: dict[str, Any]) -> None:
    """Its tool is left out, not guessed at."""
    assert schema_problem(schema) is not None
