"""That other tools are offered than before, told to everybody who listens, in the words of either era.

Clients of the 2026-07-28 revision listen with `subscriptions/listen`, which the SDK serves from this bus. Those before
it listen on an event stream of its own, which is served here and belongs to no session: it has nothing else to say.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from http import HTTPStatus
from typing import Final

from mcp.server.subscriptions import ServerEvent, ToolsListChanged
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

_CHANGED: Final = '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}'
_PING_SECONDS: Final = 15
_MAX_STREAMS: Final = 1024
_EVENT_STREAM: Final = "text/event-stream"

Listener = Callable[[ServerEvent], None]


class Changes:
    """The SDK's `SubscriptionBus`, and the streams of older clients. `tell` is called on the event loop."""

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}
        self._streams: dict[object, asyncio.Event] = {}
        self._is_over = False

    def tell(self) -> None:
        """Say that the list of tools has changed; a listener that has not yet heard of an earlier change hears once."""
        for listener in list(self._listeners.values()):
            listener(ToolsListChanged())
        self._wake()

    def end(self) -> None:
        """End the streams, so that the server can stop."""
        self._is_over = True
        self._wake()

    async def publish(self, event: ServerEvent) -> None:
        """Tell everybody, as the SDK's servers do."""
        for listener in list(self._listeners.values()):
            listener(event)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` with every change until the result is called."""
        token = object()
        self._listeners[token] = listener

        def unsubscribe() -> None:
            self._listeners.pop(token, None)

        return unsubscribe

    async def serve_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve an older client's event stream."""
        refusal = self._refusal(Headers(scope=scope))
        response = refusal or EventSourceResponse(
            self._events(), ping=_PING_SECONDS, headers={"cache-control": "no-cache"}
        )
        await response(scope, receive, send)

    def _refusal(self, headers: Headers) -> JSONResponse | None:
        if _EVENT_STREAM not in headers.get("accept", "") and "*/*" not in headers.get("accept", ""):
            return _error(HTTPStatus.NOT_ACCEPTABLE, f"Not Acceptable: the client must accept {_EVENT_STREAM}")
        if self._is_over or len(self._streams) >= _MAX_STREAMS:
            return _error(HTTPStatus.SERVICE_UNAVAILABLE, "Too many event streams are open")
        return None

    async def _events(self) -> AsyncIterator[ServerSentEvent]:
        token, changed = object(), asyncio.Event()
        self._streams[token] = changed
        try:
            while True:
                await changed.wait()
                if self._is_over:
                    return
                changed.clear()
                yield ServerSentEvent(_CHANGED, event="message")
        finally:
            del self._streams[token]

    def _wake(self) -> None:
        for changed in self._streams.values():
            changed.set()


def _error(status: HTTPStatus, message: str) -> JSONResponse:
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": message}}, status)
