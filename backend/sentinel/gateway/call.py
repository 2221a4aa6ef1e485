"""One request to the gateway on its way over the targets of its route: the planner decides, the ledger remembers."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.errors import Outcome
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Exchange
from sentinel.providers.hedged import Entrant, Race, Second
from sentinel.resilience.deadline import Deadline
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.hedging import HedgePlanner
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
    hedges: HedgePlanner
    clock: Clock


@dataclass(kw_only=True)
class Call:
    """The state of one request.

    `is_stream`: the answer comes in pieces. `current` is the target that was asked last, or, of two, the one that
    answers; `is_panic`: the planner lets the next one be asked through its open circuit; `under_way` counts the
    attempts that were sent and are not noted yet; `retry_after_seconds` is how soon asking again may help, if the
    planner knew it when it gave up.
    """

    recovery: Recovery
    route: Route
    deadlines: Deadlines
    deadline: Deadline
    is_stream: bool
    attempts: list[Attempt] = field(default_factory=list)
    current: Target | None = None
    is_panic: bool = False
    under_way: int = 0
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
        """Tell whether somebody else could go on if `target` failed now, or does already."""
        if self.under_way > 1:
            return True
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
        await self._run(Race(pipeline=self.recovery.pipeline, first=self._entrant(target, exchange)))
        if splice_offset is not None:
            self.attempts[-1] = replace(self.attempts[-1], splice_offset=splice_offset)
        return self.attempts[-1]

    async def attempt_hedged(self, target: Target, make: Callable[[Target], E], *, has_tools: bool) -> E:
        """Make one attempt, with a hedge if the route wants one and this request may have it, and note both.

        Gives the exchange that counts, whose row is the newest.
        """
        race = Race(pipeline=self.recovery.pipeline, first=self._entrant(target, make(target)))
        race.hedge = self._hedge(race, make, has_tools=has_tools)
        await self._run(race)
        return race.counts.exchange

    async def _run(self, race: Race[E]) -> None:
        noted = len(self.attempts)
        race.on_left, race.on_claim = self._note_left, self._note_claim
        self.current, self.under_way = race.first.spec.target, 1
        try:
            await race.run()
        finally:
            self.under_way = 0
            self.attempts[noted:] = race.rows
        self.current = race.counts.spec.target

    def _hedge(self, race: Race[E], make: Callable[[Target], E], *, has_tools: bool) -> Second[E] | None:
        first, hedges = race.first.spec.target, self.recovery.hedges
        hedge = hedges.plan(
            self.route,
            first,
            has_tools=has_tools,
            called=len(self.ledger.called),
            remaining_seconds=self.deadline.remaining(),
        )
        if hedge is None:
            return None

        def send() -> Entrant[E] | None:
            if not hedges.fire(self.route, first, hedge):
                return None
            self.under_way += 1
            return self._entrant(hedge.target, make(hedge.target), number=race.first.spec.number + 1)

        return Second(after_seconds=hedge.after_seconds, send=send)

    def _entrant(self, target: Target, exchange: E, *, number: int | None = None) -> Entrant[E]:
        spec = AttemptSpec(
            number=number or len(self.attempts) + 1,
            target=target,
            deadlines=self.deadlines,
            deadline=self.deadline,
            is_retry=self.ledger.has_asked(target),
            is_panic=self.is_panic and number is None,
            is_stream=self.is_stream,
            is_hedge=number is not None,
        )
        return Entrant(spec=spec, exchange=exchange, clock=self.recovery.clock)

    def _note_left(self, attempt: Attempt) -> None:
        self.under_way -= 1
        self.attempts.append(attempt)

    def _note_claim(self, entrant: Entrant[E]) -> None:
        self.current = entrant.spec.target

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
