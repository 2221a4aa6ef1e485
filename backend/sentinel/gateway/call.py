"""One request to the gateway on its way over the targets of its route: the planner decides, the ledger remembers."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.errors import Outcome
from sentinel.gateway.outgoing import CallerGoneError
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Exchange
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.ledger import Ledger
from sentinel.resilience.planner import Decision, RecoveryPlanner
from sentinel.resilience.refusal import Refusal

E = TypeVar("E", bound=Exchange)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The collaborators of every call."""

    pipeline: AttemptPipeline
    planner: RecoveryPlanner
    gate: TargetGate
    clock: Clock


@dataclass(kw_only=True)
class Call:
    """The state of one request.

    `current` is the target that was asked last; `is_panic`: the planner lets the next one be asked through its open
    circuit; `retry_after_seconds` is how soon asking again may help, if the planner knew it when it gave up.
    """

    recovery: Recovery
    route: Route
    deadlines: Deadlines
    deadline: Deadline
    attempts: list[Attempt] = field(default_factory=list)
    current: Target | None = None
    is_panic: bool = False
    retry_after_seconds: float | None = None

    @property
    def ledger(self) -> Ledger:
        """What was tried so far."""
        return Ledger.of(self.attempts)

    async def next_target(self) -> Target | None:
        """Ask the planner, note the targets it passed over, and wait if it says so.

        What was admitted before a wait may be refused after it; then the planner is asked again.
        """
        while True:
            decision = self._decide(self.attempts)
            for target, refusal in decision.passed_over:
                self._pass_over(target, refusal)
            self.is_panic, self.retry_after_seconds = decision.is_panic, decision.retry_after_seconds
            if decision.target is None or decision.delay_seconds <= 0:
                return decision.target
            await self.recovery.clock.sleep(decision.delay_seconds)
            refused = self.recovery.gate.refusal(self.route, decision.target)
            if refused is None:
                return decision.target
            self._pass_over(decision.target, refused)

    def has_alternative(self, target: Target) -> bool:
        """Tell whether somebody else could go on if `target` failed now."""
        now = self.recovery.clock.now()
        failed = Attempt(
            number=len(self.attempts) + 1,
            target=target,
            outcome=Outcome.FAILURE,
            started_at=now,
            ended_at=now,
            duration_ms=0.0,
        )
        return self._decide([*self.attempts, failed]).target is not None

    async def attempt(self, target: Target, exchange: Exchange, *, splice_offset: int | None = None) -> Attempt:
        """Make one attempt and note it."""
        spec = AttemptSpec(
            number=len(self.attempts) + 1,
            target=target,
            deadlines=self.deadlines,
            deadline=self.deadline,
            is_retry=any(made.target == target and not made.skipped for made in self.attempts),
            is_panic=self.is_panic,
        )
        self.current = target
        began_at, began = self.recovery.clock.now(), self.recovery.clock.monotonic()
        try:
            made = await self.recovery.pipeline.run(spec, exchange)
        except (asyncio.CancelledError, CallerGoneError):
            self.attempts.append(self._abandoned(spec, exchange, began_at=began_at, began=began))
            raise
        made = replace(made, splice_offset=splice_offset) if splice_offset is not None else made
        self.attempts.append(made)
        return made

    def _abandoned(self, spec: AttemptSpec, exchange: Exchange, *, began_at: datetime, began: float) -> Attempt:
        """The caller left in mid-attempt, which says nothing about the target."""
        clock = self.recovery.clock
        attempt = Attempt(
            number=spec.number,
            target=spec.target,
            outcome=Outcome.NEUTRAL,
            cause="cancelled",
            started_at=began_at,
            ended_at=clock.now(),
            duration_ms=round((clock.monotonic() - began) * 1000, 3),
            usage=exchange.usage,
        )
        return self.recovery.pipeline.booked(attempt)

    def _pass_over(self, target: Target, refusal: Refusal) -> None:
        number, now = len(self.attempts) + 1, self.recovery.clock.now()
        self.attempts.append(Attempt.passed_over(target, refusal.cause, number=number, at=now))

    def _decide(self, tried: list[Attempt]) -> Decision:
        return self.recovery.planner.decide(
            self.route,
            tried,
            gate=lambda target: self.recovery.gate.refusal(self.route, target),
            remaining_seconds=self.deadline.remaining(),
        )


async def first_success(call: Call, make: Callable[[Target], E]) -> tuple[E | None, E | None]:
    """Try target after target until one answers.

    Gives the exchange that succeeded (or whose outcome is final) and the last one that was made.
    """
    last: E | None = None
    while (target := await call.next_target()) is not None:
        last = make(target)
        attempt = await call.attempt(target, last)
        if attempt.outcome is Outcome.SUCCESS:
            return last, last
    return None, last
