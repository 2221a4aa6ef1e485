"""Schemas from servers, without what can run wild in them."""

from typing import Any

from sentinel.tools.catalogue.harmless_schemas import MAX_DEPTH, harmless


def test_names_are_no_keywords_and_data_is_no_schema() -> None:
    """A property may be called `pattern`."""
    schema = {
        "properties": {"pattern": {"type": "string", "pattern": "x"}, "format": {"const": {"pattern": "y"}}},
        "anyOf": [{"$ref": "#/$defs/pattern"}, {"$ref": "http://a"}],
        "$defs": {"pattern": {"type": "object"}},
    }
    assert harmless(schema) == {
        "properties": {"pattern": {"type": "string"}, "format": {"const": {"pattern": "y"}}},
        "anyOf": [{"$ref": "#/$defs/pattern"}, {}],
        "$defs": {"pattern": {"type": "object"}},
    }


def test_a_schema_over_a_cap_promises_nothing() -> None:
    """Too large, or too deep."""
    deep: dict[str, Any] = {"type": "integer"}
    for _ in range(MAX_DEPTH):
        deep = {"items": deep}
    assert harmless(deep) is None
    assert harmless({"description": "x" * 70_000}) is None
