"""Schemas from servers, made harmless: what can run wild in them (patterns, remote references) is taken out, and their
size and depth are capped.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

MAX_SCHEMA_BYTES: Final = 64_000
MAX_DEPTH: Final = 32
_MARKS: Final = 4  # the quotes, colon and comma of a key, or about a number

_DROPPED: Final = frozenset(
    {
        "pattern",
        "patternProperties",
        "format",
        "uniqueItems",  # quadratic in what it compares
        "$id",
        "$schema",
        "$vocabulary",
        "$anchor",
        "$dynamicAnchor",
        "$dynamicRef",
        "$recursiveAnchor",
        "$recursiveRef",
    }
)
_DATA: Final = frozenset({"const", "enum", "default", "examples"})
"""Keywords whose values are data, in which nothing is a keyword."""
SCHEMAS_BY_NAME: Final = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""Keywords whose values are schemas by names, which are no keywords."""


def harmless(schema: Mapping[str, Any]) -> dict[str, Any] | None:
    """Give a schema without what is dangerous in it; None if it is over a cap."""
    if not is_modest(schema):
        return None
    return {key: _kept(key, value) for key, value in schema.items() if not _is_dangerous(key, value)}


def is_modest(schema: Mapping[str, Any]) -> bool:
    """Tell whether plain data is within the caps of size and depth; looks at no more of it than these allow."""
    size, below = 0, list[tuple[Any, int]]([(schema, 1)])
    while below:
        current, depth = below.pop()
        if isinstance(current, Mapping):
            inner: Iterable[Any] = current.values()
            size += sum(len(key) + _MARKS for key in current)
        else:
            inner = current if isinstance(current, list) else ()
        size += len(current) if isinstance(current, str) else _MARKS
        if depth > MAX_DEPTH or size > MAX_SCHEMA_BYTES:
            return False
        below.extend((each, depth + 1) for each in inner)
    return True


def _without_danger(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_danger(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {key: _kept(key, value) for key, value in schema.items() if not _is_dangerous(key, value)}


def _kept(key: str, value: Any) -> Any:
    if key in _DATA:
        return value
    if key in SCHEMAS_BY_NAME and isinstance(value, dict):
        return {name: _without_danger(each) for name, each in value.items()}
    return _without_danger(value)


def _is_dangerous(key: str, value: Any) -> bool:
    return key in _DROPPED or (key == "$ref" and not (isinstance(value, str) and value.startswith("#")))
