"""Answers in raw ASGI messages: no framework between the upstream's bytes and the caller's socket."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from starlette.types import Send

from sentinel.errors import SentinelError
from sentinel.gateway.openai_errors import advice_on, error_body, status_of
from sentinel.gateway.receipts import Header

_JSON: Header = (b"content-type", b"application/json")
_EVENT_STREAM: list[Header] = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store, no-transform"),
    (b"x-accel-buffering", b"no"),
]


@dataclass(frozen=True, slots=True)
class Responder:
    """Sends one response."""

    send: Send

    async def start_stream(self, headers: Sequence[Header]) -> None:
        """Begin a stream of events."""
        await self._start(200, [*_EVENT_STREAM, *headers])

    async def part(self, data: bytes) -> None:
        """Send a part of the body."""
        await self.send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self) -> None:
        """End the body."""
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})

    async def whole(self, status: int, body: bytes, headers: Sequence[Header] = ()) -> None:
        """Send a whole JSON response."""
        length: Header = (b"content-length", str(len(body)).encode())
        await self._start(status, [_JSON, length, *headers])
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    async def error(self, code: str, message: str, *, status: int | None = None, **more: Any) -> None:
        """Send an error in OpenAI's shape; `headers` and `param` may be among `more`."""
        headers: Sequence[Header] = more.pop("headers", ())
        body = orjson.dumps(error_body(code, message, **more))
        await self.whole(status or status_of(code), body, [*advice_on(code), *headers])

    async def refuse(self, error: SentinelError) -> None:
        """Send one of our errors about the request itself."""
        await self.error(error.code, error.message, param=error.extra.get("param"))

    async def _start(self, status: int, headers: list[Header]) -> None:
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
