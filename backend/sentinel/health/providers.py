"""What the recent attempts say about each provider. Reads finished attempts; probes nothing and decides nothing."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Any, Final, Self

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Tier
from sentinel.errors import Outcome
from sentinel.resilience.breaker_board import BreakerBoard, provider_key
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.holds import Hold, HoldKind

WINDOW_SECONDS: Final = 300.0
"""How old an attempt may be to count."""

_KEPT = 200
_DEGRADED_BELOW = 0.9
_COUNTED = (Outcome.SUCCESS, Outcome.FAILURE)


class ProviderHealth(StrEnum):
    """One word for how a provider does; `unknown` where there was no attempt lately."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    DOWN = "down"
    AUTH_ERROR = "auth_error"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCard:
    """What is fixed about a provider: how it is reached, where it stands in the default route, its models."""

    name: str
    kind: str
    simulated: bool
    tier: Tier | None
    models: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What the figures need of a finished attempt."""

    ended_at: datetime
    outcome: Outcome
    duration_ms: float
    ttft_ms: float | None

    @classmethod
    def of(cls, attempt: Attempt) -> Self:
        """Take it from the ledger's row."""
        return cls(
            ended_at=attempt.ended_at,
            outcome=attempt.outcome,
            duration_ms=attempt.duration_ms,
            ttft_ms=attempt.ttft_ms,
        )


def _nobody(_: str) -> Sequence[Observation]:
    return ()


def _nowhere(_: str) -> int:
    return 0


@dataclass(kw_only=True)
class ProviderMonitor:
    """Keeps the last attempts of each provider, for `WINDOW_SECONDS`; `is_killed` tells of its kill switch.

    By a provider's name, `seen_elsewhere` gives the attempts of other processes, and `open_elsewhere` how many of them
    have opened its circuit.
    """

    cards: Mapping[str, ProviderCard]
    board: BreakerBoard
    cooldowns: CooldownBoard
    is_killed: Callable[[ProviderCard], bool]
    clock: Clock
    seen_elsewhere: Callable[[str], Sequence[Observation]] = _nobody
    open_elsewhere: Callable[[str], int] = _nowhere
    _seen: dict[str, deque[Observation]] = field(default_factory=dict)

    def observe(self, attempt: Attempt) -> None:
        """Take in a finished attempt; targets that were passed over tell nothing."""
        if not attempt.skipped:
            self._seen.setdefault(attempt.target.provider, deque(maxlen=_KEPT)).append(Observation.of(attempt))

    def status(self) -> dict[str, dict[str, Any]]:
        """Give every provider's state in the shape of `GET /api/providers/status`."""
        return {name: self._status(card) for name, card in self.cards.items()}

    def health(self, name: str) -> ProviderHealth:
        """Put a provider's state into one word."""
        circuit = self.board.find(provider_key(name))
        counted = [seen for seen in self._recent(name) if seen.outcome in _COUNTED]
        if any(hold.kind is HoldKind.CREDENTIAL for hold in self._holds(name)):
            return ProviderHealth.AUTH_ERROR
        if circuit and circuit.state is BreakerState.OPEN:
            return ProviderHealth.DOWN
        if not counted:
            return ProviderHealth.UNKNOWN
        if counted[-1].outcome is Outcome.SUCCESS:
            return ProviderHealth.HEALTHY if _success_rate(counted) >= _DEGRADED_BELOW else ProviderHealth.DEGRADED
        return ProviderHealth.DOWN if self.open_elsewhere(name) else ProviderHealth.DEGRADED

    def _status(self, card: ProviderCard) -> dict[str, Any]:
        recent = self._recent(card.name)
        counted = [seen for seen in recent if seen.outcome in _COUNTED]
        good = [seen for seen in counted if seen.outcome is Outcome.SUCCESS]
        first_tokens = [seen.ttft_ms for seen in good if seen.ttft_ms is not None]
        return {
            "status": self.health(card.name).value,
            "latency_ms": round(median(seen.duration_ms for seen in good), 1) if good else None,
            "ttft_p50_ms": round(median(first_tokens), 1) if first_tokens else None,
            "success_rate_pct": round(_success_rate(counted) * 100, 1) if counted else None,
            "last_probe_at": None,
            "predicted_ttft_ms": None,
            "circuit_breaker": self._circuit(card.name),
            "kill_switch": self.is_killed(card),
            "cooldown_until": max((hold.until for hold in self._holds(card.name)), default=None),
            "kind": card.kind,
            "simulated": card.simulated,
            "tier": card.tier.value if card.tier else None,
            "models": list(card.models),
            "last_attempt_at": recent[-1].ended_at.isoformat() if recent else None,
        }

    def _holds(self, name: str) -> list[Hold]:
        return [hold for hold in self.cooldowns.snapshot() if hold.key.partition("/")[0] == name]

    def _circuit(self, name: str) -> dict[str, Any]:
        shown = self.board.get(provider_key(name)).snapshot().to_dict()
        own = {key: shown[key] for key in ("state", "failures", "opened_at", "retry_at", "override")}
        return own | {"open_elsewhere": self.open_elsewhere(name)}

    def _recent(self, name: str) -> list[Observation]:
        now = self.clock.now()
        kept = [*self._seen.get(name, ()), *self.seen_elsewhere(name)]
        recent = (seen for seen in kept if (now - seen.ended_at).total_seconds() <= WINDOW_SECONDS)
        return sorted(recent, key=lambda seen: seen.ended_at)


def _success_rate(counted: list[Observation]) -> float:
    return sum(seen.outcome is Outcome.SUCCESS for seen in counted) / len(counted)
