"""Whether a target may be called now: everything that can keep a call away, asked in one place without taking a permit.

The planner sees targets through this gate. What it lets through may still be refused a moment later, when the call
takes its permits; that refusal is an attempt that was passed over, like any other.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.domain.routes import Route, Target, Tier
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.bulkhead import BulkheadBoard
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.refusal import Refusal, RefusalCause


@dataclass(frozen=True, slots=True)
class TargetGate:
    """Joins what an operator switched off with what circuits, cool-downs, latches and bulkheads keep away from.

    `is_killed` tells of the kill switches; cool-downs and bulkheads are left out where they are None.
    """

    board: BreakerBoard
    is_killed: Callable[[Target, Tier], bool]
    cooldowns: CooldownBoard | None = None
    bulkheads: BulkheadBoard | None = None

    def refusal(self, route: Route, target: Target) -> Refusal | None:
        """Tell why `target` may not be called on `route` now, or None; what no waiting ends comes first."""
        if self.is_killed(target, route.tier(target)):
            return Refusal(RefusalCause.KILL_SWITCH)
        held = self.cooldowns.refusal(target) if self.cooldowns else None
        if held is not None and held.cause == RefusalCause.LATCHED:
            return held
        held = held or (self.bulkheads.refusal(target) if self.bulkheads else None)
        opened = self.board.admits(target.breaker_keys)
        if opened is not None:
            admits_panic = held is None and self.board.admits_panic(target.breaker_keys)
            return Refusal(RefusalCause.CIRCUIT_OPEN, opened.retry_after, admits_panic)
        return held

    def states(self, target: Target) -> dict[str, BreakerState]:
        """Give the state of each circuit on the way to `target`."""
        return {key: self.board.get(key).state for key in target.breaker_keys}
