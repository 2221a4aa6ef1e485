"""JSON as it stands on the wire, halves of characters included: valid there, and unknown to the fast library."""

import json
from typing import Any, NoReturn

import orjson


def loads(raw: bytes) -> Any:
    """Read JSON; raises orjson.JSONDecodeError."""
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        return loads_with_halves(raw, error)


def loads_with_halves(raw: bytes, error: orjson.JSONDecodeError) -> Any:
    """Read what was refused with `error` for nothing but halves of characters; else raise the error."""
    if b"\\u" not in raw:
        raise error
    try:
        return json.loads(raw.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise error from None


def dumps(data: Any) -> bytes:
    """Write JSON; halves of characters are escaped, as they came."""
    try:
        return orjson.dumps(data)
    except TypeError:
        return json.dumps(data, separators=(",", ":")).encode()


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)
