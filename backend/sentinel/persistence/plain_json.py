"""Text and JSON that every engine, every reader and every replay agree on.

PostgreSQL refuses NUL characters, UTF-8 has no lone surrogates, JSON no tuples. A value is made plain before it is
shown to anybody, so that the event a reader saw live equals the event that is replayed from the log.
"""

from collections.abc import Mapping, Set
from typing import Any

import orjson

from sentinel.domain.characters import with_whole_characters

_REPLACEMENT = "\ufffd"
_ESCAPED_NUL = rb"\u0000"
_DEEPEST = 100  # levels; orjson gives up at 254
_TOO_DEEP = "…"
_INTEGER_LIMIT = 1 << 63


def clean_text(text: str) -> str:
    """Give the text with everything that cannot be stored replaced by U+FFFD."""
    if "\x00" in text:
        text = text.replace("\x00", _REPLACEMENT)
    return with_whole_characters(text)


def dumps(value: Any) -> str:
    """Write any value as JSON; what JSON does not know becomes text."""
    return _dump(value).decode()


def loads(text: str | bytes) -> Any:
    """Read JSON."""
    return orjson.loads(text)


def plain(value: Any) -> Any:
    """Give the value as it will be after it was stored and read again; shares nothing with the original."""
    return orjson.loads(_dump(value))


def _dump(value: Any) -> bytes:
    try:
        raw = orjson.dumps(value)
    except TypeError:  # a lone surrogate, a key that is no text, a number over 64 bits, a foreign object
        return orjson.dumps(_simplified(value, 0))
    return orjson.dumps(_simplified(value, 0)) if _ESCAPED_NUL in raw else raw


def _simplified(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean_text(str(value))
    if isinstance(value, bool | float | None):
        return value
    if isinstance(value, int):
        return value if -_INTEGER_LIMIT <= value < _INTEGER_LIMIT else str(value)
    if not isinstance(value, Mapping | list | tuple | Set):
        return clean_text(str(value))
    if depth == _DEEPEST:
        return _TOO_DEEP
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _simplified(item, depth + 1) for key, item in value.items()}
    return [_simplified(item, depth + 1) for item in value]
