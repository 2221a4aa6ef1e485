"""What a server sends over aiohttp, to the last byte: also what had come before the connection failed.

aiohttp keeps such bytes but gives only the error, as soon as it knows of it. They are words that the caller may have,
and that another target goes on from.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import aiohttp


@dataclass(slots=True)
class ReceivedParts:
    """The parts of a body as they arrive, each once."""

    _content: aiohttp.StreamReader
    _failure: Exception | None = None

    def __aiter__(self) -> "ReceivedParts":
        return self

    async def __anext__(self) -> bytes:
        if self._failure is not None:
            raise self._failure
        try:
            part = await self._content.readany()
        except Exception as error:
            self._failure = error
            rest = _rest_of(self._content, error)
            if not rest:
                raise
            return rest
        if not part:
            raise StopAsyncIteration
        return part


def _rest_of(content: aiohttp.StreamReader, error: Exception) -> bytes:
    """Take what lies in the buffer behind the error that the connection ended with."""
    if content.exception() is not error:
        return b""
    content.set_exception(None)  # type: ignore[arg-type]  # the only public way past it; what it hid is read next
    return content.read_nowait()


@dataclass(frozen=True, slots=True)
class ReceivedContent:
    """The body of an answer."""

    _content: aiohttp.StreamReader

    def iter_any(self) -> ReceivedParts:
        """Give the parts as they arrive."""
        return ReceivedParts(self._content)


@dataclass(frozen=True, slots=True)
class ReceivedResponse:
    """An answer whose head has arrived."""

    _response: aiohttp.ClientResponse

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self._response.status

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers, in any case."""
        return self._response.headers

    @property
    def content_type(self) -> str:
        """The media type, without parameters."""
        return self._response.content_type

    @property
    def content(self) -> ReceivedContent:
        """The body."""
        return ReceivedContent(self._response.content)
