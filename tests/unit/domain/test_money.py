"""Costs are whole nanodollars: exact, the same wherever they are added up, and lossless over the wire."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.domain.attempts import Attempt, Usage, total_cost
from sentinel.domain.money import Price, nanos_of, usd, usd_text
from sentinel.domain.routes import Target
from sentinel.errors import Outcome

START = datetime(2026, 1, 1, tzinfo=UTC)


def attempt(usage: Usage | None, cost_nanos: int | None) -> Attempt:
    return Attempt(
        number=1,
        target=Target("one", "large"),
        outcome=Outcome.SUCCESS,
        started_at=START,
        ended_at=START,
        duration_ms=1.0,
        usage=usage,
        cost_nanos=cost_nanos,
    )


def test_a_price_is_dollars_for_a_million_tokens() -> None:
    price = Price.of_usd(per_million_input=0.15, per_million_output=0.6)
    assert usd(price.of(input_tokens=1_000_000, output_tokens=0)) == 0.15
    assert usd(price.of(input_tokens=1_000_000, output_tokens=1_000_000)) == 0.75
    assert price.of(input_tokens=10, output_tokens=20) == 1_500 + 12_000


def test_less_than_half_a_nanodollar_is_nothing_and_half_of_one_is_one() -> None:
    price = Price.of_usd(per_million_input=0.0005, per_million_output=0.0004)
    assert price.of(input_tokens=1, output_tokens=0) == 1
    assert price.of(input_tokens=0, output_tokens=1) == 0


def test_a_cost_that_nobody_can_pay_still_fits_into_a_receipt() -> None:
    absurd = Price.of_usd(per_million_input=1e12, per_million_output=0).of(input_tokens=2**53, output_tokens=0)
    assert nanos_of(usd(absurd)) == absurd == 10**15


@given(st.integers(min_value=0, max_value=10**15))
def test_an_amount_comes_back_from_the_wire_as_it_went(nanos: int) -> None:
    assert nanos_of(usd(nanos)) == nanos


@pytest.mark.parametrize(
    ("nanos", "text"),
    [(0, "0.000000000"), (1, "0.000000001"), (13_500, "0.000013500"), (12_000_000_000, "12.000000000")],
)
def test_amounts_are_written_without_an_exponent(nanos: int, text: str) -> None:
    assert usd_text(nanos) == text


def test_what_was_spent_is_added_up() -> None:
    assert total_cost([attempt(Usage(1, 1), 5), attempt(None, None), attempt(Usage(1, 1), 7)]) == 12


def test_a_bill_that_lacks_a_price_is_none() -> None:
    assert total_cost([attempt(Usage(1, 1), 5), attempt(Usage(1, 1), None)]) is None
    assert total_cost([attempt(None, None)]) is None
    assert total_cost([]) is None


def test_a_free_model_costs_nothing_which_is_not_the_same_as_unknown() -> None:
    assert total_cost([attempt(Usage(1, 1), Price(0, 0).of(input_tokens=1, output_tokens=1))]) == 0
