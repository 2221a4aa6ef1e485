"""One call to one tool, through everything that keeps it from harming the caller: it always ends, in time, as a value.

Order: quarantine, kill switch, pause, a place, session, circuit, deadline, call, judgement, check of the
result. The router is above, the supervisor and its session below. `record` learns from what came back.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sentinel.domain.tools import CANCELLED, GuardedCall
from sentinel.errors import CircuitOpenError, Outcome
from sentinel.resilience.breaker_board import Permit
from sentinel.resilience.breaker_view import BreakerState
from sentinel.tools.call import NOBODY, CallAnswer, CallContext
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import Effect, ToolLimits, ToolOverride
from sentinel.tools.guard.call_time import CallTime
from sentinel.tools.guard.parts import GuardParts
from sentinel.tools.guard.places import Places
from sentinel.tools.guard.record import ToolRecord
from sentinel.tools.guard.result_check import ResultChecker
from sentinel.tools.outcome import Cause, ServerStep, ToolOutcome
from sentinel.tools.session.classification import Judgement, explained, judge_answer, judge_error, judgement
from sentinel.tools.session.connection import Connection
from sentinel.tools.session.supervisor import ServerSupervisor

_MILLISECONDS: Final = 1000.0
_REPLAYED: Final = (ServerStep.REOPEN, ServerStep.RENEGOTIATE)


@dataclass(frozen=True, slots=True)
class _Call:
    arguments: Mapping[str, Any]
    time: CallTime
    context: CallContext
    trace: "_Trace"


@dataclass(slots=True)
class _Trace:
    """How far a call has come; a refusal may have the cause of an answer, so the cause does not tell."""

    sends: int = 0

    @property
    def was_sent(self) -> bool:
        """Whether anything left us."""
        return self.sends > 0


class ToolGuard:
    """The only way to one tool of one server; kept for as long as the server is configured, over all its sessions."""

    def __init__(
        self,
        spec: ToolSpec,
        *,
        supervisor: ServerSupervisor,
        limits: ToolLimits,
        override: ToolOverride | None = None,
        checker: ResultChecker | None = None,
        parts: GuardParts,
    ) -> None:
        """Guard `spec.tool`. `checker` checks results that the tool's definition promises to be structured."""
        self.spec = spec
        self.checker = checker
        self._supervisor = supervisor
        self._limits = limits
        self._override = override or ToolOverride()
        self._parts = parts
        self._clock = parts.clock
        self._places = Places(limits.max_concurrency)
        self.record = ToolRecord(spec.target, board=parts.board, clock=parts.clock, config=parts.supervision)

    async def call(
        self, arguments: Mapping[str, Any], *, timeout_seconds: float | None = None, context: CallContext = NOBODY
    ) -> ToolOutcome:
        """Call the tool and return what became of it, within the tool's time and the caller's, whichever is less.

        What the tool reports of its progress prolongs its own time.
        Never raises for a failure of the tool; a cancellation of the caller passes through.
        """
        started = self._clock.monotonic()
        time = CallTime(self._limits, caller_seconds=timeout_seconds, clock=self._clock)
        listening = replace(context, on_progress=time.listening(context.on_progress))
        call = _Call(arguments, time, listening, _Trace())
        try:
            judged = await self._guarded(call)
        except asyncio.CancelledError:
            self._tell(call, Outcome.NEUTRAL, cause=CANCELLED, duration_ms=self._milliseconds_since(started))
            raise
        outcome = self._outcome(judged, call, self._milliseconds_since(started))
        self.record.note(outcome)
        self._tell(call, outcome.outcome, cause=outcome.cause, duration_ms=outcome.duration_ms)
        return outcome

    def _milliseconds_since(self, started: float) -> float:
        return (self._clock.monotonic() - started) * _MILLISECONDS

    def _tell(self, call: _Call, outcome: Outcome, *, cause: str | None, duration_ms: float) -> None:
        self._parts.observe(
            GuardedCall(
                server=self.spec.server,
                tool=self.spec.tool,
                outcome=outcome,
                cause=cause,
                duration_ms=duration_ms,
                was_sent=call.trace.was_sent,
                origin=call.context.origin,
            )
        )

    def obstacle(self) -> Cause | None:
        """Say what would keep a call from the tool now, before anything is sent; None if nothing would."""
        refused = self._refusal()
        if refused is not None:
            return refused.cause
        if self._supervisor.connection is None:
            return self._not_there().cause
        circuit = self._parts.board.find(self.spec.target)
        return Cause.CIRCUIT_OPEN if circuit is not None and circuit.refusal() is not None else None

    def _outcome(self, judged: Judgement, call: _Call, duration_ms: float) -> ToolOutcome:
        return ToolOutcome(
            text=judged.verdict.text,
            is_error=judged.cause is not None,
            cause=judged.cause,
            server=self.spec.server,
            tool=self.spec.tool,
            duration_ms=duration_ms,
            outcome=judged.verdict.outcome,
            executed=judged.verdict.executed,
            effect=self.spec.effect,
            retry_after_seconds=judged.retry_after_seconds,
            structured=judged.structured,
            content=judged.content,
            detail=judged.detail,
            sends=call.trace.sends,
        )

    # Before anything is sent ------------------------------------------------------------------------------------------

    async def _guarded(self, call: _Call) -> Judgement:
        refused = self._refusal()
        if refused is not None:
            return refused
        if not await self._places.enter(seconds=call.time.remaining(), clock=self._clock):
            return judgement(Cause.BULKHEAD_FULL)
        try:
            return await self._admitted(call)
        finally:
            self._places.leave()

    def _refusal(self) -> Judgement | None:
        if self.spec.is_quarantined:
            return judgement(Cause.QUARANTINED)
        if self._parts.kill_switch(self.spec.target):
            return judgement(Cause.KILL_SWITCH)
        pause, cause = self.record.cooling.remaining(), self.record.cooling.cause
        if pause > 0 and cause is not None:
            return replace(judgement(cause), retry_after_seconds=pause)
        return None

    async def _admitted(self, call: _Call) -> Judgement:
        if call.time.remaining() == 0.0:
            return judgement(Cause.DEADLINE_EXCEEDED)
        # The session comes before the circuit: a server that is down must not use up a probe of its tools.
        connection = await self._connection(call)
        if connection is None:
            return self._not_there()
        if self._probes() and not await self._is_safe_to_probe(connection, call):
            return judgement(Cause.CIRCUIT_OPEN, detail="the check before the trial call failed")
        judged = await self._permitted(connection, call)
        replacement = await self._replacement(judged, connection, call)
        if replacement is None:
            return judged
        return _twice_refused(await self._permitted(replacement, call))

    async def _connection(self, call: _Call) -> Connection | None:
        """Give the session; a trial call opens one first, rather than wait for the next attempt of its supervisor."""
        if self._supervisor.connection is None and self._probes():
            seconds = min(call.time.remaining(), self._parts.supervision.reopen_seconds)
            return await self._supervisor.ready_within(seconds)
        return self._supervisor.connection

    def _not_there(self) -> Judgement:
        status = self._supervisor.status()
        return judgement(Cause.AUTH if status.is_refused else Cause.CONNECT, detail=status.last_error)

    def _probes(self) -> bool:
        """Whether the next call is one that tells whether an open circuit may close."""
        circuit = self._parts.board.find(self.spec.target)
        return circuit is not None and circuit.state is not BreakerState.CLOSED and circuit.refusal() is None

    async def _is_safe_to_probe(self, connection: Connection, call: _Call) -> bool:
        """Before a call that changes something is used as a trial: a sign of life, and the declared canary."""
        if self.spec.effect is not Effect.MUTATING:
            return True
        if not await self._supervisor.check(connection):
            return False
        if self._override.canary is None:
            return True
        canary = replace(call, arguments=self._override.canary, context=NOBODY, trace=_Trace())
        return (await self._permitted(connection, canary)).cause is None

    # The call ---------------------------------------------------------------------------------------------------------

    async def _permitted(self, connection: Connection, call: _Call) -> Judgement:
        try:
            permit = self._parts.board.acquire([self.spec.target])
        except CircuitOpenError as exc:
            return replace(judgement(Cause.CIRCUIT_OPEN), retry_after_seconds=exc.retry_after)
        is_kept = False
        try:
            sent_at = self._clock.monotonic()
            judged = await self._observed(connection, call)
            self._tell_supervisor(judged, connection)
            is_kept = self._settle(permit, judged, connection=connection, seconds=self._clock.monotonic() - sent_at)
        finally:
            if not is_kept:
                permit.release()
        return judged

    async def _observed(self, connection: Connection, call: _Call) -> Judgement:
        """Send the call, and judge what comes; what makes the judging itself fail is no answer either."""
        try:
            judged = await self._checked(await self._sent(connection, call))
            return self.record.weigh(judged, call.arguments, context=call.context, override=self._override)
        except Exception as exc:  # noqa: BLE001 -- a failure is an outcome, never an exception
            return judgement(Cause.MALFORMED, detail=f"an answer that cannot be judged: {explained(exc)}")

    async def _sent(self, connection: Connection, call: _Call) -> Judgement:
        call.trace.sends += 1
        noise = connection.transport.noise
        task = asyncio.create_task(connection.call(self.spec.tool, call.arguments, call.context))
        try:
            if await call.time.finished(task):
                return self._judged(task, connection)
        finally:
            self._parts.detached.adopt(task)
        if connection.transport.is_blocked:
            return judgement(Cause.HUNG, detail="the server does not read what is sent to it")
        if connection.transport.noise > noise:
            detail = "no answer in time, but output that does not follow the protocol"
            return replace(judgement(Cause.MALFORMED, detail=detail), asks_server=True)
        return judgement(Cause.TIMEOUT, outcome=Outcome.NEUTRAL if call.time.is_cut_short else None)

    def _judged(self, task: "asyncio.Task[CallAnswer]", connection: Connection) -> Judgement:
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if error is None:
            return judge_answer(task.result(), max_bytes=self._limits.max_result_bytes)
        return judge_error(error, is_lost=connection.is_lost, is_modern=connection.is_modern)

    async def _checked(self, judged: Judgement) -> Judgement:
        """Check a result against what the tool promises; the tool has acted in any case."""
        if judged.cause is not None or self.checker is None:
            return judged
        fault = await self.checker.fault(judged.structured)
        return judged if fault is None else judgement(Cause.BAD_RESULT, detail=fault)

    # Afterwards -------------------------------------------------------------------------------------------------------

    def _tell_supervisor(self, judged: Judgement, connection: Connection) -> None:
        match judged.verdict.step if judged.cause else ServerStep.NONE:
            case ServerStep.PROBE:
                self._supervisor.report_silence(connection)
            case ServerStep.RELIST:
                self._supervisor.relist(connection)
            case ServerStep.REFUSED:
                self._supervisor.report_refusal(connection, judged.detail or "")
            case _ if judged.asks_server:
                self._supervisor.report_silence(connection)
        if judged.cause is Cause.FORBIDDEN and self.record.is_newly_forbidden():
            self._parts.detached.keep(asyncio.create_task(self._tell_operators(judged, connection)))

    async def _tell_operators(self, judged: Judgement, connection: Connection) -> None:
        if await self._supervisor.check(connection):  # if not even that is allowed, it is about the whole server
            self._parts.forbidden(self.spec, judged.detail or "")

    def _settle(self, permit: Permit, judged: Judgement, *, connection: Connection, seconds: float) -> bool:
        """Tell the circuit; returns whether the permit is kept until the server has been asked for a sign of life."""
        if judged.cause is not Cause.TIMEOUT and judged.cause is not Cause.TRANSPORT:
            self._tell_circuit(permit, judged, seconds)
            return False
        if judged.cause is Cause.TIMEOUT and judged.verdict.outcome is Outcome.NEUTRAL:
            return False
        task = asyncio.create_task(self._settle_later(permit, judged, connection))
        self._parts.detached.keep(task)
        return True

    async def _settle_later(self, permit: Permit, judged: Judgement, connection: Connection) -> None:
        """A deadline, or a lost connection, is the tool's failure only if its server is alive otherwise."""
        with permit:
            is_alive = await self._supervisor.check(connection)
            if is_alive or self.record.crashed_with(connection):
                permit.failure(judged.cause)
            if not is_alive and judged.cause is Cause.TIMEOUT:
                self.record.hung()

    def _tell_circuit(self, permit: Permit, judged: Judgement, seconds: float) -> None:
        slow_after = self._limits.slow_after_seconds
        is_slow = slow_after is not None and seconds > slow_after
        if judged.verdict.outcome is Outcome.SUCCESS:
            permit.success(slow=is_slow, duration=seconds)
        elif judged.verdict.outcome is Outcome.FAILURE:
            permit.failure(judged.cause, slow=is_slow, duration=seconds)
        self.record.trip_if_broken()

    async def _replacement(self, judged: Judgement, connection: Connection, call: _Call) -> Connection | None:
        """Give the session on which a call that does no harm if it was carried out is made once more, if at all."""
        step = judged.verdict.step
        if judged.cause is None or step not in _REPLAYED or not call.context.may_replay:
            return None
        if judged.verdict.executed != "no" and self.spec.effect.changes:
            return None
        if step is ServerStep.RENEGOTIATE and not self.record.may_renegotiate(connection):
            return None
        return await self._supervisor.reopen(connection, f"{judged.cause.value}: {judged.detail or ''}", judged.cause)


def _twice_refused(judged: Judgement) -> Judgement:
    """Believe no server that forgets, in the middle of a call, a session that was opened for it: it may have acted."""
    is_odd = judged.cause is not None and judged.verdict.step in _REPLAYED and judged.verdict.executed == "no"
    return replace(judged, verdict=judged.verdict.in_doubt()) if is_odd else judged
