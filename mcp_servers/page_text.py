"""The text of a web page: what a reader would see, with headings, list marks and links, without scripts and styles."""

import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import urljoin

from mcp_servers.plain_text import cleaned

MAX_LINK: Final = 500
_HIDDEN: Final = frozenset({"script", "style", "noscript", "template", "svg", "math", "iframe", "object", "select"})
_WORD: Final = re.compile(r"\w+")
_BLOCKS: Final = frozenset(
    _WORD.findall(
        "address article aside blockquote br dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 "
        "header hr li main nav ol p pre section table tbody td tfoot th thead tr ul"
    )
)
_HEADINGS: Final = {f"h{level}": "#" * level + " " for level in range(1, 7)}
_SPACES: Final = re.compile(r"[ \t]+")
_EMPTY_LINES: Final = re.compile(r"\n\s*\n\s*")


def page_text(html: str, *, base: str) -> tuple[str, str]:
    """Return the title and the text of a page; links are written out as `text (address)`, made absolute with `base`."""
    reader = _Reader(base)
    reader.feed(html)
    reader.close()
    return " ".join("".join(reader.title).split()), _tidied("".join(reader.parts))


def _tidied(text: str) -> str:
    lines = [_SPACES.sub(" ", line).strip() for line in cleaned(text).split("\n")]
    return _EMPTY_LINES.sub("\n\n", "\n".join(lines)).strip()


class _Reader(HTMLParser):
    """Collects text; an element that hides its content hides it until its end tag, or the end of the page."""

    def __init__(self, base: str) -> None:
        super().__init__(convert_charrefs=True)
        self.title: list[str] = []
        self.parts: list[str] = []
        self._base = base
        self._hidden_in: str | None = None
        self._depth = 0
        self._is_title = False
        self._link: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._hidden_in:
            self._depth += tag == self._hidden_in
            return
        if tag in _HIDDEN:
            self._hidden_in, self._depth = tag, 1
        elif tag == "title":
            self._is_title = True
        elif tag == "a":
            self._link = _address(dict(attrs).get("href"), self._base)
        elif tag in _BLOCKS:
            self.parts.append("\n" + ("- " if tag == "li" else _HEADINGS.get(tag, "")))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in _HIDDEN:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if self._hidden_in:
            self._depth -= tag == self._hidden_in
            self._hidden_in = self._hidden_in if self._depth else None
        elif tag == "title":
            self._is_title = False
        elif tag == "a" and self._link:
            self.parts.append(f" ({self._link})")
            self._link = None
        elif tag in _BLOCKS:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if self._is_title:
            self.title.append(data)
        elif not self._hidden_in:
            self.parts.append(data)


def _address(href: str | None, base: str) -> str | None:
    """Return a link's absolute address, or None for those that lead nowhere else."""
    if not href or href.startswith("#"):
        return None
    try:
        address = urljoin(base, href.strip())
    except ValueError:
        return None
    is_useful = address.startswith(("http://", "https://")) and len(address) <= MAX_LINK
    return address if is_useful and " " not in address else None
