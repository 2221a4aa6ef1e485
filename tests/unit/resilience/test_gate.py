"""The gate: what keeps a call away, in which order it is told, and until when."""

from collections.abc import Callable

import pytest

from sentinel.chaos.kill_switches import KillSwitches
from sentinel.domain.routes import Route, Target
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.bulkhead import BulkheadBoard, BulkheadConfig
from sentinel.resilience.cooldowns import CooldownBoard
from sentinel.resilience.failure_table import LatchScope
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.refusal import Refusal
from sentinel.testing.clock import FakeClock

PRIMARY, FALLBACK = Target("a", "x"), Target("b", "y")
ROUTE = Route(name="default", targets=(PRIMARY, FALLBACK))


class Bench:
    """A gate with everything behind it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.board, self.cooldowns = BreakerBoard(self.clock), CooldownBoard(self.clock)
        self.kill_switches = KillSwitches(self.clock)
        self.bulkheads = BulkheadBoard(BulkheadConfig(max_concurrency=1))
        self.gate = TargetGate(
            self.board, self.kill_switches.is_killed, cooldowns=self.cooldowns, bulkheads=self.bulkheads
        )

    def close(self, door: str) -> None:
        """Let one thing refuse the primary target."""
        doors: dict[str, Callable[[], object]] = {
            "kill_switch": lambda: self.kill_switches.set("tier:primary", True, actor="test"),
            "latched": lambda: self.cooldowns.latch(PRIMARY, LatchScope.CREDENTIAL),
            "circuit_open": lambda: self.board.get("model:a/x").trip(actor="test", ttl_seconds=40),
            "cooldown": lambda: self.cooldowns.throttle(PRIMARY, 20),
            "bulkhead_full": lambda: self.bulkheads.enter(PRIMARY),
        }
        doors[door]()

    def refusal(self, target: Target = PRIMARY) -> Refusal | None:
        return self.gate.refusal(ROUTE, target)


ORDER = [
    ("kill_switch", None),
    ("latched", 600),
    ("circuit_open", 40),
    ("cooldown", 20),
    ("bulkhead_full", None),
]


@pytest.mark.parametrize(("door", "retry_after"), ORDER)
def test_each_refusal_has_its_cause_and_its_end(door: str, retry_after: float | None) -> None:
    bench = Bench()
    assert bench.refusal() is None
    bench.close(door)
    assert bench.refusal() == Refusal(door, retry_after)
    assert bench.refusal(FALLBACK) is None


@pytest.mark.parametrize("first", range(len(ORDER)))
def test_what_waiting_ends_last_is_told_first(first: int) -> None:
    bench = Bench()
    for door, _ in reversed(ORDER[first:]):
        bench.close(door)
    assert bench.refusal() == Refusal(*ORDER[first])


def test_a_circuit_that_opened_by_itself_admits_a_panic_unless_something_else_refuses_too() -> None:
    bench = Bench()
    for _ in range(5):
        bench.board.acquire(PRIMARY.breaker_keys).failure("server_error")
    refusal = bench.refusal()
    assert refusal is not None
    assert (refusal.cause, refusal.admits_panic) == ("circuit_open", True)
    bench.close("cooldown")
    refusal = bench.refusal()
    assert refusal is not None
    assert (refusal.cause, refusal.admits_panic) == ("circuit_open", False)


def test_one_circuit_that_an_operator_opened_is_enough_to_keep_a_panic_away() -> None:
    bench = Bench()
    for _ in range(5):
        bench.board.acquire(PRIMARY.breaker_keys).failure("server_error")
    bench.close("circuit_open")
    refusal = bench.refusal()
    assert refusal is not None
    assert (refusal.retry_after, refusal.admits_panic) == (40, False)


def test_asking_takes_nothing() -> None:
    bench = Bench()
    bench.close("circuit_open")
    bench.clock.advance(40)
    bench.close("latched")
    bench.clock.advance(600)
    for _ in range(3):
        assert bench.refusal() is None
    bench.bulkheads.enter(PRIMARY)


def test_cooldowns_and_bulkheads_may_be_left_out() -> None:
    bench = Bench()
    gate = TargetGate(bench.board, lambda *_: False)
    bench.close("cooldown")
    bench.close("bulkhead_full")
    assert gate.refusal(ROUTE, PRIMARY) is None


def test_the_states_of_all_circuits_on_the_way_are_told() -> None:
    bench = Bench()
    bench.close("circuit_open")
    assert bench.gate.states(PRIMARY) == {"provider:a": BreakerState.CLOSED, "model:a/x": BreakerState.OPEN}
