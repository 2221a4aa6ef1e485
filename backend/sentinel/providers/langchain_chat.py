"""Any LangChain chat model as a provider: the three kinds differ in how the model is built and errors are read."""

import json
from collections import OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from langchain_core.language_models.chat_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import ToolCallChunk

from sentinel.domain.attempts import Usage
from sentinel.domain.characters import HalfJoiner, with_whole_characters
from sentinel.errors import ProviderEmptyError, ProviderError, ProviderProtocolError
from sentinel.providers.base import ChatStream, ModelCall, Piece, ToolRequest, ToolSchema
from sentinel.providers.classification import from_exception
from sentinel.providers.turns import to_messages
from sentinel.providers.vendor_codes import FILTERED, is_filtered

_MODELS_KEPT = 32
_NO_CHUNKS = "No generation chunks"  # what LangChain says of a stream with an end and nothing before it


def default_finish_reason(metadata: dict[str, Any]) -> str | None:
    """Read the end marker from a chunk's metadata under the names that chat models use."""
    reason = metadata.get("finish_reason") or metadata.get("stop_reason") or metadata.get("done_reason")
    if not reason:
        return None
    return FILTERED if is_filtered(str(reason)) else str(reason)


@dataclass(kw_only=True)
class LangChainProvider:
    """Streams through a LangChain chat model.

    `build` makes the model for a call's model name and settings; built models are kept, since building one costs
    milliseconds. `requires_marker` is false for models whose streams have no end marker that could be checked;
    `empty_has_marker` is true where even an answer of nothing has one, so that nothing at all is a cut.
    """

    name: str
    build: Callable[[ModelCall], BaseChatModel]
    read_error: Callable[[Exception], ProviderError] = from_exception
    finish_reason: Callable[[dict[str, Any]], str | None] = default_finish_reason
    requires_marker: bool = True
    empty_has_marker: bool = False
    _models: OrderedDict[tuple[object, ...], BaseChatModel] = field(default_factory=OrderedDict, repr=False)

    @asynccontextmanager
    async def stream(self, call: ModelCall) -> AsyncIterator[ChatStream]:
        """Open a stream; leaving the context closes the connection to the provider."""
        model = self._model(call)
        options: dict[str, Any] = {"tools": [_tool_definition(tool) for tool in call.tools]} if call.tools else {}
        chunks = cast(
            "AsyncGenerator[AIMessageChunk, None]",
            model.astream(to_messages(call.turns), **options),
        )
        try:
            yield _Stream(chunks, self.finish_reason, requires_marker=self.requires_marker)
        finally:
            await chunks.aclose()

    def map_error(self, error: Exception) -> ProviderError:
        """Translate anything that the SDK or its transport raises."""
        if isinstance(error, ProviderError):
            return error
        if isinstance(error, ValueError) and _NO_CHUNKS in str(error):
            return self._nothing()
        return self.read_error(error)

    def _nothing(self) -> ProviderError:
        if self.empty_has_marker:
            return ProviderProtocolError("the stream ended without its end marker", cause="truncated")
        return ProviderEmptyError("the provider gave an empty answer", cause="empty_answer")

    def _model(self, call: ModelCall) -> BaseChatModel:
        key = (call.model, call.temperature, call.max_tokens, call.connect_seconds)
        if key not in self._models:
            self._models[key] = self.build(call)
        self._models.move_to_end(key)
        while len(self._models) > _MODELS_KEPT:
            self._models.popitem(last=False)
        return self._models[key]


class _Stream:
    """Reads chunks into pieces and keeps the parts of tool calls until they are complete."""

    def __init__(
        self,
        chunks: AsyncIterator[AIMessageChunk],
        finish_reason: Callable[[dict[str, Any]], str | None],
        *,
        requires_marker: bool,
    ) -> None:
        self._chunks = chunks
        self._finish_reason = finish_reason
        self._requires_marker = requires_marker
        self._tools: AIMessageChunk | None = None
        self._halves = HalfJoiner()

    async def __aiter__(self) -> AsyncIterator[Piece]:
        has_marker = False
        async for chunk in self._chunks:
            piece = self._piece(chunk, self._halves.feed(chunk.text))
            has_marker = has_marker or piece.finish_reason is not None
            yield piece
        if not has_marker and self._requires_marker:
            return
        if rest := self._halves.finish():
            yield Piece(text=rest, is_content=True)
        if not has_marker:
            yield Piece(finish_reason="tool_calls" if self._tools else "stop")

    def tool_requests(self) -> tuple[list[ToolRequest], list[str]]:
        """Give the complete tool calls and the raw text of those whose arguments do not parse."""
        if self._tools is None:
            return [], []
        # Not `tool_calls`: LangChain mends arguments that were cut off, and would call a tool with half of them.
        good: list[ToolRequest] = []
        bad: list[str] = []
        for index, call in enumerate(self._tools.tool_call_chunks):
            request = _tool_request(call, index)
            if request is None:
                bad.append(call["args"] or "")
            else:
                good.append(request)
        return good, bad

    def _piece(self, chunk: AIMessageChunk, text: str) -> Piece:
        has_tools = bool(chunk.tool_call_chunks)
        if has_tools:
            self._tools = chunk if self._tools is None else self._tools + chunk
        return Piece(
            text=text,
            is_content=bool(chunk.text) or has_tools,
            has_tool_parts=has_tools,
            finish_reason=self._finish_reason(chunk.response_metadata),
            usage=_usage(chunk),
        )


def _tool_request(call: ToolCallChunk, index: int) -> ToolRequest | None:
    """Read a complete tool call; None if it has no name, or arguments that are no JSON object."""
    try:
        arguments = json.loads(call["args"] or "{}")
    except ValueError:
        return None
    if not (call["name"] and isinstance(arguments, dict)):
        return None
    return ToolRequest(call["id"] or f"call_{index}", call["name"], _plain(arguments))


def _plain(value: Any) -> Any:
    """Give arguments that every store can keep: whole characters, and a float for a whole number beyond 64 bits."""
    if isinstance(value, str):
        return with_whole_characters(value)
    if isinstance(value, dict):
        return {_plain(str(key)): _plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    is_huge = isinstance(value, int) and not -(2**63) <= value < 2**63
    return float(value) if is_huge else value


def _usage(chunk: AIMessageChunk) -> Usage | None:
    """Read what the provider counted; what cannot be is as good as nothing, and is estimated."""
    counted = chunk.usage_metadata
    if counted is None or min(counted["input_tokens"], counted["output_tokens"]) < 0:
        return None
    return Usage(counted["input_tokens"], counted["output_tokens"])


def _tool_definition(tool: ToolSchema) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": tool.input_schema},
    }
