"""Search for text in the files of an open folder, within bounds of time, files and bytes."""

import fnmatch
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Final

from mcp_servers.folder_tree import FOLDER_FLAGS, MAX_LEVELS, open_below, visible_entries
from mcp_servers.plain_text import cleaned, one_line

MAX_HITS: Final = 100
MAX_FILES: Final = 5_000
MAX_FILE_BYTES: Final = 5_000_000
MAX_SECONDS: Final = 10.0
MAX_LINE: Final = 300
BINARY_PROBE: Final = 8_192


@dataclass(frozen=True, slots=True)
class Found:
    """One line with the text; `line` counts from 1."""

    path: str
    line: int
    text: str


@dataclass(slots=True)
class Search:
    """What was found, and why it may not be all."""

    hits: list[Found] = field(default_factory=list)
    files: int = 0
    stopped: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to look for: `text` as it stands (no pattern), in files whose name fits `names`."""

    text: str
    names: str = "*"
    ignore_case: bool = True

    def is_in(self, line: str) -> bool:
        """Whether a line has the text."""
        return self.text.casefold() in line.casefold() if self.ignore_case else self.text in line


def search_below(descriptor: int, wanted: Wanted, *, seconds_now: Callable[[], float]) -> Search:
    """Look through an open folder and all below it; links and hidden things are passed over."""
    result = Search()
    deadline = seconds_now() + MAX_SECONDS
    for path, file in _files(descriptor, "", wanted, level=0):
        with open(file, "rb") as content:
            result.files += 1
            _search_file(path, content.read(MAX_FILE_BYTES), wanted=wanted, result=result)
        result.stopped = _limit_reached(result, is_late=seconds_now() > deadline)
        if result.stopped:
            break
    return result


def _limit_reached(result: Search, *, is_late: bool) -> str | None:
    if len(result.hits) >= MAX_HITS:
        return f"only the first {MAX_HITS} hits are shown"
    if result.files >= MAX_FILES:
        return f"stopped after {MAX_FILES} files"
    return f"stopped after {MAX_SECONDS:g} s" if is_late else None


def _search_file(path: str, content: bytes, *, wanted: Wanted, result: Search) -> None:
    if b"\0" in content[:BINARY_PROBE]:
        return
    for number, line in enumerate(cleaned(content.decode("utf-8", "replace")).split("\n"), start=1):
        if wanted.is_in(line):
            result.hits.append(Found(path, number, one_line(line, most=MAX_LINE)))
            if len(result.hits) >= MAX_HITS:
                return


def _files(descriptor: int, prefix: str, wanted: Wanted, *, level: int) -> Iterator[tuple[str, int]]:
    """Yield the path and an open descriptor of each file; whoever gets it closes it."""
    for entry in visible_entries(descriptor):
        path = prefix + entry.name
        if entry.kind == "file" and fnmatch.fnmatchcase(entry.name, wanted.names):
            file = open_below(entry.name, parent=descriptor)
            if file is not None:
                yield path, file
        elif entry.kind == "folder" and level < MAX_LEVELS:
            yield from _below(descriptor, path, wanted, level=level)


def _below(descriptor: int, path: str, wanted: Wanted, *, level: int) -> Iterator[tuple[str, int]]:
    try:
        child = os.open(path.rpartition("/")[2], FOLDER_FLAGS, dir_fd=descriptor)
    except OSError:
        return  # may not be read, or is no folder any more
    try:
        yield from _files(child, f"{path}/", wanted, level=level + 1)
    finally:
        os.close(child)
