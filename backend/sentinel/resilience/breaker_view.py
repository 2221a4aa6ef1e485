"""What a circuit breaker tells others: its state, its transitions, its refusals, a snapshot of it.

Values only. The state machine in `circuit_breaker` makes them; events, incidents, metrics and the API read them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class BreakerState(StrEnum):
    """Closed lets calls through, open refuses them, half-open lets one probe at a time through."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class TransitionRule(StrEnum):
    """Why a circuit changed its state."""

    FAILURE_RATE = "A"
    """Enough failures in the window, and enough of the calls failed."""
    FAILURE_STREAK = "B"
    """Enough failures in a row."""
    SLOW_CALLS = "C"
    """Nearly all calls were slow."""
    ELAPSED = "elapsed"
    """The open time was over and a call came."""
    PROBE = "probe"
    """The verdict of a probe."""
    PANIC = "panic"
    """A call went through an open circuit, since all were open, and succeeded."""
    EXPIRED = "expired"
    """Half-open lasted too long."""
    MANUAL = "manual"
    """An operator's trip, reset or override."""
    SHARED = "shared"
    """What other processes found out about the target."""


class OverrideKind(StrEnum):
    """What an operator can hold a circuit to for a while."""

    FORCED_OPEN = "forced_open"
    """Refuses every call, then probes."""
    FORCED_CLOSED = "forced_closed"
    """Admits every call and counts nothing."""
    METRICS_ONLY = "metrics_only"
    """Admits every call and counts, but does not open."""


@dataclass(frozen=True, slots=True)
class Why:
    """What a change of state is for; the words are those of a transition."""

    rule: TransitionRule
    reason: str | None = None
    actor: str | None = None
    is_followed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One change of state. `epoch` is the new one; the counts are those that led to it; times are UTC.

    `actor` and `reason` are the operator and his words for a manual change; otherwise `reason` is the cause of
    the failure that decided, if one did. `is_followed`: another process has found or done it, and told it there.
    """

    key: str
    from_state: BreakerState
    to_state: BreakerState
    rule: TransitionRule
    failures: int
    successes: int
    slow: int
    rate: float
    epoch: int
    at: datetime
    open_until: datetime | None = None
    actor: str | None = None
    reason: str | None = None
    is_followed: bool = False


Listener = Callable[[Transition], None]
"""Gets each transition, after it is done and before the call that caused it returns; it must not raise."""


MayProbe = Callable[[str], bool]
"""Tells whether this process may probe the circuit of that key now; asks for it where others might, and never waits."""


def probes_alone(key: str) -> bool:
    """Let this process probe: nobody else does."""
    return True


def ignore_transition(transition: Transition) -> None:
    """Do nothing: the listener of a circuit that nobody listens to."""


@dataclass(frozen=True, slots=True)
class CircuitRefusal:
    """Why a call would not be admitted now; `retry_after` is in seconds."""

    key: str
    state: BreakerState
    retry_after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """An override in force, and when it ends by itself (UTC)."""

    kind: OverrideKind
    actor: str
    reason: str | None
    expires_at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape."""
        return {
            "kind": self.kind.value,
            "actor": self.actor,
            "reason": self.reason,
            "expires_at": self.expires_at.isoformat(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerSnapshot:
    """A circuit at one instant. Counts are those of the window; while not closed, those that opened it.

    `retry_at` is when an open circuit may be probed. `rejected`, `ignored` (results of older epochs and second
    results) and `neutral` are totals since the circuit was made. `rule` and `reason` say why it last opened.
    """

    key: str
    state: BreakerState
    failures: int
    successes: int
    slow: int
    consecutive_failures: int
    failure_rate: float
    window_seconds: float
    epoch: int
    reopens: int
    is_probe_in_flight: bool
    rejected: int
    ignored: int
    neutral: int
    opened_at: datetime | None
    retry_at: datetime | None
    override: Override | None
    rule: TransitionRule | None = None
    reason: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the wire shape of `GET /api/breakers`."""
        return {
            "key": self.key,
            "state": self.state.value,
            "failures": self.failures,
            "successes": self.successes,
            "consecutive_failures": self.consecutive_failures,
            "opened_at": self.opened_at.isoformat() if self.opened_at else None,
            "retry_at": self.retry_at.isoformat() if self.retry_at else None,
            "override": self.override.to_dict() if self.override else None,
            "rule": self.rule.value if self.rule else None,
            "reason": self.reason,
        }
