"""The caller's side of a stream: nothing is sent before the first content, and what was sent is remembered."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final

import orjson

from sentinel.gateway import wire_json

SendBytes = Callable[[bytes], Awaitable[None]]
SEND_SECONDS: Final = 30.0
"""A caller that takes nothing for so long is gone."""


class CallerGoneError(BaseException):
    """The caller takes nothing any more; the request is over without anybody to tell.

    A signal like a cancellation, not an error: nobody on the way may take it for a failure of the target.
    """


@dataclass(frozen=True, slots=True)
class Identity:
    """What stays the same through a whole stream, whoever serves it: the fields of its first chunk."""

    fields: dict[str, Any]

    @classmethod
    def of(cls, chunk: dict[str, Any]) -> "Identity":
        """Take it from the first chunk that is sent."""
        return cls({key: chunk[key] for key in ("id", "object", "created", "model") if key in chunk})


@dataclass(slots=True)
class Outgoing:
    """One streamed response.

    `start` sends status and headers; it is called with the first frame. `text` is what the caller has of choice 0.
    """

    start: Callable[[], Awaitable[None]]
    send: SendBytes
    text: list[str] = field(default_factory=list)
    identity: Identity | None = None
    has_started: bool = False

    async def write(self, data: bytes) -> None:
        """Send frames.

        Raises:
            CallerGoneError: the caller does not take them.
        """
        try:
            async with asyncio.timeout(SEND_SECONDS):
                if not self.has_started:
                    self.has_started = True
                    await self.start()
                await self.send(data)
        except (OSError, TimeoutError) as error:
            raise CallerGoneError from error

    async def comment(self, note: dict[str, Any]) -> None:
        """Tell what happened in a line that every client ignores."""
        await self.write(b": sentinel " + orjson.dumps(note) + b"\n\n")


def frame_of(data: dict[str, Any]) -> bytes:
    """Give the frame of a chunk that is not forwarded as it came."""
    return b"data: " + wire_json.dumps(data) + b"\n\n"
