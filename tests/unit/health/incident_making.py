"""A board whose incidents a test can look at, and what happens in the system, made by hand."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sentinel.domain.incidents import Incident
from sentinel.domain.routes import Target
from sentinel.health.incidents import IncidentBoard
from sentinel.health.reporting import IncidentReporter
from sentinel.ids import IdSource
from sentinel.resilience.breaker_view import BreakerState, Transition, TransitionRule
from sentinel.testing.clock import FakeClock

ONE, TWO = Target("one", "large"), Target("two", "small")


@dataclass
class Watched:
    """`kept` has every version of every incident in the order in which storage hears of them."""

    clock: FakeClock = field(default_factory=FakeClock)
    kept: list[Incident] = field(default_factory=list)
    capacity: int = 500
    max_age: timedelta | None = None

    def __post_init__(self) -> None:
        ids = IdSource(self.clock)
        self.board = IncidentBoard(
            clock=self.clock, ids=ids, listeners=[self.kept.append], capacity=self.capacity, max_age=self.max_age
        )
        self.reporter = IncidentReporter(self.board, self.clock, configured=[ONE, TWO])

    @property
    def newest(self) -> dict[str, Incident]:
        """The newest version of each incident, by id, in the order of their beginning."""
        return {incident.incident_id: incident for incident in self.kept}

    @property
    def told(self) -> list[tuple[str, str, int]]:
        """Type, key and count of each incident."""
        return [(incident.type.value, incident.key, incident.count) for incident in self.newest.values()]

    def change(self, key: str, from_state: BreakerState, to_state: BreakerState, **more: Any) -> None:
        """Let a circuit change."""
        fields = {"rule": TransitionRule.FAILURE_STREAK, "reason": "reset", "failures": 5, "successes": 1, **more}
        self.reporter.transition(
            Transition(
                key=key,
                from_state=from_state,
                to_state=to_state,
                slow=0,
                rate=1.0,
                epoch=1,
                at=self.clock.now(),
                **fields,
            )
        )
