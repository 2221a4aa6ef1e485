"""The protection of targets with nothing held, for tests that look at one part of it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from sentinel.clock import Clock
from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Target
from sentinel.errors import Outcome
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.bulkhead import BulkheadBoard
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.hedging import HedgeConfig, HedgePlanner
from sentinel.resilience.latency import FirstTokenTimes, LatencyConfig
from sentinel.resilience.protection import Protection
from sentinel.resilience.retry_budget import RetryBudget


def open_protection(clock: Clock, *, board: BreakerBoard | None = None) -> Protection:
    """Make all parts new, or around the given circuits."""
    return Protection(
        board=board or BreakerBoard(clock),
        cooldowns=CooldownBoard(clock),
        bulkheads=BulkheadBoard(),
        budget=RetryBudget(),
    )


def hedge_planner(
    gate: TargetGate, protection: Protection, *, paces: Mapping[Target, float] = MappingProxyType({}), attempts: int = 3
) -> HedgePlanner:
    """Make a planner that knows how many seconds these targets take to their first token, and nothing of others."""
    times, at = FirstTokenTimes(), datetime(2026, 1, 1, tzinfo=UTC)
    for target, seconds in paces.items():
        row = Attempt(
            number=1,
            target=target,
            outcome=Outcome.SUCCESS,
            started_at=at,
            ended_at=at,
            duration_ms=seconds * 1000,
            ttft_ms=seconds * 1000,
        )
        for _ in range(LatencyConfig().min_samples):
            times.observe(row)
    return HedgePlanner(gate=gate, times=times, budget=protection.budget, config=HedgeConfig(max_attempts=attempts))
