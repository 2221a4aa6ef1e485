"""The recovery planner under any script of outcomes, refusals and limits."""

from collections import Counter
from collections.abc import Callable
from itertools import cycle
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.routes import Capabilities, Route, Target
from sentinel.errors import Outcome
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.failure_table import FAILURE_TABLE, Elsewhere, SameTarget, rule_of
from sentinel.resilience.planner import AttemptKind, GiveUp, Panic, RecoveryPlanner
from sentinel.resilience.refusal import Refusal
from tests.unit.resilience.planning import Call

TARGETS = [Target("a", "x"), Target("a", "y"), Target("b", "x"), Target("c", "x")]
REAL = sorted(
    set(FAILURE_TABLE) - {"circuit_open", "kill_switch", "cooldown", "latched", "bulkhead_full", "hedge_lost"}
)
BY_AN_OPERATOR = 25.0
"""A circuit that is open for longer than this was opened by an operator."""
REFUSALS = [None, "kill_switch", "latched", "bulkhead_full", "circuit_open", "cooldown"]


def gates() -> st.SearchStrategy[Callable[[Target, float], Refusal | None]]:
    """Targets that are refused, some of them until a time."""
    until = st.tuples(st.sampled_from(REFUSALS), st.floats(0, 30))

    def gate(doors: dict[Target, tuple[str | None, float]]) -> Callable[[Target, float], Refusal | None]:
        def refusal(target: Target, now: float) -> Refusal | None:
            cause, end = doors.get(target, (None, 0.0))
            if cause is None or (cause == "cooldown" and now >= end):
                return None
            wait = max(0.0, end - now) if cause in {"cooldown", "circuit_open"} else None
            return Refusal(cause, wait, admits_panic=cause == "circuit_open" and end < BY_AN_OPERATOR)

        return refusal

    return st.dictionaries(st.sampled_from(TARGETS), until).map(gate)


@st.composite
def calls(draw: st.DrawFn) -> Call:
    """Any call, ready to be played."""
    script = draw(st.lists(st.sampled_from([*REAL, "rate_limit", "server_error", None]), min_size=1, max_size=8))
    sizes = draw(st.dictionaries(st.sampled_from(TARGETS), st.sampled_from([1, 2, 3])))
    said = cycle(draw(st.lists(st.booleans(), min_size=1, max_size=4)))
    drawn = cycle(draw(st.lists(st.floats(0, 1, exclude_max=True), min_size=1, max_size=3)))
    planner = RecoveryPlanner(
        max_attempts=draw(st.integers(1, 6)),
        same_target=draw(st.integers(0, 3)),
        backoff=Backoff(rng=lambda: next(drawn)),
        capabilities={target: Capabilities(context_tokens=size) for target, size in sizes.items()},
        allows_retry=lambda _: next(said),
        allows_panic=lambda _: next(said),
        panic=draw(st.sampled_from(Panic)),
    )
    targets = draw(st.lists(st.sampled_from(TARGETS), min_size=1, unique=True))
    call = Call(
        planner,
        Route(name="any", targets=tuple(targets)),
        lambda _, number: script[number % len(script)],
        gate=draw(gates()),
        retry_after=draw(st.sampled_from([None, 0.0, 0.5, 1.9, 30.0, 500.0])),
        attempt_seconds=draw(st.sampled_from([0.0, 0.3, 10.0])),
        deadline=draw(st.sampled_from([0.0, 0.5, 2.0, 15.0, 120.0])),
    )
    return call.play()


def steps(call: Call) -> list[tuple[Any, Any]]:
    """Each decision that led to an attempt, with that attempt."""
    return list(zip([d for d in call.decisions if d.target is not None], call.called, strict=True))


@given(calls())
def test_attempts_stay_within_both_limits(call: Call) -> None:
    assert len(call.called) <= call.planner.max_attempts
    assert max(Counter(a.target for a in call.called).values(), default=0) <= 1 + call.planner.same_target


@given(calls())
def test_no_attempt_starts_after_the_deadline_and_no_pause_ends_too_late_for_one(call: Call) -> None:
    for (decision, _), at in zip(steps(call), call.started_at, strict=True):
        assert at < call.deadline
        if decision.delay_seconds:
            assert at <= call.deadline - call.planner.backoff.min_attempt_seconds + 1e-6


@given(calls())
def test_a_final_outcome_is_never_rerouted(call: Call) -> None:
    for before, after in zip(call.called, call.called[1:], strict=False):
        rule = rule_of(before)
        if rule.elsewhere is Elsewhere.NONE:
            assert rule.same_target is SameTarget.ASK_AGAIN
            assert after.target == before.target


@given(calls())
def test_what_was_too_long_only_goes_to_larger_targets(call: Call) -> None:
    sizes = {target: known.context_tokens or 0 for target, known in call.planner.capabilities.items()}
    bar = 0
    for attempt in call.called:
        if bar:
            assert sizes.get(attempt.target, 0) >= bar
        if attempt.cause == "context_length":
            bar = sizes.get(attempt.target, 10) + 1


@given(calls())
def test_a_refused_target_is_never_called_except_in_a_panic(call: Call) -> None:
    for (decision, attempt), at in zip(steps(call), call.started_at, strict=True):
        refusal = call.gate(attempt.target, at)
        if decision.is_panic:
            assert call.planner.panic is Panic.PROBE
            assert refusal is not None
            assert refusal.admits_panic
        else:
            assert refusal is None or (refusal.retry_after or 1.0) <= 1e-6


@given(calls())
def test_only_what_the_table_allows_is_repeated_and_only_after_its_pause(call: Call) -> None:
    asked: dict[Target, str | None] = {}
    for decision, attempt in steps(call):
        assert (decision.kind is AttemptKind.RETRY) == (attempt.target in asked)
        if attempt.target in asked:
            rule = FAILURE_TABLE[asked[attempt.target] or ""]
            assert rule.same_target is not SameTarget.NEVER
            if rule.same_target is not SameTarget.ASK_AGAIN:
                assert decision.delay_seconds >= min(call.retry_after or 0.0, 2.0)
        asked[attempt.target] = attempt.cause


@given(calls())
def test_a_call_ends_with_a_success_or_one_reason_and_passes_nobody_over_twice(call: Call) -> None:
    last = call.decisions[-1]
    has_answer = bool(call.called) and call.called[-1].outcome is Outcome.SUCCESS
    assert has_answer == (last.give_up is None)
    if last.give_up is GiveUp.FINAL:
        assert rule_of(call.called[-1]).elsewhere in {Elsewhere.NONE, Elsewhere.LARGER_CONTEXT}
    skipped = Counter(target for decision in call.decisions for target, _ in decision.passed_over)
    assert max(skipped.values(), default=0) <= 1
