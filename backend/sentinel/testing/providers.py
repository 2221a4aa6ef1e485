"""A provider that does what a test tells it to, one behaviour for each call."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sentinel.domain.attempts import Usage
from sentinel.errors import ProviderError
from sentinel.providers.base import ChatStream, ModelCall, Piece, ToolRequest
from sentinel.providers.classification import from_exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """One answer: silence, words, then an error, a pause until it is cancelled, tool calls, or an end marker."""

    silent_seconds: float = 0.0
    words: Sequence[str] = ()
    error: Exception | None = None
    hangs: bool = False
    tool_requests: Sequence[ToolRequest] = ()
    bad_tool_requests: Sequence[str] = ()
    finish_reason: str | None = "stop"
    usage: Usage | None = field(default_factory=lambda: Usage(3, 2))


@dataclass
class ScriptedProvider:
    """Follows `script`; the last behaviour repeats. `calls` holds what was asked, `closed` counts ended streams."""

    name: str
    script: list[Behaviour]
    calls: list[ModelCall] = field(default_factory=list)
    closed: int = 0
    hanging: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def stream(self, call: ModelCall) -> AsyncIterator[ChatStream]:
        """Open the next scripted answer."""
        behaviour = self.script[min(len(self.calls), len(self.script) - 1)]
        self.calls.append(call)
        try:
            yield _ScriptedStream(behaviour, self.hanging)
        finally:
            self.closed += 1

    def map_error(self, error: Exception) -> ProviderError:
        """Translate like a real adapter."""
        return error if isinstance(error, ProviderError) else from_exception(error)


class _ScriptedStream:
    def __init__(self, behaviour: Behaviour, hanging: asyncio.Event) -> None:
        self._behaviour = behaviour
        self._hanging = hanging

    async def __aiter__(self) -> AsyncIterator[Piece]:
        behaviour = self._behaviour
        if behaviour.silent_seconds:
            await asyncio.sleep(behaviour.silent_seconds)
        for word in behaviour.words:
            yield Piece(text=word, is_content=True)
        if behaviour.hangs:
            self._hanging.set()
            await asyncio.Event().wait()
        if behaviour.error is not None:
            raise behaviour.error
        if behaviour.tool_requests:
            yield Piece(is_content=True, has_tool_parts=True)
        yield Piece(finish_reason=behaviour.finish_reason, usage=behaviour.usage)

    def tool_requests(self) -> tuple[list[ToolRequest], list[str]]:
        return list(self._behaviour.tool_requests), list(self._behaviour.bad_tool_requests)
