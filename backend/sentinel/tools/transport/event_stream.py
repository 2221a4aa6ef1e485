"""Server-sent events of an HTTP server, each of them whole, of a size that can be read, and meant for who asked."""

import re
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import httpx2
from pydantic import BaseModel, ValidationError

from sentinel.tools.outcome import Cause
from sentinel.tools.transport.framing import CROWDED, is_crowded
from sentinel.tools.transport.own_faults import OwnFault

FOREIGN: Final = "an answer to another request"

_EVENT_END: Final = re.compile(rb"\r\n\r\n|\n\n|\r\r")
_LONGEST_EVENT_END: Final = 4
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


class EventStream(httpx2.AsyncByteStream):
    """A stream of whole events; what cannot be passed on becomes an event that says so, and ends the stream.

    The SDK takes every answer on a request's stream, or on one that resumes it, for the answer to that request.
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

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Give the events."""
        try:
            async for chunk in self._inner:
                whole = self._take(chunk)
                fault = self._fault_in(whole) or self._overlong()
                if fault is not None:
                    yield self._said(fault)
                    return
                if whole:
                    yield whole
        except httpx2.TransportError as exc:
            if self._fault_of_break is None:
                raise
            yield self._said(self._fault_of_break(exc))
            return
        last = bytes(self._begun)
        fault = self._fault_in(last)
        yield last if fault is None else self._said(fault)

    async def aclose(self) -> None:
        """Close the wrapped stream."""
        await self._inner.aclose()

    def _take(self, chunk: bytes) -> bytes:
        """Give the events that the chunk completes, and keep what is left; no byte is looked at twice."""
        looked_at = max(0, len(self._begun) - _LONGEST_EVENT_END + 1)
        self._begun += chunk
        ends = [match.end() for match in _EVENT_END.finditer(self._begun, looked_at)]
        if not ends:
            return b""
        whole = bytes(self._begun[: ends[-1]])
        del self._begun[: ends[-1]]
        return whole

    def _fault_in(self, whole: bytes) -> OwnFault | None:
        faults = (self._fault_of(_data(event)) for event in _EVENT_END.split(whole))
        return next((fault for fault in faults if fault is not None), None)

    def _fault_of(self, data: bytes) -> OwnFault | None:
        if is_crowded(data):
            return OwnFault(Cause.OVERSIZE, CROWDED, executed="yes")
        said = said_in(data) if data and self._asked is not None else None
        # Requests and reports of the server have ids of their own, or none.
        is_foreign = said is not None and said.method is None and not said.answers(self._asked)
        return OwnFault(Cause.MALFORMED, FOREIGN) if is_foreign else None

    def _overlong(self) -> OwnFault | None:
        if len(self._begun) <= self._cap:
            return None
        return OwnFault(Cause.OVERSIZE, f"an event over {self._cap} bytes", executed="yes")

    def _said(self, fault: OwnFault) -> bytes:
        return b"event: message\ndata: " + self._as_event(fault) + b"\n\n"


def _data(event: bytes) -> bytes:
    lines = event.removeprefix(_MARK_OF_ORDER).splitlines()
    return b"\n".join(line.removeprefix(_FIELD) for line in lines if line.startswith(_FIELD))
