"""A whole model call against the planner: outcomes from a script, time that passes, circuits that open."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Route, Target
from sentinel.errors import Outcome
from sentinel.resilience.planner import Decision, Gate, RecoveryPlanner
from sentinel.resilience.refusal import Refusal
from tests.unit.resilience.making import finished

A, B, C = Target("a", "x"), Target("b", "y"), Target("c", "z")
ROUTE = Route(name="default", targets=(A, B, C))


def open_gate(_: Target) -> Refusal | None:
    return None


def refusing(**causes: str | tuple[str, float]) -> Gate:
    """A gate that refuses providers: `refusing(a="kill_switch", b=("cooldown", 1.5))`."""

    def gate(target: Target) -> Refusal | None:
        said = causes.get(target.provider)
        if said is None:
            return None
        cause, wait = (said, None) if isinstance(said, str) else said
        return Refusal(cause, wait, admits_panic=cause == "circuit_open")

    return gate


@dataclass
class Ask:
    """One decision: `Ask(gate=..., planner=...)(attempt, attempt)`."""

    planner: RecoveryPlanner
    gate: Gate = open_gate
    route: Route = ROUTE
    remaining: float = 100.0
    prefer: Target | None = None

    def __call__(self, *tried: Attempt) -> Decision:
        return self.planner.decide(
            self.route, tried, gate=self.gate, remaining_seconds=self.remaining, prefer=self.prefer
        )


@dataclass
class Call:
    """Plays one call to its end. `outcomes` gives the cause of each attempt on a target, None for a success."""

    planner: RecoveryPlanner
    route: Route
    outcomes: Callable[[Target, int], str | None]
    gate: Callable[[Target, float], Refusal | None] = lambda *_: None
    retry_after: float | None = None
    attempt_seconds: float = 1.0
    deadline: float = 60.0
    clock: float = 0.0
    tried: list[Attempt] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)
    started_at: list[float] = field(default_factory=list)

    def play(self) -> "Call":
        for number in count():
            assert number < 60, "the planner never gave up"
            decision = self.planner.decide(
                self.route,
                self.tried,
                gate=lambda target: self.gate(target, self.clock),
                remaining_seconds=self.deadline - self.clock,
            )
            self.decisions.append(decision)
            self.tried += [finished(target, refusal.cause, skipped=True) for target, refusal in decision.passed_over]
            if decision.target is None:
                break
            self._attempt(decision.target, decision.delay_seconds)
            if self.tried[-1].outcome is Outcome.SUCCESS:
                break
        return self

    def _attempt(self, target: Target, delay: float) -> None:
        self.clock += delay
        self.started_at.append(self.clock)
        cause = self.outcomes(target, len(self.called))
        self.clock += self.attempt_seconds
        self.tried.append(finished(target, cause, retry_after_seconds=self.retry_after))

    @property
    def called(self) -> Sequence[Attempt]:
        return [attempt for attempt in self.tried if not attempt.skipped]
