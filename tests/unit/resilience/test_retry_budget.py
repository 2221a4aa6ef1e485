"""The retry budget of a provider."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from sentinel.resilience.retry_budget import BudgetConfig, CallSlot, RetryBudget
from tests.unit.resilience.making import finished


def learned(*causes: str | None, config: BudgetConfig | None = None) -> RetryBudget:
    """A budget that has seen attempts on provider `a` with these causes; None is a success."""
    budget = RetryBudget(config)
    for cause in causes:
        budget.observe(finished("a/x", cause))
    return budget


def test_a_provider_that_nobody_has_called_may_be_asked_again() -> None:
    budget = RetryBudget()
    assert budget.tokens("a") == 10
    assert budget.allows("a")


def test_retries_end_when_the_bucket_is_half_empty() -> None:
    assert learned(*["server_error"] * 4).allows("a")
    budget = learned(*["server_error"] * 5)
    assert not budget.allows("a")
    assert budget.retry("a") is None


def test_successes_fill_the_bucket_slowly() -> None:
    budget = learned(*["server_error"] * 5, None)
    assert budget.tokens("a") == pytest.approx(5.1)
    assert budget.allows("a")


def test_a_success_gives_the_configured_ratio() -> None:
    budget = learned(*["server_error"] * 4, None, config=BudgetConfig(ratio=0.5))
    assert budget.tokens("a") == pytest.approx(6.5)


def test_only_failures_of_the_target_cost_tokens() -> None:
    innocent = ["rate_limit", "auth", "bad_request", "circuit_open", "cancelled", "empty_answer"]
    assert learned(*innocent).tokens("a") == 10
    assert learned("server_error", *innocent).tokens("a") == 9, "nor do they give any back"


def test_providers_do_not_share_a_bucket() -> None:
    assert learned(*["server_error"] * 9).allows("b")


def test_three_retries_may_always_be_in_flight_and_no_fourth() -> None:
    budget = RetryBudget()
    slots = [budget.retry("a") for _ in range(3)]
    assert all(slots)
    assert budget.retry("a") is None
    assert budget.retry("b") is not None


def test_with_many_calls_a_fifth_of_them_may_be_retries() -> None:
    budget = RetryBudget()
    calls = [budget.call("a") for _ in range(26)]
    retries = [slot for _ in range(20) if (slot := budget.retry("a"))]
    assert len(calls) == 26
    assert len(retries) == 6  # of 26 to 31 calls in flight


def test_a_slot_is_given_back_once_however_often_it_is_ended() -> None:
    budget = RetryBudget()
    slots = [budget.retry("a") for _ in range(3)]
    first = slots[0]
    assert first is not None
    with first:
        assert not budget.allows("a")
    first.end()
    first.end()
    assert budget.retry("a") is not None
    assert budget.retry("a") is None


def test_a_slot_is_given_back_when_the_call_raises() -> None:
    budget = RetryBudget(BudgetConfig(free_retries=1))
    with pytest.raises(ZeroDivisionError), budget.retry("a") or budget.call("b"):
        raise ZeroDivisionError
    assert budget.allows("a")


@given(st.lists(st.sampled_from([None, "server_error", "rate_limit", "empty_answer"]), max_size=200))
def test_the_bucket_neither_overflows_nor_runs_below_empty(causes: Sequence[str | None]) -> None:
    assert 0 <= learned(*causes).tokens("a") <= 10


class BudgetMachine(RuleBasedStateMachine):
    """Calls and retries that begin and end in any order."""

    def __init__(self) -> None:
        super().__init__()
        self.budget = RetryBudget()
        self.calls: list[CallSlot] = []
        self.retries: list[CallSlot] = []

    @rule(times=st.integers(1, 30))
    def calls_begin(self, times: int) -> None:
        self.calls += [self.budget.call("a") for _ in range(times)]

    @rule(times=st.integers(1, 10))
    def retries_begin(self, times: int) -> None:
        for _ in range(times):
            allowed = self.budget.allows("a")
            slot = self.budget.retry("a")
            assert (slot is not None) == allowed
            if slot:
                self.retries.append(slot)
                assert len(self.retries) <= max(3, 0.2 * (len(self.calls) + len(self.retries)))

    @precondition(lambda self: self.calls or self.retries)
    @rule(data=st.data(), twice=st.booleans())
    def one_ends(self, data: st.DataObject, twice: bool) -> None:
        held = data.draw(st.sampled_from([group for group in (self.calls, self.retries) if group]))
        slot = held.pop()
        slot.end()
        if twice:
            slot.end()

    @rule(cause=st.sampled_from([None, "server_error"]), times=st.integers(1, 12))
    def attempts_end(self, cause: str | None, times: int) -> None:
        for _ in range(times):
            self.budget.observe(finished("a/x", cause))

    @invariant()
    def an_empty_bucket_allows_nothing(self) -> None:
        if self.budget.tokens("a") <= 5:
            assert not self.budget.allows("a")

    def teardown(self) -> None:
        for slot in [*self.calls, *self.retries]:
            slot.end()
        for _ in range(120):
            self.budget.observe(finished("a/x"))
        assert [self.budget.retry("a") is not None for _ in range(4)] == [True, True, True, False]


TestBudget = BudgetMachine.TestCase
