"""The ledger: which targets a request really took, when two were asked at once."""

import pytest

from sentinel.domain.attempts import Attempt
from sentinel.errors import Outcome
from sentinel.resilience.ledger import Ledger
from tests.unit.resilience.making import finished

LOST = finished("a/x", "hedge_lost")
FAILED = finished("a/x", "server_error")
SERVED = finished("a/x", ttft_ms=1.0)
HEDGE_LOST = finished("b/y", "hedge_lost", number=2, hedge=True)
HEDGE_FAILED = finished("b/y", "server_error", number=2, hedge=True)
HEDGE_BROKE = finished("b/y", "stall", number=2, hedge=True, ttft_ms=1.0)
HEDGE_SERVED = finished("b/y", number=2, hedge=True, ttft_ms=1.0)
NEXT_SERVED = finished("c/z", number=3, ttft_ms=1.0)
PASSED_OVER = finished("a/x", "kill_switch", skipped=True)


@pytest.mark.parametrize(
    ("attempts", "chain"),
    [
        ([LOST, HEDGE_SERVED], ["b/y"]),
        ([HEDGE_LOST, SERVED], ["a/x"]),
        ([HEDGE_FAILED, SERVED], ["a/x"]),
        ([FAILED, HEDGE_SERVED], ["a/x", "b/y"]),
        ([HEDGE_FAILED, FAILED, NEXT_SERVED], ["a/x", "c/z"]),
        ([LOST, HEDGE_BROKE, NEXT_SERVED], ["b/y", "c/z"]),
        ([HEDGE_LOST, FAILED, finished("b/y", number=3)], ["a/x", "b/y"]),
        ([PASSED_OVER, finished("b/y")], ["a/x", "b/y"]),
    ],
)
def test_the_chain_has_those_that_had_their_turn(attempts: list[Attempt], chain: list[str]) -> None:
    ledger = Ledger.of(attempts)
    assert list(ledger.chain) == chain
    assert ledger.failover_occurred == (len(chain) > 1)
    assert (ledger.serving is not None) == (attempts[-1].outcome is Outcome.SUCCESS)


def test_attempts_are_told_in_the_order_they_were_sent() -> None:
    assert [attempt.number for attempt in Ledger.of([HEDGE_LOST, SERVED, NEXT_SERVED]).by_number] == [1, 2, 3]


def test_asking_a_target_again_that_was_only_let_go_is_no_retry() -> None:
    ledger = Ledger.of([HEDGE_LOST, FAILED, PASSED_OVER])
    assert not ledger.has_asked(HEDGE_LOST.target)
    assert ledger.has_asked(FAILED.target)
    assert not Ledger.of([PASSED_OVER]).has_asked(PASSED_OVER.target)


B_FAILED, B_SERVED = finished("b/y", "server_error"), finished("b/y")


@pytest.mark.parametrize(
    ("attempts", "left"),
    [
        ([FAILED, B_FAILED, SERVED], None),  # asked again, it answered itself
        ([FAILED, B_FAILED, NEXT_SERVED], FAILED),
        ([PASSED_OVER, B_SERVED], PASSED_OVER),
        ([HEDGE_FAILED, SERVED], None),
        ([SERVED, FAILED, B_SERVED], FAILED),  # a run's second model call
        ([FAILED, B_SERVED, B_SERVED], FAILED),
        ([SERVED, B_FAILED, NEXT_SERVED], B_FAILED),
        ([FAILED, B_SERVED, SERVED], None),  # who answered at last was left by nobody
    ],
)
def test_who_was_left_is_the_first_that_had_its_turn(attempts: list[Attempt], left: Attempt | None) -> None:
    assert Ledger.of(attempts).left_for(attempts[-1].target) is left


@pytest.mark.parametrize(
    ("attempts", "retried"),
    [
        ([FAILED, B_FAILED, SERVED], [SERVED]),
        ([LOST, HEDGE_BROKE, SERVED], []),
        ([PASSED_OVER, SERVED], []),
        ([SERVED, FAILED, SERVED], [SERVED]),
        ([SERVED, SERVED], []),
    ],
)
def test_retries_are_calls_of_a_target_that_had_its_time_before(
    attempts: list[Attempt], retried: list[Attempt]
) -> None:
    assert list(Ledger.of(attempts).retries) == retried
