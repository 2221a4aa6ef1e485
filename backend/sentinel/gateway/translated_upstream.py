"""A chat model that speaks no wire of its own (any of LangChain's): it is asked, and its answer written as OpenAI's."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from sentinel.clock import Clock
from sentinel.errors import ProviderError, ProviderUnsupportedError
from sentinel.gateway.translation import Writer, model_call, wire_calls, wire_finish_reason
from sentinel.gateway.upstream import CHAT_PATH
from sentinel.ids import IdSource
from sentinel.providers.base import Answer, ChatProvider, ChatStream


@dataclass(frozen=True, slots=True, kw_only=True)
class TranslatedUpstream:
    """Asks `provider`."""

    provider: ChatProvider
    clock: Clock
    ids: IdSource

    @asynccontextmanager
    async def post(
        self, path: str, body: dict[str, Any], *, connect_seconds: float
    ) -> AsyncIterator["TranslatedResponse"]:
        """Ask the model; leaving the context ends its work.

        Raises:
            ProviderUnsupportedError: this cannot be asked of it.
        """
        if path != CHAT_PATH:
            message = "a chat model gives no embeddings"
            raise ProviderUnsupportedError(message, cause="unsupported")
        call = model_call(body, connect_seconds=connect_seconds)
        created = int(self.clock.now().timestamp())
        writer = Writer(id=f"chatcmpl-{self.ids.new()}", created=created, model=call.model)
        async with self.provider.stream(call) as stream:
            reading = _frames(stream, writer) if body.get("stream") else _whole(stream, writer)
            async with aclosing(reading) as parts:
                yield TranslatedResponse(TranslatedContent(parts))

    def map_error(self, error: Exception) -> ProviderError:
        """Translate what the chat model raises."""
        return self.provider.map_error(error)


@dataclass(frozen=True, slots=True)
class TranslatedContent:
    """The body of an answer while it is written."""

    _parts: AsyncIterator[bytes]

    def iter_any(self) -> AsyncIterator[bytes]:
        """Give the parts as the model says them."""
        return self._parts


@dataclass(frozen=True, slots=True)
class TranslatedResponse:
    """An answer as if a server had sent it."""

    content: TranslatedContent
    status: int = HTTPStatus.OK
    content_type: str = "text/event-stream"
    headers: Mapping[str, str] = field(default_factory=dict)


async def _frames(stream: ChatStream, writer: Writer) -> AsyncGenerator[bytes, None]:
    answer = Answer()
    yield writer.role()
    async for piece in stream:
        answer.finish_reason = piece.finish_reason or answer.finish_reason
        answer.usage = piece.usage or answer.usage
        if piece.text:
            yield writer.text(piece.text)
        if piece.has_tool_parts:
            yield writer.tool_part()
    calls = wire_calls(*stream.tool_requests())
    if calls:
        yield writer.tools(calls)
    yield writer.end(wire_finish_reason(answer.finish_reason, has_calls=bool(calls)), answer.usage)


async def _whole(stream: ChatStream, writer: Writer) -> AsyncGenerator[bytes, None]:
    answer = Answer()
    async for piece in stream:
        answer.text.append(piece.text)
        answer.finish_reason = piece.finish_reason or answer.finish_reason
        answer.usage = piece.usage or answer.usage
    calls = wire_calls(*stream.tool_requests())
    reason = wire_finish_reason(answer.finish_reason, has_calls=bool(calls))
    yield writer.whole("".join(answer.text), calls, finish_reason=reason, usage=answer.usage)
