"""Server-sent events of an HTTP server, each of them whole, of a size that can be read, and meant for who asked."""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, Final

import httpx2
from pydantic import BaseModel, ValidationError

from sentinel.tools.outcome import Cause
from sentinel.tools.transport.framing import CROWDED, is_crowded
from sentinel.tools.transport.own_faults import OwnFault
from sentinel.tools.transport.turns import Turns, in_turn

FOREIGN: Final = "an answer to another request"

_MAX_LINES: Final = 20_000
"""Ends of lines in one event: each line is looked at by itself, here and by the SDK."""
_ENDS_OF_EVENTS: Final = (b"\n\n", b"\n\r", b"\r\r")  # only `\r\n` is one end of a line
_BLANK_LINES: Final = re.compile(rb"(?:\n[\n\r]|\r\r)[\n\r]*")
_LONGEST_EVENT_END: Final = 4
_PIECE_BYTES: Final = 8_192
_FIELD: Final = b"data:"
_MARK_OF_ORDER: Final = b"\xef\xbb\xbf"  # a stream may begin with it


class Said(BaseModel):
    """Which request a message belongs to; the rest of it is not looked at."""

    id: Any = None
    method: Any = None

    def answers(self, asked: Any) -> bool:
        """Whether it has the id of that request."""
        return str(self.id) == str(asked)


def said_in(data: bytes) -> Said | None:
    """Look at a message; None if it cannot be read, which the SDK then says, who reads in the same way."""
    try:
        return Said.model_validate_json(data)
    except ValidationError:
        return None


class _UnfitError(Exception):
    def __init__(self, fault: OwnFault) -> None:
        super().__init__(fault.detail)
        self.fault = fault


class EventStream(httpx2.AsyncByteStream):
    """A stream of whole events; what cannot be passed on becomes an event that says so, and ends the stream.

    Once it is whole, a large event is passed on in pieces, so that whoever reads it holds up nobody either. The SDK
    takes every answer on a request's stream, or on one that resumes it, for the answer to that request.
    """

    def __init__(
        self,
        inner: httpx2.AsyncByteStream,
        *,
        cap: int,
        asked: Any,
        as_event: Callable[[OwnFault], bytes],
        fault_of_break: Callable[[httpx2.TransportError], OwnFault] | None,
    ) -> None:
        """Cap an event at `cap` bytes; `asked` is the id of the request that is answered here, None if there is none.

        A break is raised where there is no `fault_of_break`.
        """
        self._inner = inner
        self._cap = cap
        self._asked = asked
        self._as_event = as_event
        self._fault_of_break = fault_of_break
        self._begun = bytearray()
        self._turns = Turns()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the events."""
        try:
            async for chunk in in_turn(self._inner):
                async for piece in self._passed(self._take(chunk)):
                    yield piece
                self._check_size()
            async for piece in self._passed(bytes(self._begun)):
                yield piece
        except _UnfitError as exc:
            yield self._said(exc.fault)
        except httpx2.TransportError as exc:
            if self._fault_of_break is None:
                raise
            yield self._said(self._fault_of_break(exc))

    async def aclose(self) -> None:
        """Close the wrapped stream."""
        await self._inner.aclose()

    def _take(self, chunk: bytes) -> bytes:
        """Give the events that the chunk completes, and keep what is left; no byte is looked at twice."""
        looked_at = max(0, len(self._begun) - 1)
        self._begun += chunk
        last = max(self._begun.rfind(each, looked_at) for each in _ENDS_OF_EVENTS)
        if last < 0:
            return b""
        end = last + len(_ENDS_OF_EVENTS[0])
        whole = bytes(self._begun[:end])
        del self._begun[:end]
        return whole

    async def _passed(self, events: bytes) -> AsyncIterator[bytes]:
        for event in _split(events):
            fault = self._fault_of(event)
            if fault is not None:
                raise _UnfitError(fault)
            for start in range(0, len(event), _PIECE_BYTES):
                piece = event[start : start + _PIECE_BYTES]
                await self._turns.spend(len(piece), pieces=1 + _line_ends(piece))
                yield piece

    def _fault_of(self, event: bytes) -> OwnFault | None:
        if _line_ends(event) > _MAX_LINES:
            return OwnFault(Cause.OVERSIZE, f"more than {_MAX_LINES} lines in one event", executed="yes")
        data = _data(event)
        if is_crowded(data):
            return OwnFault(Cause.OVERSIZE, CROWDED, executed="yes")
        said = said_in(data) if data and self._asked is not None else None
        # Requests and reports of the server have ids of their own, or none.
        is_foreign = said is not None and said.method is None and not said.answers(self._asked)
        return OwnFault(Cause.MALFORMED, FOREIGN) if is_foreign else None

    def _check_size(self) -> None:
        if len(self._begun) > self._cap:
            raise _UnfitError(OwnFault(Cause.OVERSIZE, f"an event over {self._cap} bytes", executed="yes"))

    def _said(self, fault: OwnFault) -> bytes:
        return b"event: message\ndata: " + self._as_event(fault) + b"\n\n"


def _data(event: bytes) -> bytes:
    lines = event.removeprefix(_MARK_OF_ORDER).splitlines()
    return b"\n".join(line.removeprefix(_FIELD) for line in lines if line.startswith(_FIELD))


def _split(events: bytes) -> Iterator[bytes]:
    """Give each event with its end; of blank lines, which are none, no more than that."""
    start = 0
    for blank in _BLANK_LINES.finditer(events):
        if start < blank.start():
            yield events[start : min(blank.end(), blank.start() + _LONGEST_EVENT_END)]
        start = blank.end()
    if start < len(events):
        yield events[start:]


def _line_ends(data: bytes) -> int:
    return len(data) - len(data.translate(None, b"\r\n"))
