"""The passage to a target: what it takes past open circuits, and what its circuits learn from the attempt's end."""

import pytest

from sentinel.domain.routes import Target
from sentinel.errors import BulkheadFullError, CircuitOpenError, CoolingDownError
from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.bulkhead import BulkheadBoard, BulkheadConfig
from sentinel.resilience.protection import Protection
from sentinel.testing.clock import FakeClock
from sentinel.testing.protection import open_protection
from tests.unit.resilience.making import finished

ONE, OTHER = Target("a", "x"), Target("a", "y")


def with_open_circuit(key: str = "provider:a") -> tuple[Protection, FakeClock]:
    """A provider whose circuit has opened by itself."""
    clock = FakeClock()
    protection = open_protection(clock)
    for _ in range(5):
        protection.board.acquire([key]).failure("server_error")
    return protection, clock


def state_of(protection: Protection, key: str) -> BreakerState:
    return protection.board.get(key).state


# Panic ----------------------------------------------------------------------------------------------------------------


def test_only_a_call_in_a_panic_gets_past_an_open_circuit_and_its_state_is_told() -> None:
    protection, _ = with_open_circuit()
    with pytest.raises(CircuitOpenError):
        protection.enter(ONE)
    with protection.enter(ONE, is_panic=True) as passage:
        assert passage.breaker_state is BreakerState.OPEN


def test_one_call_at_a_time_goes_to_a_provider_in_a_panic_whatever_its_model() -> None:
    protection, _ = with_open_circuit()
    with protection.enter(ONE, is_panic=True):
        assert not protection.panics.is_free("a")
        for target in (ONE, OTHER):
            with pytest.raises(CircuitOpenError):
                protection.enter(target, is_panic=True)
        assert protection.bulkheads.in_flight(ONE) == 1
    assert protection.panics.is_free("a")
    protection.enter(OTHER, is_panic=True)


def test_the_slot_is_given_back_when_the_call_is_cancelled() -> None:
    protection, _ = with_open_circuit()
    with pytest.raises(KeyboardInterrupt), protection.enter(ONE, is_panic=True):
        raise KeyboardInterrupt
    assert protection.panics.is_free("a")
    assert protection.bulkheads.in_flight(ONE) == 0
    assert state_of(protection, "provider:a") is BreakerState.OPEN


def test_a_success_in_a_panic_lets_probing_begin_and_a_failure_does_not() -> None:
    protection, _ = with_open_circuit()
    with protection.enter(ONE, is_panic=True) as passage:
        passage.settle(finished(ONE, "server_error"))
    assert state_of(protection, "provider:a") is BreakerState.OPEN
    with protection.enter(ONE, is_panic=True) as passage:
        passage.settle(finished(ONE))
    assert state_of(protection, "provider:a") is BreakerState.HALF_OPEN
    with protection.enter(ONE) as passage:
        passage.settle(finished(ONE))
    assert state_of(protection, "provider:a") is BreakerState.CLOSED


def test_the_open_circuit_of_one_model_is_passed_beside_the_closed_one_of_its_provider() -> None:
    protection, _ = with_open_circuit("model:a/x")
    with protection.enter(ONE, is_panic=True) as passage:
        assert passage.breaker_state is BreakerState.OPEN
        passage.settle(finished(ONE))
    assert state_of(protection, "model:a/x") is BreakerState.HALF_OPEN
    assert protection.board.get("provider:a").snapshot().successes == 1


def test_a_circuit_that_admits_again_needs_no_panic() -> None:
    protection, clock = with_open_circuit()
    clock.advance(40)
    with protection.enter(ONE, is_panic=True) as passage:
        assert passage.breaker_state is BreakerState.HALF_OPEN
        assert protection.panics.is_free("a")


def test_a_panic_takes_no_call_past_a_cooldown_or_a_full_bulkhead() -> None:
    protection, _ = with_open_circuit()
    protection.cooldowns.throttle(ONE, 60)
    with pytest.raises(CoolingDownError):
        protection.enter(ONE, is_panic=True)
    full = Protection(
        board=protection.board,
        cooldowns=protection.cooldowns,
        bulkheads=BulkheadBoard(BulkheadConfig(max_concurrency=1)),
        budget=protection.budget,
    )
    with full.enter(OTHER, is_panic=True), pytest.raises(BulkheadFullError):
        full.enter(OTHER, is_panic=True)
    assert full.panics.is_free("a")


# Bad answers in a row -------------------------------------------------------------------------------------------------


def answer(protection: Protection, target: Target, *causes: str | None) -> None:
    """Attempts that ended so, one after another."""
    for cause in causes:
        with protection.enter(target) as passage:
            passage.settle(finished(target, cause))


def failures(protection: Protection, key: str) -> int:
    return protection.board.get(key).snapshot().failures


def test_the_third_empty_answer_in_a_row_and_each_after_it_count_against_the_model_and_not_its_provider() -> None:
    protection = open_protection(FakeClock())
    answer(protection, ONE, "empty_answer", "empty_answer")
    assert failures(protection, "model:a/x") == 0
    answer(protection, ONE, "empty_answer", "empty_answer")
    assert failures(protection, "model:a/x") == 2
    assert failures(protection, "provider:a") == 0


def test_empty_answers_alone_open_the_model_s_circuit_and_leave_other_models_alone() -> None:
    protection = open_protection(FakeClock())
    answer(protection, ONE, *["empty_answer"] * 7)
    with pytest.raises(CircuitOpenError):
        protection.enter(ONE)
    answer(protection, OTHER, None)


def test_a_whole_answer_between_them_ends_the_row() -> None:
    protection = open_protection(FakeClock())
    answer(protection, ONE, *["empty_answer", "empty_answer", None] * 5)
    assert failures(protection, "model:a/x") == 0


def test_an_empty_answer_to_the_probe_of_a_model_that_gave_too_many_opens_its_circuit_again() -> None:
    clock = FakeClock()
    protection = open_protection(clock)
    answer(protection, ONE, *["empty_answer"] * 7)
    clock.advance(40)
    answer(protection, ONE, "empty_answer")
    assert state_of(protection, "model:a/x") is BreakerState.OPEN


@pytest.mark.parametrize("cause", ["bad_tool_json", "bad_generation", "content_filter", "rate_limit"])
def test_other_answers_that_are_no_failures_never_count(cause: str) -> None:
    clock = FakeClock()
    protection = open_protection(clock)
    for _ in range(9):
        answer(protection, ONE, cause)
        clock.advance(20)
    assert failures(protection, "model:a/x") == 0
