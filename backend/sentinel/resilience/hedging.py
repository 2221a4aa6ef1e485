"""Hedging: whether a second target is asked while a first is slow to begin. A decision only; off unless a route asks.

It spends tokens to save time, so it is bounded three ways: it comes after what nearly all calls take, in a share of
all requests, and not at all while retries are short. Who answers first is taken; the other is closed and booked.
"""

from dataclasses import dataclass
from enum import StrEnum

from sentinel.domain.routes import Route, Target
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.latency import FirstTokenTimes
from sentinel.resilience.retry_budget import RetryBudget

_ROUNDING = 1e-9
"""Twenty times a twentieth is a little less than one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HedgeConfig:
    """The bounds that all routes share: `max_saved` hedges may come together; calls of one request in all."""

    max_saved: float = 5.0
    max_attempts: int = 3


@dataclass(frozen=True, slots=True)
class Hedge:
    """Ask `target` too, if the first has said nothing `after_seconds`."""

    target: Target
    after_seconds: float


class NoHedge(StrEnum):
    """Why a request would have no hedge now."""

    DISABLED = "disabled"
    """The route does not ask for it."""
    NO_OTHER_PROVIDER = "no_other_provider"
    """Nobody else is admitted with all circuits closed."""
    MAX_ATTEMPTS = "max_attempts"
    """A request may not have two calls."""
    PACE_UNKNOWN = "pace_unknown"
    """Too few first-token times of the first target are known."""
    SHARE_SPENT = "share_spent"
    """As many requests of the route had a hedge as may have."""
    RETRIES_SHORT = "retries_short"
    """The first provider fails so often that it gets no retries either."""
    DEADLINE = "deadline"
    """The hedge would come after it."""


class HedgePlanner:
    """Plans hedges and keeps to their share: a route never has more of them than `share` times its requests so far."""

    def __init__(
        self, *, gate: TargetGate, times: FirstTokenTimes, budget: RetryBudget, config: HedgeConfig | None = None
    ) -> None:
        """Start with nothing saved, so that the first requests have no hedge."""
        self._gate = gate
        self._times = times
        self._budget = budget
        self._config = config or HedgeConfig()
        self._saved: dict[str, float] = {}

    def plan(
        self, route: Route, first: Target, *, has_tools: bool, remaining_seconds: float, called: int = 0
    ) -> Hedge | None:
        """Plan the hedge of one request on a route that hedges, or none. Counts the request.

        `first` is the target that is being asked; `has_tools` forbids hedging: two models would act. So do calls that
        the request has made before: a hedge is for a slow beginning, and recovery is not one.
        """
        if called or not _may_ever(route):
            return None
        self._saved[route.name] = min(self._config.max_saved, self._left(route) + route.hedge.share)
        outlook = self.outlook(route, first, remaining_seconds=remaining_seconds)
        return outlook if isinstance(outlook, Hedge) and not has_tools else None

    def outlook(self, route: Route, first: Target, *, remaining_seconds: float) -> Hedge | NoHedge:
        """Tell what a request without tools that asks `first` would get now, or why nothing; counts nothing."""
        reason = self._obstacle(route, first)
        if reason is not None:
            return reason
        usual = self._times.p95(first)
        if usual is None:
            return NoHedge.PACE_UNKNOWN
        after = max(usual, route.hedge.min_seconds)
        if after >= remaining_seconds:
            return NoHedge.DEADLINE
        second = next((target for target in route.targets if self._is_fit(route, target, first)), None)
        return NoHedge.NO_OTHER_PROVIDER if second is None else Hedge(second, after)

    def fire(self, route: Route, first: Target, hedge: Hedge) -> bool:
        """Tell, when the time has come, whether the hedge may still be sent; if so, it is spent."""
        if self._obstacle(route, first) is not None or not self._is_fit(route, hedge.target, first):
            return False
        self._saved[route.name] = self._left(route) - 1.0
        return True

    def _obstacle(self, route: Route, first: Target) -> NoHedge | None:
        if not route.hedge.enabled:
            return NoHedge.DISABLED
        if not _may_ever(route):
            return NoHedge.NO_OTHER_PROVIDER
        if self._config.max_attempts < 2:  # noqa: PLR2004 - the first call and its hedge
            return NoHedge.MAX_ATTEMPTS
        if not self._budget.is_healthy(first.provider):
            return NoHedge.RETRIES_SHORT
        return None if self._left(route) >= 1.0 - _ROUNDING else NoHedge.SHARE_SPENT

    def _left(self, route: Route) -> float:
        return self._saved.get(route.name, 0.0)

    def _is_fit(self, route: Route, target: Target, first: Target) -> bool:
        """Whether it is another provider, which nothing speaks against."""
        return (
            target.provider != first.provider
            and self._budget.is_healthy(target.provider)
            and self._gate.refusal(route, target) is None
            and all(state is BreakerState.CLOSED for state in self._gate.states(target).values())
        )


def _may_ever(route: Route) -> bool:
    """Whether the route hedges at all; callers may name any model, so nothing is kept for a route of one."""
    return route.hedge.enabled and len({target.provider for target in route.targets}) > 1
