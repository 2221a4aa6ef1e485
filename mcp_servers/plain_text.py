"""Text from elsewhere, made fit for a model: no control or direction-changing characters, and a bounded length."""

import unicodedata
from typing import Final

_KEPT: Final = frozenset("\n\t")
_LINE_ENDS: Final = str.maketrans(dict.fromkeys("\r\x0b\x0c\x85\u2028\u2029", "\n"))


def cleaned(text: str) -> str:
    """Return text without characters that steer terminals, hide other text or turn its direction."""
    lines = text.replace("\r\n", "\n").translate(_LINE_ENDS)
    return "".join(char for char in lines if char in _KEPT or unicodedata.category(char)[0] != "C")


def one_line(text: str, *, most: int) -> str:
    """Return text cleaned, on one line, cut at `most` characters."""
    words = " ".join(cleaned(text[: most * 4]).split())
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


def echo(text: str, *, most: int = 100) -> str:
    """Return what a caller wrote, quoted, for an error message."""
    return repr(text if len(text) <= most else f"{text[:most]}…")
