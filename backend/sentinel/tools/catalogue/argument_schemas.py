"""Schemas of arguments, as the APIs of models take them: they refuse a whole chat for one that they do not like.

A schema that is none is refused here, with its tool. What is changed is what those APIs want and no tool can miss: the
tool itself has the last word on its arguments.
"""

import json
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sentinel.tools.catalogue.harmless_schemas import SCHEMAS_BY_NAME, is_modest

TOO_MUCH: Final = "its schema is too large or too deep"
NOT_JSON: Final = "it holds a number or a character that JSON cannot carry"

_NOT_AT_ROOT: Final = frozenset({"anyOf", "oneOf", "allOf", "not", "enum"})
"""What the arguments of a function may not be in all; further below it is welcome."""
_TYPES: Final = frozenset({"object", "array", "string", "number", "integer", "boolean", "null"})
_ONE: Final = frozenset({"items", "additionalProperties", "not", "if", "then", "else", "contains", "propertyNames"})
_MANY: Final = frozenset({"anyOf", "oneOf", "allOf", "prefixItems"})
_MAX_PATTERN: Final = 1_000


def encodes(value: Any) -> bool:
    """Whether a value can be sent as JSON: no NaN, no infinity, no half of a character."""
    try:
        json.dumps(value, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, TypeError, RecursionError):
        return False
    return True


def schema_problem(schema: Mapping[str, Any]) -> str | None:
    """Say why a schema cannot be offered as that of a function's arguments; None if it can, as `fitted` gives it."""
    if not is_modest(schema):
        return TOO_MUCH
    if not encodes(schema):
        return NOT_JSON
    if not _is_of(schema.get("type", "object"), "object"):
        return "its arguments are no object"
    return _fault(_root(schema))


def fitted(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Give a schema that has no problem as APIs take it: an object with properties, and arrays that have items."""
    whole: dict[str, Any] = _filled(_root(schema))
    return {**whole, "type": "object", "properties": whole.get("properties", {})}


def _root(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key not in _NOT_AT_ROOT}


def _fault(root: Mapping[str, Any]) -> str | None:
    below: list[Any] = [root]
    while below:
        current = below.pop()
        if isinstance(current, bool):
            continue
        if not isinstance(current, Mapping):
            return "a part of its schema is no schema"
        for key, value in current.items():
            if key in _SHAPES and not _SHAPES[key](value):
                return f"its schema has a {key!r} that is none"
            if key == "$ref" and not _leads_somewhere(value, root):
                return "its schema refers to what is not in it"
            below.extend(_inner(key, value))
    return None


def _inner(key: str, value: Any) -> list[Any]:
    if key in _ONE:
        return [value]
    if key in _MANY:
        return list(value)
    return list(value.values()) if key in SCHEMAS_BY_NAME else []


def _filled(schema: Any) -> Any:
    """Give `items` to arrays that have none, and drop patterns that are none to a reader in Python."""
    if not isinstance(schema, Mapping):
        return schema
    kept = {key: _filled_in(key, value) for key, value in schema.items() if key != "pattern" or _compiles(value)}
    if _is_of(kept.get("type"), "array"):
        kept.setdefault("items", {})
    return kept


def _filled_in(key: str, value: Any) -> Any:
    if key in _ONE:
        return _filled(value)
    if key in _MANY:
        return [_filled(each) for each in value]
    return {name: _filled(each) for name, each in value.items()} if key in SCHEMAS_BY_NAME else value


def _compiles(pattern: str) -> bool:
    if len(pattern) > _MAX_PATTERN:
        return False
    try:
        re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


def _leads_somewhere(reference: Any, root: Mapping[str, Any]) -> bool:
    if not isinstance(reference, str) or not reference.startswith("#"):
        return False
    current: Any = root
    for step in reference[1:].split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(current, list) and name.isdecimal() and int(name) < len(current):
            current = current[int(name)]
        elif isinstance(current, Mapping) and name in current:
            current = current[name]
        else:
            return False
    return reference == "#" or (reference.startswith("#/") and isinstance(current, Mapping | bool))


def _is_of(kind: Any, wanted: str) -> bool:
    return kind == wanted or (isinstance(kind, list) and wanted in kind)


def _is_type(value: Any) -> bool:
    kinds = value if isinstance(value, list) else [value]
    return _is_names(kinds) and bool(kinds) and _TYPES.issuperset(kinds)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value) and len(set(value)) == len(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_flag(value: Any) -> bool:
    return isinstance(value, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return _is_number(value) and value >= 0 and value == value // 1


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and bool(value)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


_SHAPES: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType(
    {"type": _is_type, "required": _is_names, "multipleOf": lambda value: _is_number(value) and value > 0}
    | dict.fromkeys(("title", "description", "format", "pattern", "$ref", "$id", "$schema", "$comment"), _is_text)
    | dict.fromkeys(("uniqueItems", "deprecated", "readOnly", "writeOnly"), _is_flag)
    | dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _is_number)
    | dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count)
    | dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _is_count)
    | dict.fromkeys(("enum", *_MANY), _is_list)
    | dict.fromkeys(SCHEMAS_BY_NAME, _is_mapping)
)
