"""Late and repeated results: they change nothing and are only counted."""

import pytest

from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.circuit_permit import CircuitPermit
from tests.unit.resilience.driving import Bench


def report(permit: CircuitPermit, outcome: str) -> None:
    """Give the permit that result."""
    {"success": permit.success, "failure": permit.failure, "neutral": permit.neutral}[outcome]()


@pytest.mark.parametrize("outcome", ["success", "failure"])
def test_result_from_before_the_opening_changes_nothing_while_open(bench: Bench, outcome: str) -> None:
    """Late failures do not extend the open time, late successes do not close."""
    old = bench.circuit.acquire()
    bench.open()
    bench.clock.advance(10)
    report(old, outcome)
    snapshot = bench.circuit.snapshot()
    assert (snapshot.state, snapshot.ignored, snapshot.failures) == (BreakerState.OPEN, 1, 5)
    assert bench.open_seconds() == 20


@pytest.mark.parametrize("outcome", ["success", "failure", "neutral"])
def test_result_from_before_the_opening_is_no_verdict_in_half_open(bench: Bench, outcome: str) -> None:
    """Only the probe decides."""
    old = [bench.circuit.acquire() for _ in range(3)]
    bench.open()
    bench.let_open_time_pass()
    probe = bench.circuit.acquire()
    for permit in old:
        report(permit, outcome)
    assert bench.state == "half_open"
    assert not bench.is_admitting(), "the probe still holds the slot"
    probe.success()
    bench.succeed()
    assert bench.state == "closed"


def test_results_from_before_the_opening_do_not_count_after_the_recovery(bench: Bench) -> None:
    """Twenty calls that hang through the outage and then fail must not open the circuit again."""
    old = [bench.circuit.acquire() for _ in range(20)]
    bench.open()
    bench.let_open_time_pass()
    bench.succeed(2)
    for permit in old:
        permit.failure("reset")
    snapshot = bench.circuit.snapshot()
    assert (snapshot.state, snapshot.failures, snapshot.ignored) == (BreakerState.CLOSED, 0, 20)


def test_slow_mark_of_an_old_call_does_not_count(bench: Bench) -> None:
    """Nor do calls from before the outage make the recovered target slow."""
    old = [bench.circuit.acquire() for _ in range(10)]
    bench.open()
    bench.let_open_time_pass()
    bench.succeed(2)
    for permit in old:
        permit.mark_slow()
    assert bench.state == "closed"
    assert bench.circuit.snapshot().slow == 0


def test_probe_of_an_earlier_half_open_does_not_count_in_a_later_one(bench: Bench) -> None:
    """A probe that hung through one half-open is no probe of the next."""
    bench.open()
    bench.let_open_time_pass()
    hung = bench.circuit.acquire()
    bench.clock.advance(60)
    bench.let_open_time_pass()
    probe = bench.circuit.acquire()
    hung.success()
    hung.release()
    assert not bench.is_admitting(), "the slot belongs to the new probe"
    hung = probe
    hung.success()
    assert bench.state == "half_open"


@pytest.mark.parametrize("first", ["success", "failure"])
@pytest.mark.parametrize("second", ["success", "failure"])
def test_second_result_of_a_permit_changes_nothing(bench: Bench, first: str, second: str) -> None:
    """The first word counts."""
    permit = bench.circuit.acquire()
    report(permit, first)
    before = bench.circuit.snapshot()
    report(permit, second)
    after = bench.circuit.snapshot()
    assert (after.failures, after.successes) == (before.failures, before.successes)
    assert after.ignored == before.ignored + 1


def test_second_success_of_a_probe_does_not_close(bench: Bench) -> None:
    """Two successes are two calls."""
    bench.open()
    bench.let_open_time_pass()
    probe = bench.circuit.acquire()
    probe.success()
    probe.success()
    assert bench.state == "half_open"


def test_second_release_of_a_probe_does_not_free_the_slot_of_the_next(bench: Bench) -> None:
    """One probe stays one probe."""
    bench.open()
    bench.let_open_time_pass()
    first = bench.circuit.acquire()
    first.neutral()
    bench.circuit.acquire()
    first.neutral()
    first.release()
    assert not bench.is_admitting()


def test_release_in_finally_after_a_result_is_silent(bench: Bench) -> None:
    """The usual `finally` is not a repeated result."""
    permit = bench.circuit.acquire()
    permit.success()
    permit.release()
    snapshot = bench.circuit.snapshot()
    assert (snapshot.successes, snapshot.neutral, snapshot.ignored) == (1, 0, 0)


def test_mark_after_the_end_does_not_count(bench: Bench) -> None:
    """A timer that fires too late finds nothing to mark."""
    permit = bench.circuit.acquire()
    permit.success()
    permit.mark_slow()
    assert bench.circuit.snapshot().slow == 0


def test_permit_tells_the_state_that_gave_it(bench: Bench) -> None:
    """It goes into the ledger as a plain word."""
    assert f"{bench.circuit.acquire().state}" == "closed"
    bench.open()
    bench.let_open_time_pass()
    assert f"{bench.circuit.acquire().state}" == "half_open"
