"""Lines of JSON-RPC from a process that may send anything: linear in the bytes read, bounded in memory, never raising.

A line that is no message is noise. One that is over the cap, or not quite a message, but still shows which request it
answers, becomes an error for that request alone: the session goes on.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from mcp.shared.message import SessionMessage
from mcp_types import ErrorData, JSONRPCError
from mcp_types.jsonrpc import jsonrpc_message_adapter

from sentinel.tools.outcome import Cause
from sentinel.tools.transport.own_faults import OwnFault

OVERSIZE_CODE: Final = -32098
MALFORMED_CODE: Final = -32700

MAX_STRINGS: Final = 40_000
"""Keys and texts in one message, and objects as well. Reading more of them takes the event loop longer than everybody
can wait: it is their number that costs time, far more than their length.
"""
MAX_LISTS: Final = 20_000
"""The same for lists, each of which Python's garbage collector looks at, too."""
MAX_VALUES: Final = 100_000
"""The same for all values: numbers are read faster."""
CROWDED: Final = (
    f"more than {MAX_STRINGS} keys and texts, {MAX_STRINGS} objects, {MAX_LISTS} lists or {MAX_VALUES} values"
    " in one message"
)
_ALL_BUT_STRUCTURE: Final = bytes(set(range(256)) - set(b'"[{,'))
_BLANK: Final = re.compile(rb"\n*")
_EDGE: Final = 256
_ENDLESS: Final = 64  # a line this many times over the cap will not end
_ID: Final = rb'"id"\s*:\s*("(?:[^"\\]){1,64}"|-?\d{1,18})\s*'
_VERSION: Final = rb'"jsonrpc"\s*:\s*"2\.0"\s*'
# Only an id of the outermost object counts, at the beginning of the line or at its end, and only beside the version: a
# log line with an id of its own answers nothing. A request of the server has an id of its own too.
_ID_FIRST: Final = re.compile(
    rb"^\s*\{\s*(?:" + _VERSION + rb",\s*" + _ID + rb"|" + _ID + rb",\s*" + _VERSION + rb')(?!,\s*"method")[,}]'
)
_ID_LAST: Final = re.compile(rb"(?:" + _VERSION + rb",\s*" + _ID + rb"|" + _ID + rb",\s*" + _VERSION + rb")\}\s*$")


@dataclass(frozen=True, slots=True)
class OverlongLine:
    """What is left of a line over the cap; told when it passes the cap, and again, with its end, when it ends."""

    head: bytes
    tail: bytes | None
    size: int


class LineSplitter:
    """Cuts a byte stream into lines and keeps at most `cap` bytes of each."""

    def __init__(self, *, cap: int) -> None:
        """Start between two lines."""
        self._cap = cap
        self._parts: list[bytes] = []
        self._size = 0
        self._head = self._tail = b""

    @property
    def is_endless(self) -> bool:
        """Whether the current line is so long that no end can be expected."""
        return self._size > self._cap * _ENDLESS

    def feed(self, data: bytes) -> Iterator[bytes | OverlongLine]:
        """Take the next bytes and yield every line that they complete and that is not empty."""
        start = self._begin(data, 0)
        while (end := data.find(b"\n", start)) >= 0:
            yield from self._add(data[start:end])
            yield self._finish()
            start = self._begin(data, end + 1)
        yield from self._add(data[start:])

    def _begin(self, data: bytes, start: int) -> int:
        """Tell where to go on: between two lines, empty ones are passed over all at once."""
        blank = None if self._size else _BLANK.match(data, start)
        return blank.end() if blank else start

    def _add(self, piece: bytes) -> Iterator[OverlongLine]:
        was_over = self._size > self._cap
        self._size += len(piece)
        if was_over:
            self._tail = (self._tail + piece[-_EDGE:])[-_EDGE:]
            return
        self._parts.append(piece)
        if self._size > self._cap:
            line = b"".join(self._parts)
            self._parts.clear()
            self._head, self._tail = line[:_EDGE], line[-_EDGE:]
            yield OverlongLine(self._head, None, self._size)

    def _finish(self) -> bytes | OverlongLine:
        if self._size > self._cap:
            line: bytes | OverlongLine = OverlongLine(self._head, self._tail, self._size)
        else:
            line = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        self._head = self._tail = b""
        return line


def read_line(line: bytes | OverlongLine) -> SessionMessage | None:
    """Return the message of a line, or the error of the request it answers, or None when it is noise."""
    if isinstance(line, OverlongLine):
        return _overlong(line)
    if b"{" not in line and b"}" not in line:
        return None  # as most noise, which takes many times as long to read
    if is_crowded(line):
        return _failed_line(line, OVERSIZE_CODE, CROWDED)
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError:
        return _failed_line(line, MALFORMED_CODE, "not a JSON-RPC message")


def is_crowded(data: bytes | bytearray) -> bool:
    """Tell, without reading it, whether JSON holds more than may be read at once."""
    structure = data.translate(None, _ALL_BUT_STRUCTURE)
    if len(structure) <= MAX_LISTS:
        return False
    if b"\\" in data:  # what is escaped inside of texts ends none
        structure = data.replace(b"\\\\", b"").replace(b'\\"', b"").translate(None, _ALL_BUT_STRUCTURE)
    quotes = _count(structure, b'"')
    if quotes > 2 * MAX_STRINGS:
        return True
    outside = b"".join(structure.split(b'"')[::2])  # what is inside of texts costs nothing
    values, lists = _count(outside, b","), _count(outside, b"[")
    return values > MAX_VALUES or lists > MAX_LISTS or len(outside) - values - lists > MAX_STRINGS


def _count(data: bytes | bytearray, char: bytes) -> int:
    return len(data) - len(data.translate(None, char))  # where they are many, far faster than `count`


def _failed_line(line: bytes, code: int, message: str) -> SessionMessage | None:
    first = _first_id(line[:_EDGE])
    request_id = _last_id(line[-_EDGE:]) if first is None else first
    return None if request_id is None else _failed(request_id, code, message)


def _overlong(line: OverlongLine) -> SessionMessage | None:
    request_id = _first_id(line.head)
    if line.tail is not None:  # told before, if the beginning was enough
        request_id = _last_id(line.tail) if request_id is None else None
    return None if request_id is None else _failed(request_id, OVERSIZE_CODE, "the line is over the cap")


def _first_id(head: bytes) -> int | str | None:
    return _id(_ID_FIRST.match(head))


def _last_id(tail: bytes) -> int | str | None:
    return _id(_ID_LAST.search(tail))


def _id(match: re.Match[bytes] | None) -> int | str | None:
    if match is None:
        return None
    text = (match[1] or match[2]).decode("utf-8", errors="replace")
    return text[1:-1] if text.startswith('"') else int(text)


def _failed(request_id: int | str, code: int, message: str) -> SessionMessage:
    cause = Cause.OVERSIZE if code == OVERSIZE_CODE else Cause.MALFORMED
    error = ErrorData(code=code, message=message, data=OwnFault(cause, message))
    return SessionMessage(JSONRPCError(jsonrpc="2.0", id=request_id, error=error))
