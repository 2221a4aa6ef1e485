"""Attempts of agent runs: one model call through a chat provider, its text emitted as it arrives."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.messages import Turn
from sentinel.domain.routes import Deadlines, Target
from sentinel.errors import (
    Outcome,
    ProviderEmptyError,
    ProviderError,
    ProviderProtocolError,
    ProviderRejectedError,
    ProviderUnavailableError,
    SeamDivergedError,
)
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Meter
from sentinel.providers.base import Answer, ChatProvider, ModelCall, Piece, ToolRequest, ToolSchema
from sentinel.providers.estimates import estimated_tokens, estimated_usage
from sentinel.providers.fairness import Fairness
from sentinel.providers.hedged import Entrant, Race, Second, ignore
from sentinel.providers.vendor_codes import FAILED
from sentinel.resilience.continuation import Continuation, read_refusal
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.seam import SeamFilter, SeamVerdict


def ignore_seam(_: SeamVerdict) -> None:
    """Do nothing: for answers that have no seam, or nobody to tell of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """What to ask whom, and how long it may take.

    `continuation`: the answer broke off before, and this target shall go on with it; `said_before`: how much text, in
    characters, stood before that answer began. `is_retry`, `is_panic`: see
    `AttemptSpec`.
    """

    number: int
    target: Target
    turns: Sequence[Turn]
    tools: Sequence[ToolSchema]
    deadlines: Deadlines
    deadline: Deadline
    is_retry: bool = False
    is_panic: bool = False
    is_hedge: bool = False
    continuation: Continuation | None = None
    said_before: int = 0
    temperature: float | None = None
    max_tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatResult:
    """The ledger's row, and what the model said.

    `beside` has the row of the other attempt, if there was a hedge. `text` is what was emitted, also when the stream
    broke after some of it; `has_tool_parts`: tool calls had begun.
    """

    attempt: Attempt
    beside: tuple[Attempt, ...] = ()
    text: str = ""
    tool_requests: tuple[ToolRequest, ...] = ()
    finish_reason: str | None = None
    has_tool_parts: bool = False

    @property
    def succeeded(self) -> bool:
        """Tell whether the answer is complete."""
        return self.attempt.outcome is Outcome.SUCCESS


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatHedge:
    """Send `request`, too, if the first one has given nothing after so many seconds and `may_send` then says yes.

    `on_left` hears of the attempt that no longer counts, as soon as that is known.
    """

    request: ChatRequest
    after_seconds: float
    may_send: Callable[[], bool]
    on_left: Callable[[Attempt], None]


@dataclass(frozen=True, kw_only=True)
class ChatAttempts:
    """Makes single attempts on chat providers."""

    providers: Mapping[str, ChatProvider]
    pipeline: AttemptPipeline

    async def run(
        self,
        request: ChatRequest,
        emit: Callable[[str], None],
        *,
        on_seam: Callable[[SeamVerdict], None] = ignore_seam,
        hedge: ChatHedge | None = None,
        on_broken_off: Callable[[Sequence[Attempt]], None] = ignore,
    ) -> ChatResult:
        """Make one attempt, and its hedge; text of one of them goes to `emit` as it arrives.

        Never raises for what the targets do. `on_seam` hears, before the first text, how the seam of a continued answer
        was verified; `on_broken_off` hears what was under way, and spent, when the caller's cancellation ends it.
        """
        race = Race(pipeline=self.pipeline, first=self._entrant(request, emit, on_seam))
        if hedge is not None:
            race.hedge, race.on_left = self._second(hedge, emit), hedge.on_left
        try:
            await race.run()
        except asyncio.CancelledError:
            on_broken_off(race.rows)
            raise
        *beside, attempt = race.rows
        if request.continuation is not None:
            attempt = read_refusal(attempt, request.continuation.method)
            attempt = replace(attempt, splice_offset=request.said_before + len(request.continuation.emitted))
        answer = race.counts.exchange.answer
        return ChatResult(
            attempt=attempt,
            beside=tuple(beside),
            text="".join(answer.text),
            tool_requests=tuple(answer.tool_requests),
            finish_reason=answer.finish_reason,
            has_tool_parts=answer.has_tool_parts,
        )

    def _second(self, hedge: ChatHedge, emit: Callable[[str], None]) -> "Second[ChatExchange]":
        def send() -> "Entrant[ChatExchange] | None":
            return self._entrant(hedge.request, emit, ignore_seam) if hedge.may_send() else None

        return Second(after_seconds=hedge.after_seconds, send=send)

    def _entrant(
        self, request: ChatRequest, emit: Callable[[str], None], on_seam: Callable[[SeamVerdict], None]
    ) -> "Entrant[ChatExchange]":
        spec = AttemptSpec(
            number=request.number,
            target=request.target,
            deadlines=request.deadlines,
            deadline=request.deadline,
            is_retry=request.is_retry,
            is_panic=request.is_panic,
            is_hedge=request.is_hedge,
        )
        exchange = ChatExchange(self.providers[request.target.provider], request, emit, on_seam)
        return Entrant(spec=spec, exchange=exchange, clock=self.pipeline.clock)


@dataclass
class ChatExchange:
    """One model call; `answer` is what has arrived."""

    provider: ChatProvider
    request: ChatRequest
    emit: Callable[[str], None]
    on_seam: Callable[[SeamVerdict], None] = ignore_seam
    answer: Answer = field(default_factory=Answer)
    seam: SeamFilter | None = field(init=False)

    def __post_init__(self) -> None:
        self.seam = self.request.continuation.filter() if self.request.continuation else None

    @property
    def usage(self) -> Usage | None:
        """What the provider counted, or an estimate once there is text."""
        if self.answer.usage is not None:
            return self.answer.usage
        said = sum(len(text) for text in self.answer.text)
        return estimated_usage(asked_characters=self.asked_characters, said_characters=said)

    @property
    def asked_characters(self) -> int:
        """How much text the conversation has."""
        return sum(len(turn["content"]) for turn in self.request.turns)

    async def perform(self, meter: Meter) -> None:
        """Read the stream to its end and check that it is an answer."""
        fairness = Fairness(asyncio.get_running_loop().time)
        async with self.provider.stream(self._call()) as stream:
            async for piece in stream:
                if piece.is_content:
                    meter.content()
                self._take(piece)
                await fairness.give_way(has_text=bool(piece.text))
            self.answer.tool_requests, self.answer.bad_tool_requests = stream.tool_requests()
        _check_end(self.answer)
        self._finish_seam()
        _check_content(self.answer, may_be_empty=self.seam is not None)

    def map_error(self, error: Exception) -> ProviderError:
        """Translate what the provider's SDK raises."""
        return self.provider.map_error(error)

    def _call(self) -> ModelCall:
        request = self.request
        return ModelCall(
            model=request.target.model,
            turns=[*request.turns, *(request.continuation.turns if request.continuation else ())],
            tools=request.tools,
            temperature=request.temperature,
            max_tokens=_left_to_say(request),
            connect_seconds=request.deadlines.connect_seconds,
        )

    def _take(self, piece: Piece) -> None:
        if piece.text:
            self._say(self._filtered(piece.text))
        self.answer.has_tool_parts |= piece.has_tool_parts
        self.answer.finish_reason = piece.finish_reason or self.answer.finish_reason
        self.answer.usage = piece.usage or self.answer.usage

    def _say(self, text: str) -> None:
        if text:
            self.answer.text.append(text)
            self.emit(text)

    def _filtered(self, text: str) -> str:
        """Give what of the new text follows on the old; raises SeamDivergedError when nothing can."""
        if self.seam is None:
            return text
        was_decided = self.seam.is_decided
        passed = self.seam.feed(text)
        self._judge(self.seam, was_decided=was_decided)
        return passed

    def _finish_seam(self) -> None:
        if self.seam is None:
            return
        was_decided = self.seam.is_decided
        rest = self.seam.finish(has_tool_calls=bool(self.answer.tool_requests))
        self._judge(self.seam, was_decided=was_decided)
        self._say(rest)

    def _judge(self, seam: SeamFilter, *, was_decided: bool) -> None:
        if seam.verdict is SeamVerdict.DIVERGED:
            raise SeamDivergedError
        if seam.is_decided and not was_decided:
            self.on_seam(seam.verdict)


def _left_to_say(request: ChatRequest) -> int | None:
    """Lower the limit of the answer by what was said of it before."""
    if request.max_tokens is None or request.continuation is None:
        return request.max_tokens
    return max(1, request.max_tokens - estimated_tokens(len(request.continuation.emitted)))


def _check_end(answer: Answer) -> None:
    """Raise if a stream that ended without an error has not come to the end of an answer."""
    if answer.finish_reason is None:
        message = "the stream ended without its end marker"
        raise ProviderProtocolError(message, cause="truncated")
    if answer.finish_reason == FAILED:
        message = "the provider ended the answer with an error"
        raise ProviderUnavailableError(message, cause="server_error")
    if answer.finish_reason == "content_filter":
        message = "the provider's content filter ended the answer"
        raise ProviderRejectedError(message, cause="content_filter")


def _check_content(answer: Answer, *, may_be_empty: bool) -> None:
    """Raise if there is nothing in an answer that could be used; of a continued one, nothing may be left to say."""
    if answer.bad_tool_requests:
        message = "the model wrote a tool call that does not parse"
        raise ProviderEmptyError(message, cause="bad_tool_json")
    if not (may_be_empty or answer.tool_requests or any(text.strip() for text in answer.text)):
        message = "the provider gave an empty answer"
        raise ProviderEmptyError(message, cause="empty_answer")
