"""A day of ordinary noise through one circuit, call by call: how often it opens although nothing is wrong."""

import random
from dataclasses import dataclass

import pytest

from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import BreakerState, Transition
from sentinel.resilience.circuit_breaker import CircuitBreaker
from sentinel.testing.clock import FakeClock

COUNT_ONLY = BreakerConfig(failure_rate=1e-6)
"""Rule A without its rate: five failures within a minute."""


@dataclass
class Day:
    """Independent failures at an even pace."""

    calls_per_second: float
    failing: float
    config: BreakerConfig | None = None
    hours: float = 24

    def trips(self) -> int:
        clock, rng, seen = FakeClock(), random.Random(1), list[Transition]()
        circuit = CircuitBreaker("provider:p", clock=clock, config=self.config, rng=rng.random, listener=seen.append)
        for _ in range(round(self.hours * 3600 * self.calls_per_second)):
            clock.advance(1 / self.calls_per_second)
            if circuit.refusal() is not None:
                continue
            permit = circuit.acquire()
            if rng.random() < self.failing:
                permit.failure("server_error", duration=1.0)
            else:
                permit.success(duration=1.0)
        return sum(transition.to_state is BreakerState.OPEN for transition in seen)


RATES = pytest.mark.parametrize(("calls_per_second", "failing"), [(20, 0.005), (5, 0.01), (1, 0.02)])


@RATES
def test_ordinary_noise_opens_no_circuit_in_a_day(calls_per_second: float, failing: float) -> None:
    assert Day(calls_per_second, failing).trips() == 0


@RATES
def test_the_same_noise_opens_a_circuit_that_only_counts(calls_per_second: float, failing: float) -> None:
    """The rule is what keeps it closed, and not that the noise is too faint for any."""
    assert Day(calls_per_second, failing, COUNT_ONLY, hours=4).trips() > 3
