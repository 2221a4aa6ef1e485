"""A run's log as server-sent events: frames with the sequence number as id, so that a reader can come back."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import orjson
from fastapi import Request
from sse_starlette import EventSourceResponse, ServerSentEvent
from sse_starlette.sse import SendTimeoutError
from starlette.types import Message, Receive, Scope, Send

from sentinel.api.problems import problem
from sentinel.domain.events import Event, EventType
from sentinel.errors import RequestError
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

PING_SECONDS = 10
SEND_TIMEOUT_SECONDS = 20
RETRY_MS = 2000
LIFE_SECONDS = 600.0
"""No connection lives longer, so that a server that was added gets its share; readers come back."""
_LONGEST_ID = 18
_FAREWELL = "the run goes on; come back with your Last-Event-ID"

Follow = Callable[[int], AbstractAsyncContextManager[AsyncIterator[Event]]]
LeftEarly = Callable[[], Awaitable[None]]


class EventStream(EventSourceResponse):
    """The events of one run for one reader, from `after` on; ends after the terminal event.

    A reader that is gone or too slow loses its connection, not its run. When we end it before the run does, a comment
    says so. `on_left_early` is called when the reader goes before the end, not when we do.
    """

    def __init__(self, follow: Follow, *, after: int, on_left_early: LeftEarly | None = None) -> None:
        super().__init__(
            iter(()),  # replaced as soon as the log is open
            ping=PING_SECONDS,
            send_timeout=SEND_TIMEOUT_SECONDS,
            headers={"Cache-Control": "no-store, no-transform"},
            client_close_handler_callable=self._reader_left,
        )
        self._follow = follow
        self._after = after
        self._on_left_early = on_left_early
        self._has_ended = False
        self._has_left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            async with self._follow(self._after) as events:
                self.body_iterator = self._frames(events)
                await super().__call__(scope, receive, send)
        except SendTimeoutError:
            self._has_left = True  # it can come back with its Last-Event-ID
            logger.info("reader_too_slow", path=scope["path"])
        finally:
            if self._on_left_early is not None and self._has_left and not self._has_ended:
                with anyio.CancelScope(shield=True):
                    await self._on_left_early()

    async def _reader_left(self, _: Message) -> None:
        self._has_left = True

    async def _frames(self, events: AsyncIterator[Event]) -> AsyncIterator[ServerSentEvent]:
        async for event in events:
            self._has_ended = event.type.is_terminal
            yield frame(event)
        if not self._has_ended:
            yield ServerSentEvent(comment=_FAREWELL, retry=RETRY_MS)


def frame(event: Event) -> ServerSentEvent:
    """Give the frame of one event; an `error` gets the body of a problem document."""
    data = event.to_dict()
    if event.type is EventType.ERROR:
        data = _as_problem(data)
    return ServerSentEvent(orjson.dumps(data).decode(), event=event.type.value, id=str(event.seq), retry=RETRY_MS)


def resume_point(request: Request, after: int | None) -> int:
    """Give the number after which this reader wants to go on: `?after=` or the `Last-Event-ID` header.

    Raises:
        RequestError: the header is not a number.
    """
    header = request.headers.get("last-event-id")
    if after is not None or header is None:
        return after or 0
    if not header.isascii() or not header.isdigit() or len(header) > _LONGEST_ID:
        message = f"Last-Event-ID must be the id of an event of this run, not {header!r}"
        raise RequestError(message)
    return int(header)


def _as_problem(data: dict[str, Any]) -> dict[str, Any]:
    code, detail, run_id = data.pop("code"), data.pop("detail"), data["run_id"]
    return problem(code, detail, run_id, **data)
