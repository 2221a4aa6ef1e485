"""One call to one tool, through everything that keeps it from harming the caller: it always ends, in time, as a value.

Order: quarantine, kill switch, pause, a place, session, the first three once more, circuit, deadline, call, judgement,
check of the result. A call is sent once; the router, above, says whether it is made again. The supervisor and its
session are below. `record` learns from what came back.
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


@dataclass(frozen=True, slots=True)
class _Call:
    arguments: Mapping[str, Any]
    time: CallTime
    context: CallContext
    trace: "_Trace"


@dataclass(slots=True)
class _Trace:
    """How far a call has come; a refusal may have the cause of an answer, so the cause does not tell."""

    sent_to: ToolSpec | None = None
    """The tool as it was when the call left us; None if nothing did."""


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
                was_sent=call.trace.sent_to is not None,
                origin=call.context.origin,
            )
        )

    def obstacle(self) -> Cause | None:
        """Say what would keep a call from the tool now, before anything is sent; None if nothing would."""
        refused = self._hold()
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
            effect=(call.trace.sent_to or self.spec).effect,
            retry_after_seconds=judged.retry_after_seconds,
            structured=judged.structured,
            content=judged.content,
            detail=judged.detail,
            sends=int(call.trace.sent_to is not None),
            heals=judged.verdict.heals,
        )

    # Before anything is sent ------------------------------------------------------------------------------------------

    async def _guarded(self, call: _Call) -> Judgement:
        refused = self._refusal(call)
        if refused is not None:
            return refused
        if not await self._places.enter(seconds=call.time.remaining(), clock=self._clock):
            return judgement(Cause.BULKHEAD_FULL)
        try:
            return await self._admitted(call)
        finally:
            self._places.leave()

    def _refusal(self, call: _Call) -> Judgement | None:
        """Say why the call may not be sent now, if it may not."""
        held = self._hold()
        return judgement(Cause.DEADLINE_EXCEEDED) if held is None and call.time.remaining() == 0.0 else held

    def _hold(self) -> Judgement | None:
        if self.spec.is_quarantined:
            return judgement(Cause.QUARANTINED)
        if self._parts.kill_switch(self.spec.target):
            return judgement(Cause.KILL_SWITCH)
        pause, cause = self.record.cooling.remaining(), self.record.cooling.cause
        if pause > 0 and cause is not None:
            return replace(judgement(cause), retry_after_seconds=pause)
        return None

    async def _admitted(self, call: _Call) -> Judgement:
        # The session comes before the circuit: a server that is down must not use up a probe of its tools.
        connection = await self._connection(call)
        if connection is None:
            return self._not_there()
        if self._probes() and not await self._is_safe_to_probe(connection, call):
            failed = judgement(Cause.CIRCUIT_OPEN, detail="the check before the trial call failed")
            return self._refusal(call) or failed
        return await self._permitted(connection, call)

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
        refused = self._refusal(call)  # once more, and last: what it waited for, a place or a session, may take long
        if refused is not None:
            return refused
        try:
            permit = self._parts.board.acquire([self.spec.target])
        except CircuitOpenError as exc:
            return replace(judgement(Cause.CIRCUIT_OPEN), retry_after_seconds=exc.retry_after)
        is_kept = False
        try:
            sent_at = self._clock.monotonic()
            judged = self._told(await self._observed(connection, call), connection)
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
        call.trace.sent_to = self.spec
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

    def _told(self, judged: Judgement, connection: Connection) -> Judgement:
        """Tell the supervisor, and give what came back as it counts then."""
        if judged.cause is None:
            return judged
        reason = f"{judged.cause.value}: {judged.detail or ''}"
        match judged.verdict.step:
            case ServerStep.PROBE:
                self._supervisor.report_silence(connection)
            case ServerStep.RELIST:
                self._supervisor.relist(connection)
            case ServerStep.REFUSED:
                self._supervisor.report_refusal(connection, judged.detail or "")
            case ServerStep.REOPEN:
                self._supervisor.replace(connection, reason, judged.cause)
            case ServerStep.RENEGOTIATE if self._may_renegotiate(judged, connection):
                self._supervisor.replace(connection, reason, judged.cause)
                judged = replace(judged, verdict=replace(judged.verdict, heals=True))
            case _ if judged.asks_server:
                self._supervisor.report_silence(connection)
        if judged.cause is Cause.FORBIDDEN and self.record.is_newly_forbidden():
            self._parts.detached.keep(asyncio.create_task(self._tell_operators(judged, connection)))
        return judged

    def _may_renegotiate(self, judged: Judgement, connection: Connection) -> bool:
        """Whether a server is believed that it speaks another version: not where it may have acted all the same."""
        if judged.verdict.executed != "no" and self.spec.effect.changes:
            return False
        return self.record.may_renegotiate(connection)

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
