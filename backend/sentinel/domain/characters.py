"""Whole characters. JSON escapes write one beyond U+FFFF in two halves, and a provider may send them apart.

A half is no text: UTF-8 cannot hold it, no store takes it, and no other target can go on from it.
"""

from dataclasses import dataclass
from typing import Final

_FIRST_HALF: Final = "\ud800"
_LAST_FIRST_HALF: Final = "\udbff"


def with_whole_characters(text: str) -> str:
    """Give the text with halves that belong together joined, and every other one replaced by U+FFFD."""
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


@dataclass(slots=True)
class HalfJoiner:
    """Joins the halves that a text was cut into: a first half is held until what follows it is known."""

    _held: str = ""

    @property
    def is_holding(self) -> bool:
        """Whether a first half waits for its second one."""
        return bool(self._held)

    def feed(self, text: str) -> str:
        """Give what is whole of the text so far and was not given before."""
        if self._held:
            text, self._held = self._held + text, ""
        if _FIRST_HALF <= text[-1:] <= _LAST_FIRST_HALF:
            text, self._held = text[:-1], text[-1]
        return with_whole_characters(text)

    def finish(self) -> str:
        """Give what stands for a half that stayed alone."""
        rest, self._held = with_whole_characters(self._held), ""
        return rest
