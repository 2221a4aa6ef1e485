"""A streamed completion over as many targets as it takes: the ladder of what may be done when a stream breaks."""

from dataclasses import dataclass

import orjson

from sentinel.domain.attempts import Attempt, Usage
from sentinel.domain.routes import Capabilities, Midstream, Target
from sentinel.errors import Outcome, SeamDivergedError
from sentinel.gateway.call import Call
from sentinel.gateway.encoders import Encoder, OriginalEncoder, SplicedEncoder
from sentinel.gateway.endings import closing_frames
from sentinel.gateway.openai_errors import error_body
from sentinel.gateway.outgoing import Outgoing
from sentinel.gateway.receipts import cost_note, failover_note, hedge_note
from sentinel.gateway.requests import CompletionRequest
from sentinel.gateway.stream_exchange import StreamExchange
from sentinel.gateway.upstream import UpstreamClient
from sentinel.resilience.continuation import Continuation, continue_answer, may_prefill, read_refusal
from sentinel.resilience.seam import SeamMethod


@dataclass(kw_only=True)
class StreamRelay:
    """Relays one streamed completion. `last` is the newest exchange: its refusal may be what the caller must see."""

    call: Call
    request: CompletionRequest
    outgoing: Outgoing
    client: UpstreamClient
    last: StreamExchange | None = None
    _broken: Attempt | None = None
    _was_calling_tools: bool = False
    _is_spliced: bool = False

    async def run(self) -> bool:
        """Relay; gives whether the caller has a whole answer.

        Raises:
            CallerGoneError: nobody reads any more.
        """
        while self._may_go_on and (target := await self.call.next_target()) is not None:
            attempt = await self._attempt(target)
            if self.last is not None and (attempt.outcome is Outcome.SUCCESS or self._was_filtered(attempt)):
                await self._close(self.last)
                return True
            self._note_break(attempt)
        return False

    async def fail(self, code: str, message: str) -> None:
        """End a stream that has begun: an error frame, and neither a finish nor the end marker."""
        await self._tell_cost()
        await self.outgoing.write(b"data: " + orjson.dumps(error_body(code, message)) + b"\n\n")

    @property
    def _may_go_on(self) -> bool:
        """Whether somebody else may take over: always before the first content, after it as route and request say."""
        if not self.outgoing.has_started:
            return True
        return self.call.route.midstream is Midstream.CONTINUE and self.request.allows_continuation

    def _may_skip(self, target: Target) -> bool:
        """Whether a garbled frame may be left out: nobody can take over, and nobody has asked to hear of breaks."""
        is_wanted = self.call.route.midstream is Midstream.CONTINUE
        return (is_wanted and not self._may_go_on) or not self.call.has_alternative(target)

    async def _attempt(self, target: Target) -> Attempt:
        continuation = self._continuation(target) if self.outgoing.has_started else None
        if continuation is None:
            return await self._attempt_first_words(target)
        self.last = self._exchange(target, continuation)
        attempt = await self.call.attempt(target, self.last, splice_offset=len(continuation.emitted))
        read = read_refusal(attempt, continuation.method)
        self.call.attempts[-1] = read
        self._is_spliced = True  # whatever this attempt ends with is not the first stream's
        return read

    async def _attempt_first_words(self, target: Target) -> Attempt:
        self.last = await self.call.attempt_hedged(
            target, lambda each: self._exchange(each, None), has_tools=self.request.has_tools
        )
        return self.call.attempts[-1]

    def _continuation(self, target: Target) -> Continuation:
        emitted, seam = "".join(self.outgoing.text), self.call.route.seam
        if self._was_calling_tools:
            return Continuation(emitted=emitted, method=SeamMethod.REPLAY, seam=seam, turns=())
        declared = self.call.recovery.planner.capabilities.get(target, Capabilities())
        has_prefill = may_prefill(target, declared.prefill, self.call.attempts)
        return continue_answer(emitted, has_prefill=has_prefill, seam=seam)

    def _exchange(self, target: Target, continuation: Continuation | None) -> StreamExchange:
        request, name = self.request, target.model
        adds_usage = str(target) not in self.client.without_usage
        if continuation is None:
            body = request.for_target(name, adds_usage=adds_usage)
        else:
            body = request.to_go_on(name, continuation, adds_usage=adds_usage)
        return StreamExchange(
            client=self.client,
            target=target,
            body=body,
            wants_usage=request.wants_usage,
            outgoing=self.outgoing,
            choices=request.choices,
            is_constrained=request.is_constrained,
            encoder=self._encoder(target, continuation),
            connect_seconds=self.call.deadlines.connect_seconds,
            may_skip=lambda: self._may_skip(target),
        )

    def _encoder(self, target: Target, continuation: Continuation | None) -> Encoder:
        identity = self.outgoing.identity
        if continuation is None or identity is None or self._broken is None:
            return OriginalEncoder(self.outgoing)
        note = failover_note(self._broken, str(target), offset=len(continuation.emitted))
        return SplicedEncoder(self.outgoing, identity, continuation.filter(), note)

    def _note_break(self, attempt: Attempt) -> None:
        was_heard = attempt.ttft_ms is not None and attempt.cause != SeamDivergedError.code
        if was_heard or self._broken is None:
            self._broken = attempt
        self._was_calling_tools = self._was_calling_tools or (self.last is not None and self.last.has_tool_parts)

    def _was_filtered(self, attempt: Attempt) -> bool:
        """A filter's word at the end of a stream is the provider's own ending, and goes to the caller as it is."""
        return attempt.cause == "content_filter" and self.last is not None and bool(self.last.finish_reasons)

    async def _close(self, exchange: StreamExchange) -> None:
        identity = self.outgoing.identity
        assert identity is not None, "something was sent"  # noqa: S101 - holds since an empty answer is a failure
        skipped = sum(attempt.skipped_frames for attempt in self.call.attempts)
        if skipped:
            await self.outgoing.comment({"event": "frames_skipped", "count": skipped})
        await self._tell_hedge(exchange.target)
        await self._tell_cost()
        spent = sum((attempt.usage for attempt in self.call.attempts if attempt.usage), Usage())
        await self.outgoing.write(
            closing_frames(
                exchange.tail,
                spent=spent,
                is_spliced=self._is_spliced,
                identity=identity,
                wants_usage=self.request.wants_usage,
            )
        )

    async def _tell_hedge(self, serving: Target) -> None:
        hedge = next((attempt for attempt in self.call.attempts if attempt.hedge), None)
        if hedge is not None:
            await self.outgoing.comment(hedge_note(hedge, serving=serving))

    async def _tell_cost(self) -> None:
        if (note := cost_note(self.call.attempts)) is not None:
            await self.outgoing.comment(note)
