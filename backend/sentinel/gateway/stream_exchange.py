"""One attempt of a streamed completion: frames go to the caller as they came, as soon as they may.

What may not go at once is kept: lifecycle frames until there is content, tool calls and JSON until they are complete,
the finish until the end is verified. So whatever breaks, the caller has only text that can be gone on with.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from sentinel.domain.attempts import Usage
from sentinel.domain.routes import Target
from sentinel.errors import ProviderEmptyError, ProviderError, ProviderProtocolError, ProviderRejectedError
from sentinel.gateway import wire_json
from sentinel.gateway.encoders import Encoder
from sentinel.gateway.estimates import asked_characters, estimated, said_characters
from sentinel.gateway.frames import Chunk, FrameSplitter, payload_of, read_chunk
from sentinel.gateway.halves import WholeCharacters
from sentinel.gateway.outgoing import Outgoing
from sentinel.gateway.upstream import (
    CHAT_PATH,
    Refusal,
    UpstreamClient,
    parse_answer,
    raise_for,
    read_whole,
    refusal_of,
    refuse_failed,
    refuse_pages,
    reported,
)
from sentinel.gateway.whole_answers import chunks_of
from sentinel.providers.attempt import Meter


@dataclass(kw_only=True)
class StreamExchange:
    """Reads one upstream stream into `outgoing`.

    `body` is what the target is asked; `wants_usage`: if that is for the usage, then by the caller's own wish;
    `is_constrained` keeps all content back until the end; `may_skip` tells whether a garbled frame may be left out
    because nobody else is left to ask. After `perform`, `tail` has the frames that end the answer, `refusal` the
    provider's own error if that is what came.
    """

    client: UpstreamClient
    target: Target
    body: Mapping[str, Any]
    wants_usage: bool
    outgoing: Outgoing
    choices: int
    is_constrained: bool
    encoder: Encoder
    connect_seconds: float
    may_skip: Callable[[], bool]
    refusal: Refusal | None = None
    tail: list[Chunk] = field(default_factory=list)
    _lifecycle: list[Chunk] = field(default_factory=list)
    _held: list[Chunk] = field(default_factory=list)
    _finished: dict[int, str] = field(default_factory=dict)
    _counted: Usage | None = None
    _characters: int = 0
    _has_content: bool = False
    _has_news: bool = False
    _has_tool_parts: bool = False
    _is_done: bool = False
    _whole: WholeCharacters = field(default_factory=WholeCharacters)

    async def perform(self, meter: Meter) -> None:
        """Relay the stream to its end.

        Raises:
            ProviderError: the provider refused, or what came is no complete answer.
            CallerGoneError: nobody reads any more.
        """
        async with self.client.post(
            self.target.provider, CHAT_PATH, dict(self.body), connect_seconds=self.connect_seconds
        ) as response:
            self.refusal = await refusal_of(response)
            if self.refusal is not None:
                self._check_usage(self.refusal)
                raise_for(self.refusal, response.headers)
            refuse_pages(response)
            await self._read(response.content.iter_any(), meter)
        self._check_end()
        rest = [*self._lifecycle, *self._whole.finish(self._held, self.tail)]
        await self._send(self.encoder.encode(rest) if rest else b"", meter)
        await self._send(self.encoder.finish(self.tail), meter)
        self._check_filter()

    def map_error(self, error: Exception) -> ProviderError:
        """Translate what the provider's request raised."""
        return self.client.map_error(self.target.provider, error)

    @property
    def usage(self) -> Usage | None:
        """What the provider counted, or an estimate once there is content."""
        if self._counted is not None or not self._has_content:
            return self._counted
        return estimated(self.asked_characters, self._characters)

    @property
    def asked_characters(self) -> int:
        """How much text the messages have."""
        return asked_characters(self.body)

    @property
    def finish_reasons(self) -> dict[int, str]:
        """How each choice ended."""
        return self._finished

    @property
    def has_tool_parts(self) -> bool:
        """Whether the answer was calling tools."""
        return self._has_tool_parts

    def _check_usage(self, refusal: Refusal) -> None:
        """Raise if what was refused is what we have added to the caller's request."""
        if not self.wants_usage:
            said = refusal.body.decode("utf-8", "replace")
            self.client.without_usage.check(str(self.target), self.body, status_code=refusal.status_code, said=said)

    async def _read(self, parts: Any, meter: Meter) -> None:
        splitter = FrameSplitter()
        async for part in parts:
            if splitter.is_between_frames and part.lstrip().startswith(b"{"):
                await self._read_whole(await read_whole(parts, first=part), meter)
                return
            await self._read_part(splitter.feed(part), meter)
            if self._is_done:
                return
        last = splitter.rest()
        if last:
            await self._read_part([last], meter)

    async def _read_part(self, frames: Iterable[bytes], meter: Meter) -> None:
        """Take what came at once; words before a fault count once there are words, else the fault stays invisible."""
        ready: list[Chunk] = []
        try:
            self._take_all(frames, ready, meter=meter)
        except ProviderError:
            if self.outgoing.has_started:
                await self._forward(ready, meter)
            raise
        await self._forward(ready, meter)

    async def _read_whole(self, raw: bytes, meter: Meter) -> None:
        """Take an answer in one piece, as servers give that know no streams, for a stream of few frames."""
        for chunk in chunks_of(parse_answer(raw)):
            await self._read_part([b"data: " + wire_json.dumps(chunk)], meter)

    def _take_all(self, frames: Iterable[bytes], ready: list[Chunk], *, meter: Meter) -> None:
        """Sort frames that arrived together; `ready` gets the chunks that may go to the caller at once."""
        self._has_news = False
        try:
            ready.extend(chunk for frame in frames if (chunk := self._take(frame, meter)) is not None)
        finally:
            if self._has_news:
                meter.content()

    def _take(self, frame: bytes, meter: Meter) -> Chunk | None:
        """Sort one frame; gives the chunk if it may go to the caller at once."""
        payload = payload_of(frame)
        if not payload or self._is_done:
            return None
        if payload == b"[DONE]":
            self._is_done = True
            return None
        chunk = self._parse(payload, meter)
        if chunk is None:
            return None
        if chunk.data.get("error"):
            raise reported(chunk.data)
        self._counted = chunk.usage or self._counted
        self._finished.update(chunk.finish_reasons)
        return self._sorted(chunk)

    def _parse(self, payload: bytes, meter: Meter) -> Chunk | None:
        try:
            chunk = read_chunk(payload)
        except ProviderProtocolError:
            if not self.may_skip():
                raise
            meter.skipped_frame()
            return None
        self._whole.is_needed |= chunk.has_halves
        return chunk

    def _sorted(self, chunk: Chunk) -> Chunk | None:
        if chunk.is_content:
            self._has_content = self._has_news = True
            self._characters += len(chunk.text) or said_characters(c.get("delta") for c in chunk.data["choices"])
        self._has_tool_parts |= chunk.is_held
        if chunk.is_blank:
            return None
        if chunk.finish_reasons or not chunk.data.get("choices"):
            self.tail.append(chunk)
        elif self._held or chunk.is_held or (chunk.is_content and self.is_constrained):
            self._held.append(chunk)
        elif chunk.is_content:
            return chunk
        else:
            self._lifecycle.append(chunk)
        return None

    async def _forward(self, ready: list[Chunk], meter: Meter) -> None:
        if self._whole.is_needed:
            ready = self._whole.feed(ready)
        if not ready:
            return
        if self._lifecycle and ready[0] is not self._lifecycle[0]:
            ready = [*self._lifecycle, *ready]
            self._lifecycle = []
        await self._send(self.encoder.encode(ready), meter)

    async def _send(self, data: bytes, meter: Meter) -> None:
        if data:
            with meter.paused():
                await self.outgoing.write(data)

    def _check_end(self) -> None:
        has_nothing = not self._has_content and "content_filter" not in self._finished.values()
        if len(self._finished) < self.choices and not (self._is_done and has_nothing):
            message = "the stream ended without its end marker"
            raise ProviderProtocolError(message, cause="truncated")
        for reason in self._finished.values():
            refuse_failed(reason)
        if has_nothing:
            message = "the provider gave an empty answer"
            raise ProviderEmptyError(message, cause="empty_answer")
        if "length" not in self._finished.values():
            check_tool_calls([*self._held, *self.tail])

    def _check_filter(self) -> None:
        if "content_filter" in self._finished.values():
            message = "the provider's content filter ended the answer"
            raise ProviderRejectedError(message, cause="content_filter")


def check_tool_calls(held: list[Chunk]) -> None:
    """Raise if the arguments of a tool call that was streamed do not parse."""
    arguments: dict[tuple[int, int], str] = {}
    for chunk in held:
        for choice in chunk.data.get("choices") or ():
            for call in (choice.get("delta") or {}).get("tool_calls") or ():
                key = (choice.get("index") or 0, call.get("index") or 0)
                arguments[key] = arguments.get(key, "") + ((call.get("function") or {}).get("arguments") or "")
    for text in arguments.values():
        check_arguments(text)


def check_arguments(text: str) -> None:
    """Raise if the arguments of a tool call are no JSON; none at all stand for an empty object."""
    try:
        orjson.loads(text or "{}")
    except orjson.JSONDecodeError as error:
        message = "the model wrote a tool call that does not parse"
        raise ProviderEmptyError(message, cause="bad_tool_json") from error
