"""Calls that go through an open circuit because all circuits are open, and what their end means for it."""

import pytest

from sentinel.errors import CircuitOpenError
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import BreakerState, OverrideKind
from sentinel.resilience.circuit_permit import CircuitPermit
from tests.unit.resilience.driving import Bench


def panic(bench: Bench) -> CircuitPermit:
    """A call that goes through."""
    return bench.circuit.acquire(is_panic=True)


def test_a_call_in_a_panic_goes_through_the_open_circuit_and_every_other_is_refused(bench: Bench) -> None:
    bench.open()
    assert panic(bench).state is BreakerState.OPEN
    assert not bench.is_admitting()
    assert bench.state == "open"


def test_its_success_is_that_of_a_probe_so_probing_begins_at_once(bench: Bench) -> None:
    bench.open()
    panic(bench).success()
    assert bench.state == "half_open"
    bench.succeed()
    assert bench.state == "closed"
    assert bench.steps[-2:] == [("open", "half_open", "panic"), ("half_open", "closed", "probe")]


def test_where_one_success_closes_it_closes_at_once() -> None:
    bench = Bench(BreakerConfig(successes_to_close=1))
    bench.open()
    panic(bench).success()
    assert bench.steps[-2:] == [("open", "half_open", "panic"), ("half_open", "closed", "probe")]


def test_its_failure_neither_extends_the_open_time_nor_counts(bench: Bench) -> None:
    bench.open()
    bench.clock.advance(10)
    for _ in range(9):
        panic(bench).failure("http_500")
    snapshot = bench.circuit.snapshot()
    assert (snapshot.state, snapshot.failures, snapshot.reopens) == (BreakerState.OPEN, 5, 0)
    assert bench.open_seconds() == 20
    bench.let_open_time_pass()
    bench.succeed(2)
    assert bench.state == "closed"


def test_a_pause_that_the_target_asks_for_is_kept(bench: Bench) -> None:
    bench.open()
    panic(bench).failure("http_503", retry_after=100)
    assert bench.open_seconds() == 100
    panic(bench).failure("http_503", retry_after=5)
    assert bench.open_seconds() == 100


@pytest.mark.parametrize("outcome", ["success", "failure", "neutral"])
def test_its_end_changes_nothing_once_the_circuit_has_moved_on(bench: Bench, outcome: str) -> None:
    bench.open()
    late = panic(bench)
    bench.let_open_time_pass()
    probe = bench.circuit.acquire()
    {"success": late.success, "failure": late.failure, "neutral": late.neutral}[outcome]()
    assert bench.state == "half_open"
    assert not bench.is_admitting(), "the probe still holds the slot"
    probe.success()
    assert bench.state == "half_open"


def test_a_neutral_end_says_nothing(bench: Bench) -> None:
    bench.open()
    panic(bench).release()
    assert bench.open_seconds() == 30


def test_a_probe_in_flight_is_not_overtaken(bench: Bench) -> None:
    bench.open()
    bench.let_open_time_pass()
    bench.circuit.acquire()
    assert not bench.circuit.admits_panic
    with pytest.raises(CircuitOpenError):
        panic(bench)


def test_a_circuit_that_would_admit_anyway_makes_it_an_ordinary_call(bench: Bench) -> None:
    assert panic(bench).state is BreakerState.CLOSED
    bench.open()
    bench.let_open_time_pass()
    probe = panic(bench)
    assert probe.state is BreakerState.HALF_OPEN
    probe.failure("http_500")
    assert bench.state == "open"


@pytest.mark.parametrize("by_hand", ["trip", "force"])
def test_an_operator_s_word_holds_in_a_panic(bench: Bench, by_hand: str) -> None:
    bench.open()
    if by_hand == "trip":
        bench.circuit.trip(actor="ada", ttl_seconds=40)
    else:
        bench.circuit.force(OverrideKind.FORCED_OPEN, ttl_seconds=40, actor="ada")
    assert not bench.circuit.admits_panic
    with pytest.raises(CircuitOpenError):
        panic(bench)


def test_a_listener_that_takes_the_probe_s_slot_keeps_it(bench: Bench) -> None:
    """Whoever hears of the half-open circuit may be the first to call; only one probe is ever in flight."""
    bench.open()
    taken: list[CircuitPermit] = []
    bench.circuit._listener = lambda _: taken.append(bench.circuit.acquire())
    panic(bench).success()
    assert len(taken) == 1
    assert not bench.is_admitting()
