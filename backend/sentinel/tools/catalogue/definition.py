"""What a server says about a tool, kept so that a person can see what has changed: flat, bounded, nothing hidden.

A definition that misleads a model may do so with characters that nobody sees; here they are spelled out.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from mcp_types import Tool

MAX_TEXT: Final = 4_000
MAX_FACTS: Final = 400
MAX_CHANGES: Final = 50
_MAX_NAME: Final = 200
_MAX_DEPTH: Final = 12
_STATED: Final = frozenset({"title", "description", "input_schema", "output_schema", "annotations"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One thing that a definition says otherwise than before; None where it says nothing.

    `what` is the way to it, such as `input_schema/properties/path/type`.
    """

    what: str
    before: str | None
    after: str | None

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return asdict(self)


def facts_of(tool: Tool) -> dict[str, str]:
    """Give all that a server says about a tool, as texts by the way to them; what is too much is left out."""
    said = tool.model_dump(mode="json", exclude_none=True, include=set(_STATED))
    facts: dict[str, str] = {}
    for way, text in _flat(said, "", _MAX_DEPTH):
        if len(facts) >= MAX_FACTS:
            break
        facts[way] = text
    return facts


def changes_between(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    """Give what differs, at most `MAX_CHANGES` of it, what models read first."""
    differing = sorted((way for way in before.keys() | after.keys() if before.get(way) != after.get(way)), key=_order)
    return [Change(what=way, before=before.get(way), after=after.get(way)) for way in differing[:MAX_CHANGES]]


def is_plain(text: str) -> bool:
    """Tell at once of most texts that all of their characters can be seen; the others have to be looked through."""
    return text.replace("\n", "").replace("\t", "").isprintable()


def spelled_out(text: str) -> str:
    """Give text with every character that cannot be seen in words, at a bounded length."""
    cut = text[:MAX_TEXT]
    shown = cut if is_plain(cut) else "".join(c if _is_seen(c) else f"\\u{{{ord(c):x}}}" for c in cut)
    return shown if len(text) <= MAX_TEXT else f"{shown}… ({len(text)} characters)"


def _flat(value: Any, way: str, depth: int) -> Iterator[tuple[str, str]]:
    is_open = isinstance(value, dict | list) and bool(value) and depth > 0
    if not is_open:
        yield way, spelled_out(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        return
    named = value.items() if isinstance(value, dict) else enumerate(value)
    for name, inner in named:
        step = spelled_out(str(name)[:_MAX_NAME])
        yield from _flat(inner, f"{way}/{step}" if way else step, depth - 1)


def _is_seen(char: str) -> bool:
    return char in "\n\t" or unicodedata.category(char)[0] != "C"


def _order(way: str) -> tuple[bool, str]:
    return way.partition("/")[0] not in {"title", "description"}, way
