"""Cool-downs and latches: how long a target is held, who checks it, what ends it."""

import math

import pytest

from sentinel.domain.routes import Target
from sentinel.errors import CoolingDownError, LatchedError
from sentinel.resilience.cooldowns import CooldownBoard, CooldownConfig, HoldPermit
from sentinel.resilience.failure_table import LatchScope
from sentinel.resilience.holds import HoldChange
from sentinel.resilience.refusal import Refusal
from sentinel.testing.clock import FakeClock
from tests.unit.resilience.making import finished

LARGE, SMALL, OTHER = Target("a", "large"), Target("a", "small"), Target("b", "large")


class Bench:
    """A board, its clock, and what it told."""

    def __init__(self, config: CooldownConfig | None = None) -> None:
        self.clock = FakeClock()
        self.told: list[HoldChange] = []
        self.board = CooldownBoard(self.clock, config=config, listener=self.told.append)

    @property
    def steps(self) -> list[tuple[str, str, str]]:
        return [(change.step.value, change.hold.kind.value, change.hold.key) for change in self.told]

    def wait(self, target: Target = LARGE) -> float | None:
        """How long the target is held, or None."""
        refusal = self.board.refusal(target)
        return None if refusal is None else refusal.retry_after

    def call(self, cause: str | None, target: Target = LARGE, *, retry_after: float | None = None) -> None:
        """Make one call that ends at once."""
        self.end(self.board.enter(target), cause, retry_after=retry_after)

    def end(self, permit: HoldPermit, cause: str | None, *, retry_after: float | None = None) -> None:
        permit.settle(finished(permit.target, cause, retry_after_seconds=retry_after))


@pytest.fixture
def bench() -> Bench:
    return Bench()


# Cool-downs -----------------------------------------------------------------------------------------------------------


def test_nothing_is_held_at_the_start(bench: Bench) -> None:
    assert bench.board.refusal(LARGE) is None
    assert bench.board.snapshot() == []
    bench.board.enter(LARGE).release()


def test_a_throttled_model_is_left_alone_for_as_long_as_it_asks(bench: Bench) -> None:
    bench.call("rate_limit", retry_after=30)
    assert bench.board.refusal(LARGE) == Refusal("cooldown", 30)
    with pytest.raises(CoolingDownError) as refused:
        bench.board.enter(LARGE)
    assert refused.value.retry_after == 30
    bench.clock.advance(29)
    assert bench.wait() == 1
    bench.clock.advance(1)
    assert bench.wait() is None


def test_other_models_of_a_throttled_provider_go_on(bench: Bench) -> None:
    bench.call("rate_limit", retry_after=30)
    assert bench.wait(SMALL) is None
    assert bench.wait(OTHER) is None


@pytest.mark.parametrize("asked", [121, 86400, math.inf])
def test_no_target_is_held_longer_than_the_cap(bench: Bench, asked: float) -> None:
    bench.call("rate_limit", retry_after=asked)
    assert bench.wait() == 120


@pytest.mark.parametrize("asked", [None, 0, -3, math.nan])
def test_a_throttle_that_names_no_time_holds_shortly_and_longer_each_time(bench: Bench, asked: float | None) -> None:
    waits = []
    for _ in range(6):
        bench.call("rate_limit", retry_after=asked)
        waits.append(bench.wait())
        bench.clock.advance(20)
    assert waits == [1, 2, 4, 8, 8, 8]


def test_a_success_ends_the_streak_of_throttles(bench: Bench) -> None:
    for cause in ("rate_limit", "rate_limit", None, "rate_limit"):
        bench.clock.advance(20)
        bench.call(cause)
    assert bench.wait() == 1


def test_throttles_of_calls_in_flight_together_are_no_streak(bench: Bench) -> None:
    permits = [bench.board.enter(LARGE) for _ in range(50)]
    for permit in permits:
        bench.end(permit, "rate_limit")
    assert bench.wait() == 1
    assert bench.steps == [("began", "cooldown", "a/large")]


def test_a_cooldown_grows_and_is_never_cut_short(bench: Bench) -> None:
    permits = [bench.board.enter(LARGE) for _ in range(4)]
    waits = []
    for permit, asked in zip(permits, (10, 60, 5, None), strict=True):
        bench.end(permit, "rate_limit", retry_after=asked)
        waits.append(bench.wait())
    assert waits == [10, 60, 60, 60]


def test_a_late_success_of_an_older_call_does_not_end_a_cooldown(bench: Bench) -> None:
    old = bench.board.enter(LARGE)
    bench.call("rate_limit", retry_after=30)
    bench.end(old, None)
    assert bench.wait() == 30


def test_who_wakes_a_moment_early_from_a_cooldown_is_let_through(bench: Bench) -> None:
    bench.call("rate_limit", retry_after=30)
    bench.clock.advance(29.9995)
    assert bench.wait() is None


def test_jumps_of_the_wall_clock_change_nothing(bench: Bench) -> None:
    bench.call("rate_limit", retry_after=30)
    bench.clock.jump_wall_clock(-7200)
    assert bench.wait() == 30
    bench.clock.jump_wall_clock(100_000)
    assert bench.wait() == 30


@pytest.mark.parametrize("cause", ["server_error", "stall", "bad_request", "empty_answer", "cancelled"])
def test_other_outcomes_hold_nothing(bench: Bench, cause: str) -> None:
    bench.call(cause, retry_after=30)
    assert bench.board.snapshot() == []


# Latches --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", ["auth", "quota"])
def test_a_refused_credential_disables_all_models_of_its_provider(bench: Bench, cause: str) -> None:
    bench.call(cause)
    assert bench.board.refusal(LARGE) == Refusal("latched", 600)
    assert bench.wait(SMALL) == 600
    assert bench.wait(OTHER) is None
    with pytest.raises(LatchedError):
        bench.board.enter(SMALL)


def test_an_unknown_model_disables_only_itself(bench: Bench) -> None:
    bench.call("unknown_model")
    assert bench.wait(LARGE) == 600
    assert bench.wait(SMALL) is None


def test_a_latch_remembers_why_and_the_one_that_lasts_longest_speaks(bench: Bench) -> None:
    bench.board.enter(LARGE).settle(finished(LARGE, "unknown_model", detail="no such model"))
    bench.clock.advance(1)
    refusal = bench.board.refusal(LARGE)
    assert refusal is not None
    assert (refusal.reason, refusal.detail) == ("unknown_model", "no such model")
    bench.board.enter(SMALL).settle(finished(SMALL, "auth", detail="wrong key"))
    refusal = bench.board.refusal(LARGE)
    assert refusal is not None
    assert (refusal.reason, refusal.detail) == ("auth", "wrong key")


def test_after_ten_minutes_one_call_checks_and_all_others_wait(bench: Bench) -> None:
    bench.call("auth")
    bench.clock.advance(600)
    assert bench.wait() is None
    check = bench.board.enter(LARGE)
    for target in (LARGE, SMALL):
        assert bench.board.refusal(target) == Refusal("latched", 1)
        with pytest.raises(LatchedError):
            bench.board.enter(target)
    check.release()


def test_a_check_that_succeeds_releases_the_latch(bench: Bench) -> None:
    bench.call("auth")
    bench.clock.advance(600)
    bench.call(None, SMALL)
    assert bench.wait() is None
    assert bench.steps == [("began", "credential", "a"), ("released", "credential", "a")]


def test_a_check_that_fails_renews_the_latch(bench: Bench) -> None:
    bench.call("auth")
    bench.clock.advance(700)
    bench.call("quota")
    assert bench.wait() == 600
    assert bench.steps == [("began", "credential", "a"), ("renewed", "credential", "a")]


@pytest.mark.parametrize("cause", ["server_error", "cancelled", "rate_limit", "unknown_model"])
def test_a_check_without_a_verdict_leaves_it_to_the_next_call(bench: Bench, cause: str) -> None:
    bench.call("auth")
    bench.clock.advance(600)
    bench.call(cause)
    assert ("released", "credential", "a") not in bench.steps
    assert bench.wait(SMALL) is None
    bench.board.enter(SMALL)
    assert bench.wait(SMALL) == 1


def test_a_check_that_is_given_back_leaves_it_to_the_next_call(bench: Bench) -> None:
    bench.call("auth")
    bench.clock.advance(600)
    with bench.board.enter(LARGE):
        assert bench.wait() == 1
    assert bench.wait() is None


def test_one_call_checks_credential_and_model_together(bench: Bench) -> None:
    permits = [bench.board.enter(LARGE) for _ in range(2)]
    bench.end(permits[0], "auth")
    bench.end(permits[1], "unknown_model")
    bench.clock.advance(600)
    bench.call(None)
    assert bench.board.snapshot() == []


def test_a_success_that_checked_nothing_releases_nothing(bench: Bench) -> None:
    old = bench.board.enter(LARGE)
    bench.call("auth")
    bench.end(old, None)
    assert bench.wait() == 600


def test_only_the_first_result_of_a_call_counts(bench: Bench) -> None:
    permit = bench.board.enter(LARGE)
    bench.end(permit, None)
    bench.end(permit, "auth")
    permit.release()
    assert bench.wait() is None


def test_a_check_that_was_given_back_cannot_release_a_later_check(bench: Bench) -> None:
    bench.call("auth")
    bench.clock.advance(600)
    first = bench.board.enter(LARGE)
    first.release()
    second = bench.board.enter(LARGE)
    first.release()
    bench.end(first, None)
    assert bench.wait() == 1
    second.release()


def test_a_check_from_before_a_release_decides_nothing_about_a_later_latch(bench: Bench) -> None:
    bench.call("auth")
    bench.clock.advance(600)
    old = bench.board.enter(LARGE)
    bench.board.release("a", actor="ada")
    bench.call("auth")
    bench.clock.advance(600)
    check = bench.board.enter(LARGE)
    bench.end(old, None)
    assert bench.wait() == 1
    check.release()


def test_refusals_of_calls_in_flight_together_are_told_once(bench: Bench) -> None:
    permits = [bench.board.enter(LARGE) for _ in range(5)]
    for permit in permits:
        bench.end(permit, "auth")
    assert bench.steps == [("began", "credential", "a")]


# Operators ------------------------------------------------------------------------------------------------------------


def test_an_operator_releases_a_provider_with_all_its_models(bench: Bench) -> None:
    permits = [bench.board.enter(target) for target in (LARGE, LARGE, SMALL, OTHER)]
    for permit, cause in zip(permits, ("auth", "unknown_model", "rate_limit", "auth"), strict=True):
        bench.end(permit, cause)
    released = bench.board.release("a", actor="ada", reason="new key")
    assert sorted(hold.key for hold in released) == ["a", "a/large", "a/small"]
    assert (bench.told[-1].actor, bench.told[-1].reason) == ("ada", "new key")
    assert [hold.key for hold in bench.board.snapshot()] == ["b"]


def test_an_operator_releases_one_model(bench: Bench) -> None:
    permits = [bench.board.enter(target) for target in (LARGE, SMALL)]
    for permit in permits:
        bench.end(permit, "unknown_model")
    assert [hold.key for hold in bench.board.release("a/large", actor="ada")] == ["a/large"]
    assert bench.wait(SMALL) == 600


def test_releasing_what_is_not_held_does_nothing(bench: Bench) -> None:
    assert bench.board.release("a", actor="ada") == []
    bench.call("rate_limit", retry_after=5)
    bench.clock.advance(5)
    assert bench.board.release("a", actor="ada") == []
    assert bench.board.release("a/lar", actor="ada") == []


def test_calls_of_before_a_release_do_not_latch_again_and_later_ones_do(bench: Bench) -> None:
    old = bench.board.enter(LARGE)
    bench.call("auth")
    bench.clock.advance(10)
    bench.board.release("a", actor="ada")
    bench.end(old, "auth")
    assert bench.wait() is None
    bench.call("auth")
    assert bench.wait() == 600


def test_a_release_of_a_model_covers_its_own_calls_in_flight(bench: Bench) -> None:
    old = bench.board.enter(LARGE)
    bench.call("unknown_model")
    bench.board.release("a/large", actor="ada")
    bench.end(old, "unknown_model")
    assert bench.wait() is None


def test_a_release_stops_at_the_end_of_the_name(bench: Bench) -> None:
    bench.call("auth", Target("ab", "large"))
    assert bench.board.release("a", actor="ada") == []


def test_the_snapshot_tells_until_when_and_why(bench: Bench) -> None:
    bench.call("rate_limit", retry_after=30)
    bench.call("quota", OTHER)
    bench.clock.advance(10)
    cooldown, latch = bench.board.snapshot()
    assert cooldown.to_dict() == {
        "kind": "cooldown",
        "key": "a/large",
        "cause": "rate_limit",
        "since": "2026-01-01T00:00:00+00:00",
        "until": "2026-01-01T00:00:30+00:00",
    }
    assert (latch.key, latch.cause, latch.until.isoformat()) == ("b", "quota", "2026-01-01T00:10:00+00:00")


def test_what_others_have_seen_can_be_told_to_the_board(bench: Bench) -> None:
    bench.board.throttle(LARGE, 40)
    bench.board.latch(OTHER, LatchScope.CREDENTIAL, cause="auth")
    assert bench.wait(LARGE) == 40
    assert bench.wait(OTHER) == 600


def test_the_memory_is_bounded_and_keeps_the_newest_and_what_lasts_longest() -> None:
    bench = Bench(CooldownConfig(max_holds=10))
    for number in reversed(range(1, 31)):
        bench.call("rate_limit", Target("a", f"m{number}"), retry_after=number)
    assert [hold.key for hold in bench.board.snapshot()] == sorted(f"a/m{number}" for number in (1, *range(22, 31)))
