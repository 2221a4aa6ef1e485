"""What an open circuit refuses and for how long, and how probing ends."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import CircuitOpenError
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import BreakerState, Transition
from sentinel.resilience.circuit_breaker import CircuitBreaker
from sentinel.resilience.circuit_permit import CircuitPermit
from sentinel.testing.clock import FakeClock, settle
from tests.unit.resilience.driving import Bench


def half_open_with_probe(bench: Bench) -> CircuitPermit:
    """Open the circuit, wait, and take the probe's permit."""
    bench.open()
    bench.let_open_time_pass()
    probe = bench.circuit.acquire()
    assert bench.state == "half_open"
    return probe


# Open -----------------------------------------------------------------------------------------------------------------


def test_open_circuit_admits_nothing_before_its_time(bench: Bench) -> None:
    """Refused until the last moment, and told how long to wait."""
    bench.open()
    bench.clock.advance(29.75)
    with pytest.raises(CircuitOpenError) as caught:
        bench.circuit.acquire()
    assert caught.value.retry_after == pytest.approx(0.25)
    assert caught.value.key == "model:p/m"
    assert bench.circuit.snapshot().rejected == 1
    bench.clock.advance(0.25)
    assert bench.is_admitting()


def test_open_circuit_becomes_half_open_only_when_a_call_comes(bench: Bench) -> None:
    """Time alone changes nothing."""
    bench.open()
    bench.clock.advance(3600)
    assert bench.state == "open"
    assert bench.circuit.refusal() is None
    assert bench.state == "open", "asking is not calling"
    bench.circuit.acquire()
    assert bench.state == "half_open"
    assert bench.steps[-1] == ("open", "half_open", "elapsed")


def test_open_time_doubles_with_each_reopening_up_to_five_minutes(bench: Bench) -> None:
    """30, 60, 120, 240, then 300 for ever."""
    bench.open()
    seen = [bench.open_seconds()]
    for _ in range(6):
        bench.let_open_time_pass()
        bench.fail()
        seen.append(bench.open_seconds())
    assert seen == [30, 60, 120, 240, 300, 300, 300]


def test_open_time_is_kept_after_a_short_recovery(bench: Bench) -> None:
    """Closed for less than five minutes does not make a flapping target trustworthy."""
    half_open_with_probe(bench).failure("http_500")
    bench.let_open_time_pass()
    bench.succeed(2)
    bench.clock.advance(299)
    bench.open()
    assert bench.open_seconds() == 60


def test_open_time_starts_again_after_five_minutes_closed(bench: Bench) -> None:
    """The exponent is forgotten."""
    half_open_with_probe(bench).failure("http_500")
    bench.let_open_time_pass()
    bench.succeed(2)
    bench.clock.advance(300)
    bench.open()
    assert bench.open_seconds() == 30


@given(st.floats(0, 1, exclude_max=True), st.integers(0, 8))
def test_jitter_adds_at_most_a_fifth_and_never_shortens(jitter: float, reopens: int) -> None:
    """Whatever the randomness, the open time lies between the plain one and 1.2 times it."""
    bench = Bench(rng=lambda: jitter)
    bench.open()
    for _ in range(reopens):
        bench.let_open_time_pass()
        bench.clock.advance(0.001)  # past the rounding of the float sum
        bench.fail()
    plain = min(30 * 2**reopens, 300)
    assert plain - 1e-6 <= bench.open_seconds() <= plain * 1.2 + 1e-6
    assert bench.open_seconds() == pytest.approx(plain * (1 + 0.2 * jitter))


def test_open_time_is_never_less_than_retry_after(bench: Bench) -> None:
    """The target's own word is a floor."""
    bench.fail(5, retry_after=120)
    assert bench.open_seconds() == 120


def test_retry_after_shorter_than_the_open_time_changes_nothing(bench: Bench) -> None:
    """A floor is not a ceiling."""
    bench.fail(5, retry_after=2)
    assert bench.open_seconds() == 30


def test_retry_after_of_an_earlier_failure_of_the_streak_holds(bench: Bench) -> None:
    """The failure that opens the circuit need not be the one that carried the header."""
    bench.fail(1, retry_after=120)
    bench.clock.advance(10)
    bench.fail(4)
    assert bench.open_seconds() == 110


def test_shorter_retry_after_does_not_shorten_a_longer_one(bench: Bench) -> None:
    """The target is not called before the last instant that it has named."""
    bench.fail(1, retry_after=120)
    bench.fail(4, retry_after=40)
    assert bench.open_seconds() == 120


def test_success_after_it_makes_retry_after_moot(bench: Bench) -> None:
    """A target that has served since is not held off any longer."""
    bench.fail(1, retry_after=120)
    bench.succeed()
    bench.fail(4)
    assert bench.open_seconds() == 30


def test_retry_after_of_a_failed_probe_is_a_floor_too(bench: Bench) -> None:
    """Reopening follows the same rule."""
    half_open_with_probe(bench).failure("http_503", retry_after=200)
    assert bench.open_seconds() == 200


@pytest.mark.parametrize("absurd", [1e9, float("inf")])
def test_absurd_retry_after_holds_for_an_hour_at_most(bench: Bench, absurd: float) -> None:
    """A wrong header must not end a target."""
    bench.fail(5, retry_after=absurd)
    assert bench.open_seconds() == 3600


@pytest.mark.parametrize("senseless", [-5.0, 0.0, float("nan")])
def test_senseless_retry_after_is_no_floor(bench: Bench, senseless: float) -> None:
    """What is not a positive time is not an instruction."""
    bench.fail(5, retry_after=senseless)
    assert bench.open_seconds() == 30


# Half-open ------------------------------------------------------------------------------------------------------------


def test_two_successful_probes_close_the_circuit(bench: Bench) -> None:
    """One is not enough."""
    bench.open()
    bench.let_open_time_pass()
    bench.succeed()
    assert bench.state == "half_open"
    bench.succeed()
    assert bench.steps == [("closed", "open", "A"), ("open", "half_open", "elapsed"), ("half_open", "closed", "probe")]


def test_closed_circuit_starts_from_nothing(bench: Bench) -> None:
    """The failures that opened it do not help to open it again."""
    bench.open()
    bench.let_open_time_pass()
    bench.succeed(2)
    snapshot = bench.circuit.snapshot()
    assert (snapshot.failures, snapshot.successes, snapshot.consecutive_failures) == (0, 0, 0)
    bench.fail(4)
    assert bench.state == "closed"


def test_first_failed_probe_reopens_it(bench: Bench) -> None:
    """Even after a successful one, and the success is forgotten."""
    bench.open()
    bench.let_open_time_pass()
    bench.succeed()
    bench.fail()
    assert bench.steps[-1] == ("half_open", "open", "probe")
    bench.let_open_time_pass()
    bench.succeed()
    assert bench.state == "half_open"
    bench.succeed()
    assert bench.state == "closed"


def test_neutral_probe_returns_the_slot_without_a_verdict(bench: Bench) -> None:
    """Nothing is learned, and the next call may probe at once."""
    probe = half_open_with_probe(bench)
    assert not bench.is_admitting()
    probe.neutral()
    snapshot = bench.circuit.snapshot()
    assert (snapshot.state, snapshot.is_probe_in_flight, snapshot.reopens) == (BreakerState.HALF_OPEN, False, 0)
    assert bench.is_admitting()


async def test_hundred_concurrent_callers_in_half_open_are_one_probe(bench: Bench) -> None:
    """Property 2: whatever the concurrency, exactly one call reaches the target."""
    bench.open()
    bench.let_open_time_pass()
    admitted, refused = list[int](), list[int]()
    others_are_gone = asyncio.Event()

    async def caller(number: int) -> None:
        await asyncio.sleep(0)
        try:
            permit = bench.circuit.acquire()
        except CircuitOpenError:
            refused.append(number)
            return
        admitted.append(number)
        await others_are_gone.wait()
        permit.success()

    async with asyncio.timeout(5), asyncio.TaskGroup() as callers:
        tasks = [callers.create_task(caller(number)) for number in range(100)]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        await settle()
        assert (len(admitted), len(refused)) == (1, 99)
        others_are_gone.set()
    assert bench.circuit.snapshot().rejected == 99
    assert bench.state == "half_open", "one probe has succeeded, not a hundred"


def test_caller_refused_by_a_running_probe_is_told_to_come_back_soon(bench: Bench) -> None:
    """The probe may end at any moment, so nobody is sent away for the rest of half-open."""
    half_open_with_probe(bench)
    with pytest.raises(CircuitOpenError) as caught:
        bench.circuit.acquire()
    assert caught.value.retry_after == 1
    bench.clock.advance(59.5)
    refusal = bench.circuit.refusal()
    assert refusal is not None
    assert refusal.retry_after == 0.5


def test_hung_probe_does_not_wedge_the_circuit(bench: Bench) -> None:
    """Property 4: half-open ends after 60 seconds though the probe never comes back, and probing goes on later."""
    half_open_with_probe(bench)
    bench.clock.advance(59.75)
    assert bench.state == "half_open"
    bench.clock.advance(0.25)
    assert bench.state == "open"
    assert bench.steps[-1] == ("half_open", "open", "expired")
    assert bench.open_seconds() == 60, "a probe that hangs is a failed probe"
    bench.let_open_time_pass()
    bench.succeed(2)
    assert bench.state == "closed"


def test_half_open_ends_on_time_even_if_nobody_looked(bench: Bench) -> None:
    """The open time runs from when half-open was over, not from when somebody noticed."""
    half_open_with_probe(bench)
    bench.clock.advance(60 + 45)
    assert bench.open_seconds() == 15
    assert bench.transitions[-1].at < bench.clock.now()


def test_probe_that_hung_and_succeeds_late_does_not_close_it(bench: Bench) -> None:
    """Its epoch is over, though nobody had looked at the circuit in between."""
    probe = half_open_with_probe(bench)
    bench.clock.advance(61)
    probe.success()
    snapshot = bench.circuit.snapshot()
    assert (snapshot.state, snapshot.ignored) == (BreakerState.OPEN, 1)


def test_probe_that_hung_and_returns_neutral_late_is_still_a_hung_probe(bench: Bench) -> None:
    """Giving the slot back after the end of half-open does not undo the verdict."""
    probe = half_open_with_probe(bench)
    bench.clock.advance(61)
    probe.neutral()
    assert bench.circuit.snapshot().reopens == 1


def test_target_that_is_rarely_called_can_still_close(bench: Bench) -> None:
    """One good call every 100 seconds: half-open runs out between them, which is not held against the target."""
    bench.open()
    for _ in range(2):
        bench.clock.advance(100)
        bench.succeed()
    assert bench.state == "closed"
    assert bench.circuit.snapshot().reopens == 0


def test_slow_probe_that_succeeds_counts_as_success(bench: Bench) -> None:
    """Half-open asks whether the target serves at all."""
    bench.open()
    bench.let_open_time_pass()
    probe = bench.circuit.acquire()
    probe.mark_slow()
    probe.success(slow=True)
    bench.succeed(slow=True)
    assert bench.state == "closed"


def test_counts_that_opened_the_circuit_stay_to_be_seen(bench: Bench) -> None:
    """An operator who looks a minute later sees why it is open, and until when."""
    bench.succeed(2)
    opened_at = bench.clock.now()
    bench.fail(5, retry_after=90)
    bench.clock.advance(80)
    snapshot = bench.circuit.snapshot()
    assert (snapshot.failures, snapshot.successes, snapshot.consecutive_failures) == (5, 2, 5)
    assert snapshot.opened_at == opened_at
    assert snapshot.retry_at is not None
    assert (snapshot.retry_at - bench.clock.now()).total_seconds() == pytest.approx(10)


def test_snapshot_has_the_shape_of_the_api(bench: Bench) -> None:
    """The wire shape, in each state."""
    assert bench.circuit.snapshot().to_dict() == {
        "key": "model:p/m",
        "state": "closed",
        "failures": 0,
        "successes": 0,
        "consecutive_failures": 0,
        "opened_at": None,
        "retry_at": None,
        "override": None,
        "rule": None,
        "reason": None,
    }
    half_open_with_probe(bench)
    wire = bench.circuit.snapshot().to_dict()
    assert (wire["state"], wire["retry_at"]) == ("half_open", None)
    assert wire["opened_at"] == "2026-01-01T00:00:00+00:00"


def test_number_of_successes_to_close_is_configuration() -> None:
    """One suffices if the operator says so."""
    bench = Bench(BreakerConfig(successes_to_close=1))
    bench.open()
    bench.let_open_time_pass()
    bench.succeed()
    assert bench.state == "closed"


def test_listener_that_takes_the_slot_leaves_none_for_the_caller() -> None:
    """A synthetic probe started by the transition is the one probe; the call that caused it is refused."""
    clock, taken = FakeClock(), list[CircuitPermit]()

    def probe_at_once(transition: Transition) -> None:
        if transition.to_state is BreakerState.HALF_OPEN:
            taken.append(circuit.acquire())

    circuit = CircuitBreaker("provider:p", clock=clock, rng=lambda: 0.0, listener=probe_at_once)
    circuit.trip(actor="operator")
    clock.advance(30)
    with pytest.raises(CircuitOpenError):
        circuit.acquire()
    assert len(taken) == 1
