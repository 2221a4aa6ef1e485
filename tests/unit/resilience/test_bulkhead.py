"""The bulkhead of a target: places, and how their number follows what the target can bear."""

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sentinel.domain.routes import Target
from sentinel.errors import BulkheadFullError
from sentinel.resilience.bulkhead import BulkheadBoard, BulkheadConfig, BulkheadPermit
from sentinel.resilience.refusal import Refusal
from tests.unit.resilience.making import finished

TARGET, OTHER = Target("a", "x"), Target("a", "y")
STRAINS = ["rate_limit", "overloaded", "first_token_timeout", "read_timeout", "request_timeout", "stall"]
INNOCENT = ["server_error", "connection_refused", "auth", "bad_request", "empty_answer", "cancelled"]


def board(maximum: int = 8, *, max_targets: int = 4096) -> BulkheadBoard:
    return BulkheadBoard(BulkheadConfig(max_concurrency=maximum, max_targets=max_targets))


def call(on: BulkheadBoard, cause: str | None, target: Target = TARGET) -> None:
    with on.enter(target) as permit:
        permit.settle(finished(target, cause))


def test_as_many_calls_are_admitted_as_there_are_places() -> None:
    places = board(2)
    permits = [places.enter(TARGET), places.enter(TARGET)]
    assert places.refusal(TARGET) == Refusal("bulkhead_full")
    with pytest.raises(BulkheadFullError, match="'a/x' has 2 calls in flight"):
        places.enter(TARGET)
    permits[0].release()
    assert places.refusal(TARGET) is None
    places.enter(TARGET)


def test_targets_do_not_take_each_others_places() -> None:
    places = board(1)
    places.enter(TARGET)
    places.enter(OTHER)


def test_a_target_may_have_a_limit_of_its_own() -> None:
    places = BulkheadBoard(BulkheadConfig(max_concurrency=8, by_target={TARGET: 1}))
    assert (places.limit(TARGET), places.limit(OTHER)) == (1, 8)
    places.enter(TARGET)
    assert places.refusal(TARGET) is not None


def test_a_place_is_given_back_once_however_often_that_is_said() -> None:
    places = board(2)
    first, second = places.enter(TARGET), places.enter(TARGET)
    for _ in range(3):
        first.release()
    assert places.in_flight(TARGET) == 1
    second.release()
    assert places.in_flight(TARGET) == 0


def test_a_place_is_given_back_when_the_call_raises() -> None:
    places = board(1)
    with pytest.raises(ZeroDivisionError), places.enter(TARGET):
        raise ZeroDivisionError
    assert places.refusal(TARGET) is None


@pytest.mark.parametrize("cause", STRAINS)
def test_throttles_and_timeouts_halve_the_limit(cause: str) -> None:
    places = board(8)
    limits = []
    for _ in range(5):
        call(places, cause)
        limits.append(places.limit(TARGET))
    assert limits == [4, 2, 1, 1, 1]


@pytest.mark.parametrize("cause", INNOCENT)
def test_other_outcomes_leave_the_limit_alone(cause: str) -> None:
    places = board(8)
    call(places, cause)
    assert places.limit(TARGET) == 8


def test_one_burst_of_throttles_halves_the_limit_once() -> None:
    places = board(8)
    permits = [places.enter(TARGET) for _ in range(8)]
    for permit in permits:
        permit.settle(finished(TARGET, "rate_limit"))
        permit.release()
    assert places.limit(TARGET) == 4


def test_a_limit_that_was_never_reached_falls_to_what_is_in_flight_and_only_then_to_half() -> None:
    places = board(1000)
    permits = [places.enter(TARGET) for _ in range(100)]
    permits[0].settle(finished(TARGET, "rate_limit"))
    assert places.limit(TARGET) == 100
    for permit in permits[:40]:
        permit.release()
    call(places, "rate_limit")
    assert places.limit(TARGET) == 50


def test_a_single_late_answer_of_a_target_with_little_to_do_leaves_room() -> None:
    places = board(1000)
    call(places, "first_token_timeout")
    assert places.limit(TARGET) == 16


def test_calls_above_a_halved_limit_go_on_and_no_new_ones_begin() -> None:
    places = board(8)
    permits = [places.enter(TARGET) for _ in range(8)]
    permits[0].settle(finished(TARGET, "rate_limit"))
    for permit in permits[:4]:
        permit.release()
        assert places.refusal(TARGET) is not None
    permits[4].release()
    assert places.refusal(TARGET) is None


def test_successes_widen_the_limit_slowly_up_to_its_maximum() -> None:
    places = board(8)
    call(places, "rate_limit")
    for _ in range(4):
        call(places, None)
    assert places.limit(TARGET) == 4
    call(places, None)
    assert places.limit(TARGET) == 5
    for _ in range(100):
        call(places, None)
    assert places.limit(TARGET) == 8


def test_only_the_first_result_of_a_call_counts_and_none_after_its_end() -> None:
    places = board(8)
    permit, late = places.enter(TARGET), places.enter(TARGET)
    permit.settle(finished(TARGET, None))
    permit.settle(finished(TARGET, "rate_limit"))
    late.release()
    late.settle(finished(TARGET, "rate_limit"))
    assert places.limit(TARGET) == 8


def test_idle_targets_are_forgotten_when_there_are_too_many() -> None:
    places = board(8, max_targets=3)
    busy = places.enter(TARGET)
    for number in range(20):
        call(places, "rate_limit", Target("a", f"m{number}"))
    assert len(places._compartments) <= 3
    assert places.in_flight(TARGET) == 1
    busy.release()


class BulkheadMachine(RuleBasedStateMachine):
    """Calls that begin and end in any order, with any result."""

    def __init__(self) -> None:
        super().__init__()
        self.places = board(12)
        self.held: list[BulkheadPermit] = []

    @rule(times=st.integers(1, 15))
    def calls_begin(self, times: int) -> None:
        for _ in range(times):
            has_room = len(self.held) < self.places.limit(TARGET)
            assert (self.places.refusal(TARGET) is None) == has_room
            if has_room:
                self.held.append(self.places.enter(TARGET))

    @precondition(lambda self: self.held)
    @rule(data=st.data(), cause=st.sampled_from([None, "rate_limit", "stall", "server_error"]), twice=st.booleans())
    def call_ends(self, data: st.DataObject, cause: str | None, twice: bool) -> None:
        permit = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        for _ in range(1 + twice):
            permit.settle(finished(TARGET, cause))
            permit.release()

    @invariant()
    def what_is_in_flight_is_counted_right(self) -> None:
        assert self.places.in_flight(TARGET) == len(self.held)
        assert 1 <= self.places.limit(TARGET) <= 12

    def teardown(self) -> None:
        for permit in self.held:
            permit.release()
        assert self.places.in_flight(TARGET) == 0
        for _ in range(200):
            call(self.places, None)
        assert self.places.limit(TARGET) == 12


TestBulkhead = BulkheadMachine.TestCase
