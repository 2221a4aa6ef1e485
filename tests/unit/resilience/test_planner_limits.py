"""The recovery planner: what is not rerouted, who may take longer conversations, and when all circuits are open."""

import pytest

from sentinel.domain.attempts import Attempt
from sentinel.domain.routes import Capabilities, Route, Target
from sentinel.resilience.failure_table import FAILURE_TABLE, Elsewhere
from sentinel.resilience.planner import AttemptKind, Decision, GiveUp, Panic, RecoveryPlanner
from sentinel.resilience.refusal import Refusal
from tests.unit.resilience.making import finished
from tests.unit.resilience.planning import A, Ask, B, C, refusing

FINAL = sorted(cause for cause, rule in FAILURE_TABLE.items() if rule.elsewhere is Elsewhere.NONE)
HUGE = Target("d", "huge")


# The caller's own errors ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cause", sorted(set(FINAL) - {"conflict"}))
def test_what_others_would_be_asked_just_the_same_is_told_at_once(cause: str) -> None:
    assert Ask(RecoveryPlanner())(finished(A, cause)) == Decision(None, GiveUp.FINAL)
    assert Ask(RecoveryPlanner())(finished(B, "server_error"), finished(A, cause)) == Decision(None, GiveUp.FINAL)


def test_an_attempt_that_says_itself_that_it_is_final_is_not_rerouted() -> None:
    assert Ask(RecoveryPlanner())(finished(A, "server_error", final=True)) == Decision(None, GiveUp.FINAL)


def test_it_is_told_even_when_time_and_attempts_are_over() -> None:
    spent = [finished(A, "server_error"), finished(B, "server_error"), finished(C, "content_filter")]
    assert Ask(RecoveryPlanner(), remaining=0.0)(*spent).give_up is GiveUp.FINAL
    spent[-1] = finished(C, "conflict")
    assert Ask(RecoveryPlanner())(*spent).give_up is GiveUp.FINAL


# Longer conversations -------------------------------------------------------------------------------------------------


def sized(**tokens: int | None) -> RecoveryPlanner:
    """A planner that knows how much the targets of these providers take."""
    known = {target: tokens.get(target.provider) for target in (A, B, C)}
    return RecoveryPlanner(
        capabilities={target: Capabilities(context_tokens=size) for target, size in known.items() if size}
    )


TOO_LONG = finished(A, "context_length", final=True)


def test_what_is_too_long_goes_to_the_first_target_that_takes_more() -> None:
    decision = Ask(sized(a=8_000, b=8_000, c=32_000))(TOO_LONG)
    assert decision == Decision(C, kind=AttemptKind.FAILOVER)


@pytest.mark.parametrize(
    "planner",
    [RecoveryPlanner(), sized(a=8_000), sized(b=8_000, c=8_000), sized(a=8_000, b=8_000, c=4_000)],
    ids=["nothing declared", "others undeclared", "own undeclared", "none larger"],
)
def test_what_is_too_long_is_told_at_once_where_nobody_is_declared_larger(planner: RecoveryPlanner) -> None:
    assert Ask(planner)(TOO_LONG) == Decision(None, GiveUp.FINAL)


def test_the_declared_larger_target_is_asked_also_from_outside_the_route() -> None:
    planner = RecoveryPlanner(capabilities={A: Capabilities(larger_context=HUGE)})
    assert Ask(planner)(TOO_LONG).target == HUGE
    assert Ask(planner)().target == A
    assert Ask(planner)(finished(A, "server_error")).target == B


def test_the_target_that_served_before_is_asked_before_the_declared_larger_one() -> None:
    planner = RecoveryPlanner(
        capabilities={A: Capabilities(larger_context=C, context_tokens=1), B: Capabilities(context_tokens=2)}
    )
    assert Ask(planner, prefer=B)(TOO_LONG).target == B
    assert Ask(planner)(TOO_LONG).target == C


def test_a_target_is_not_larger_than_itself() -> None:
    planner = RecoveryPlanner(capabilities={A: Capabilities(larger_context=A)})
    assert Ask(planner)(TOO_LONG).give_up is GiveUp.FINAL


def test_what_was_too_long_once_never_goes_to_a_small_target_again() -> None:
    ask = Ask(sized(a=8_000, b=32_000, c=4_000))
    assert ask(TOO_LONG, finished(B, "stall")).give_up is GiveUp.EXHAUSTED
    assert ask(TOO_LONG, finished(B, "server_error")).target == B
    assert ask(TOO_LONG, finished(B, "context_length")).give_up is GiveUp.FINAL


def test_each_target_that_found_it_too_long_raises_the_bar() -> None:
    ask = Ask(sized(a=8_000, b=16_000, c=32_000))
    assert ask(TOO_LONG).target == B
    assert ask(TOO_LONG, finished(B, "context_length")).target == C


def test_a_larger_target_that_is_refused_is_passed_over() -> None:
    decision = Ask(sized(a=8_000, b=16_000), gate=refusing(b="kill_switch"))(TOO_LONG)
    assert decision.give_up is GiveUp.EXHAUSTED
    assert [str(target) for target, _ in decision.passed_over] == ["b/y"]


# Hedges ---------------------------------------------------------------------------------------------------------------


def test_who_was_let_go_for_another_answer_may_still_be_asked() -> None:
    lost = finished(B, "hedge_lost", hedge=True)
    assert Ask(RecoveryPlanner())(lost, finished(A, "stall", ttft_ms=1.0)) == Decision(B, kind=AttemptKind.FAILOVER)


def test_a_call_that_was_let_go_is_one_of_those_that_may_be_made() -> None:
    lost = finished(B, "hedge_lost", hedge=True)
    decision = Ask(RecoveryPlanner(max_attempts=2))(lost, finished(A, "stall", ttft_ms=1.0))
    assert decision.give_up is GiveUp.ATTEMPTS_SPENT


# All circuits open ----------------------------------------------------------------------------------------------------

ALL_OPEN = refusing(a=("circuit_open", 30.0), b=("circuit_open", 20.0), c=("circuit_open", 10.0))
PROBING = RecoveryPlanner(panic=Panic.PROBE)


def test_with_all_circuits_open_nothing_is_called() -> None:
    decision = Ask(RecoveryPlanner(), gate=ALL_OPEN)()
    assert (decision.give_up, decision.retry_after_seconds) == (GiveUp.EXHAUSTED, 10.0)
    assert len(decision.passed_over) == 3


def test_in_a_panic_the_first_target_is_called_through_its_open_circuit() -> None:
    decision = Ask(PROBING, gate=ALL_OPEN)()
    assert (decision.target, decision.is_panic, decision.kind) == (A, True, AttemptKind.FIRST)
    assert [str(target) for target, _ in decision.passed_over] == ["b/y", "c/z"]


def test_a_provider_that_somebody_else_is_probing_is_left_to_him() -> None:
    planner = RecoveryPlanner(panic=Panic.PROBE, allows_panic=lambda provider: provider != "a")
    assert Ask(planner, gate=ALL_OPEN)().target == B
    nobody = RecoveryPlanner(panic=Panic.PROBE, allows_panic=lambda _: False)
    assert Ask(nobody, gate=ALL_OPEN)().give_up is GiveUp.EXHAUSTED


def test_one_call_goes_through_each_provider_once() -> None:
    skipped = [finished(target, "circuit_open", skipped=True, breaker_state="open") for target in (B, C)]
    tried = [*skipped, finished(A, "server_error", breaker_state="open")]
    second = Ask(PROBING, gate=ALL_OPEN)(*tried)
    assert (second.target, second.is_panic, second.kind) == (B, True, AttemptKind.FAILOVER)
    two_models = Route(name="one", targets=(A, Target("a", "other")))
    assert Ask(PROBING, gate=ALL_OPEN, route=two_models)(tried[-1]).give_up is GiveUp.EXHAUSTED


def test_a_panic_is_not_for_calls_that_found_a_closed_circuit() -> None:
    failed = finished(A, "stall", breaker_state="closed")
    assert Ask(PROBING, gate=refusing(b="circuit_open", c="circuit_open"))(failed).give_up is GiveUp.EXHAUSTED


@pytest.mark.parametrize("cause", ["kill_switch", "latched", "bulkhead_full"])
def test_a_panic_opens_no_other_door(cause: str) -> None:
    gate = refusing(a=cause, b=cause, c=cause)
    assert Ask(PROBING, gate=gate)().give_up is GiveUp.EXHAUSTED


def test_a_panic_leaves_a_circuit_alone_that_admits_none() -> None:
    def opened_by_hand(target: Target) -> Refusal | None:
        return Refusal("circuit_open", 30.0, admits_panic=target != A)

    assert Ask(PROBING, gate=opened_by_hand)().target == B


def test_a_call_that_is_refused_at_the_last_moment_again_and_again_ends_the_panic() -> None:
    """Somebody else was faster each time; the planner must not ask for ever."""
    tried: list[Attempt] = []
    while (decision := Ask(PROBING, gate=ALL_OPEN)(*tried)).target is not None:
        tried += [finished(target, "circuit_open", skipped=True) for target, _ in decision.passed_over]
        tried.append(finished(decision.target, "circuit_open", skipped=True))
        assert len(tried) < 10
    assert decision.give_up is GiveUp.EXHAUSTED


def test_a_panic_waits_until_no_target_is_admitted() -> None:
    decision = Ask(PROBING, gate=refusing(a="circuit_open", b="circuit_open"))()
    assert (decision.target, decision.is_panic) == (C, False)
