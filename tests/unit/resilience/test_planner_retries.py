"""The recovery planner: when the same target is asked again, and after which pause."""

import pytest

from sentinel.domain.routes import Route
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.failure_table import FAILURE_TABLE, SameTarget
from sentinel.resilience.planner import AttemptKind, Decision, GiveUp, RecoveryPlanner
from sentinel.resilience.retry_budget import RetryBudget
from tests.unit.resilience.making import finished
from tests.unit.resilience.planning import A, Ask, B, C, refusing

HALF = RecoveryPlanner(backoff=Backoff(rng=lambda: 0.5))
PAIR, SINGLE = Route(name="pair", targets=(A, B)), Route(name="single", targets=(A,))
ALONE = sorted(cause for cause, rule in FAILURE_TABLE.items() if rule.same_target is SameTarget.WHEN_ALONE)
AGAIN = sorted(cause for cause, rule in FAILURE_TABLE.items() if rule.same_target is SameTarget.ASK_AGAIN)
NEVER = sorted(cause for cause, rule in FAILURE_TABLE.items() if rule.same_target is SameTarget.NEVER)


def retry_of(target: object, delay: float = 0.0) -> Decision:
    return Decision(target, kind=AttemptKind.RETRY, delay_seconds=delay)  # type: ignore[arg-type]


# When alone -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", [*ALONE, "rate_limit"])
def test_somebody_who_can_answer_now_comes_before_any_pause(cause: str) -> None:
    decision = Ask(HALF)(finished(A, cause, retry_after_seconds=1.0))
    assert decision == Decision(B, kind=AttemptKind.FAILOVER)


@pytest.mark.parametrize("cause", ALONE)
def test_a_target_that_is_alone_is_asked_again_after_a_pause(cause: str) -> None:
    longest = 1.0 if cause == "overloaded" else 0.5
    assert Ask(HALF, route=SINGLE)(finished(A, cause)) == retry_of(A, longest / 2)


@pytest.mark.parametrize("cause", ALONE)
def test_a_target_is_alone_when_all_others_are_refused(cause: str) -> None:
    decision = Ask(HALF, gate=refusing(b="circuit_open", c="kill_switch"))(finished(A, cause))
    assert (decision.target, decision.kind) == (A, AttemptKind.RETRY)
    assert [str(target) for target, _ in decision.passed_over] == ["b/y", "c/z"]


@pytest.mark.parametrize("cause", [cause for cause in NEVER if cause not in {"rate_limit", "hedge_lost"}])
def test_what_must_not_be_repeated_is_not(cause: str) -> None:
    decision = Ask(HALF, route=SINGLE)(finished(A, cause))
    assert decision.target is None


def test_after_all_targets_have_failed_the_first_that_may_be_asked_again_is_asked() -> None:
    ask = Ask(HALF, route=PAIR)
    assert ask(finished(A, "server_error"), finished(B, "server_error")).target == A
    assert ask(finished(A, "stall"), finished(B, "server_error")).target == B
    assert ask(finished(A, "server_error"), finished(B, "first_token_timeout")).target == A
    assert ask(finished(A, "stall"), finished(B, "truncated")).give_up is GiveUp.EXHAUSTED


def test_a_failure_after_content_is_not_repeated() -> None:
    broken = finished(A, "server_error", ttft_ms=5.0)
    assert Ask(HALF, route=SINGLE)(broken).give_up is GiveUp.EXHAUSTED


def test_what_the_provider_or_the_caller_forbids_is_not_repeated() -> None:
    for cause in (*ALONE, "empty_answer", "rate_limit"):
        assert Ask(HALF, route=SINGLE)(finished(A, cause, may_repeat=False)).target is None, cause


def test_an_open_circuit_ends_the_retries() -> None:
    for cause in (*ALONE, "rate_limit", "empty_answer"):
        decision = Ask(HALF, route=SINGLE, gate=refusing(a=("circuit_open", 0.5)))(finished(A, cause))
        assert (decision.target, decision.retry_after_seconds) == (None, 0.5), cause


# At once --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", AGAIN)
def test_where_only_the_answer_was_bad_the_same_target_is_asked_at_once(cause: str) -> None:
    assert Ask(HALF)(finished(A, cause)) == retry_of(A)


@pytest.mark.parametrize("cause", ["empty_answer", "bad_tool_json", "bad_generation"])
def test_a_second_bad_answer_goes_to_the_next_target(cause: str) -> None:
    assert Ask(HALF)(finished(A, cause), finished(A, cause)).target == B


def test_a_conflict_is_asked_again_once_and_then_told() -> None:
    conflict = finished(A, "conflict", final=True)
    assert Ask(HALF)(conflict) == retry_of(A)
    assert Ask(HALF)(conflict, conflict) == Decision(None, GiveUp.FINAL)


def test_a_bad_answer_is_not_asked_for_again_where_there_is_no_time() -> None:
    assert Ask(HALF, remaining=0.5)(finished(A, "empty_answer")).target == B


# Throttled ------------------------------------------------------------------------------------------------------------


def test_a_short_wait_for_the_only_target_is_waited() -> None:
    throttled = finished(A, "rate_limit", retry_after_seconds=1.5)
    assert Ask(HALF, route=SINGLE)(throttled) == retry_of(A, 1.5)


def test_a_long_wait_is_not_waited_and_the_caller_is_told_when_to_come_back() -> None:
    throttled = finished(A, "rate_limit", retry_after_seconds=2.5)
    decision = Ask(HALF, route=SINGLE)(throttled)
    assert (decision.give_up, decision.retry_after_seconds) == (GiveUp.EXHAUSTED, 2.5)


def test_a_wait_of_more_than_a_fifth_of_the_time_left_is_long() -> None:
    throttled = finished(A, "rate_limit", retry_after_seconds=1.0)
    assert Ask(HALF, route=SINGLE, remaining=5.0)(throttled).target == A
    assert Ask(HALF, route=SINGLE, remaining=4.9)(throttled).target is None


def test_the_pause_after_a_throttle_without_a_time_must_be_short_too() -> None:
    throttled = finished(A, "rate_limit")
    assert Ask(HALF, route=SINGLE, remaining=2.5)(throttled) == retry_of(A, 0.5)
    assert Ask(HALF, route=SINGLE, remaining=2.4)(throttled).target is None


def test_a_cooldown_of_the_only_target_is_waited_for_if_it_is_short() -> None:
    throttled = finished(A, "rate_limit")
    assert Ask(HALF, route=SINGLE, gate=refusing(a=("cooldown", 1.25)))(throttled) == retry_of(A, 1.25)
    assert Ask(HALF, route=SINGLE, gate=refusing(a=("cooldown", 60.0)))(throttled).retry_after_seconds == 60.0


def test_a_cooldown_does_not_take_the_only_target_from_a_new_call() -> None:
    decision = Ask(HALF, route=SINGLE, gate=refusing(a=("cooldown", 1.25)))()
    assert decision == Decision(A, kind=AttemptKind.FIRST, delay_seconds=1.25)
    assert Ask(HALF, route=SINGLE, gate=refusing(a=("cooldown", 60.0)))().give_up is GiveUp.EXHAUSTED


def test_a_cooldown_is_not_waited_for_while_another_target_is_free() -> None:
    decision = Ask(HALF, gate=refusing(a=("cooldown", 0.5)))()
    assert decision.target == B
    assert [str(target) for target, _ in decision.passed_over] == ["a/x"]


def test_with_all_targets_held_the_one_that_is_free_soon_is_waited_for() -> None:
    gate = refusing(a=("cooldown", 60.0), b=("cooldown", 1.5), c="latched")
    decision = Ask(HALF, gate=gate)()
    assert (decision.target, decision.delay_seconds) == (B, 1.5)
    assert [str(target) for target, _ in decision.passed_over] == ["a/x", "c/z"]


def test_a_target_that_was_passed_over_is_looked_at_again_when_nobody_else_is_left() -> None:
    skipped = finished(A, "cooldown", skipped=True)
    decision = Ask(HALF, route=PAIR)(skipped, finished(B, "stall"))
    assert decision == Decision(A, kind=AttemptKind.FAILOVER)


def test_a_target_that_keeps_refusing_at_the_last_moment_is_left_alone() -> None:
    skipped = finished(A, "circuit_open", skipped=True)
    assert Ask(HALF, route=SINGLE)(skipped).target == A
    assert Ask(HALF, route=SINGLE)(skipped, skipped).give_up is GiveUp.EXHAUSTED


@pytest.mark.parametrize("cause", ALONE)
def test_a_retry_after_of_a_failing_target_is_a_floor_if_short_and_an_end_if_long(cause: str) -> None:
    assert Ask(HALF, route=SINGLE)(finished(A, cause, retry_after_seconds=1.9)) == retry_of(A, 1.9)
    assert Ask(HALF, route=SINGLE)(finished(A, cause, retry_after_seconds=30.0)).retry_after_seconds == 30.0


# Limits ---------------------------------------------------------------------------------------------------------------


def test_the_same_target_is_repeated_as_often_as_configured_with_growing_pauses() -> None:
    planner = RecoveryPlanner(max_attempts=9, same_target=3, backoff=Backoff(rng=lambda: 0.5))
    failures = [finished(A, "server_error")] * 4
    delays = [Ask(planner, route=SINGLE)(*failures[:times]).delay_seconds for times in (1, 2, 3)]
    assert delays == [0.25, 0.5, 1.0]
    assert Ask(planner, route=SINGLE)(*failures).give_up is GiveUp.EXHAUSTED


def test_repeating_can_be_switched_off() -> None:
    planner = RecoveryPlanner(same_target=0)
    for cause in (*ALONE, "rate_limit", "empty_answer"):
        assert Ask(planner, route=SINGLE)(finished(A, cause)).target is None, cause


def test_the_limit_of_attempts_holds_over_retries_and_failovers() -> None:
    decision = Ask(HALF)(finished(A, "empty_answer"), finished(A, "empty_answer"), finished(B, "server_error"))
    assert decision.give_up is GiveUp.ATTEMPTS_SPENT


def test_a_spent_retry_budget_forbids_retries_and_not_failovers() -> None:
    budget = RetryBudget()
    for _ in range(5):
        budget.observe(finished(A, "server_error"))
    planner = RecoveryPlanner(allows_retry=budget.allows)
    assert Ask(planner, route=SINGLE)(finished(A, "server_error")).give_up is GiveUp.EXHAUSTED
    assert Ask(planner)(finished(A, "empty_answer")).target == B
    assert Ask(planner)(finished(B, "empty_answer")) == retry_of(B)


def test_no_pause_is_begun_that_leaves_less_than_an_attempt_needs() -> None:
    failed = finished(A, "server_error")
    assert Ask(HALF, route=SINGLE, remaining=1.25)(failed) == retry_of(A, 0.25)
    assert Ask(HALF, route=SINGLE, remaining=1.2)(failed).give_up is GiveUp.EXHAUSTED


def test_giving_up_tells_the_earliest_time_at_which_somebody_may_be_free() -> None:
    gate = refusing(a=("circuit_open", 40.0), b=("circuit_open", 20.0), c="kill_switch")
    assert Ask(HALF, gate=gate)().retry_after_seconds == 20.0
    assert Ask(HALF, gate=refusing(a="kill_switch", b="kill_switch", c="kill_switch"))().retry_after_seconds is None
    assert Ask(HALF)(finished(C, "auth"), finished(B, "quota"), finished(A, "auth")).retry_after_seconds is None
