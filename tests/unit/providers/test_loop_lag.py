"""A process that stood still does not blame the provider for it."""

import pytest

from sentinel.domain.routes import Deadlines, Target
from sentinel.errors import Outcome, ProviderError, ProviderTimeoutError, ProviderUnavailableError
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Meter
from sentinel.providers.loop_lag import LoopLag
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.deadline import Deadline
from sentinel.testing.clock import FakeClock, settle
from sentinel.testing.protection import open_protection


async def test_a_loop_that_wakes_up_on_time_is_not_late() -> None:
    clock = FakeClock()
    async with LoopLag(clock) as lag:
        await clock.elapse(10)
        assert not lag.was_late_since(0)


async def test_a_loop_that_stood_still_for_more_than_a_second_was_late() -> None:
    clock = FakeClock()
    async with LoopLag(clock) as lag:
        await settle()
        before = clock.monotonic()
        clock.advance(1.05)  # since the watcher's last turn, of which it wanted to sleep for a tenth
        await settle()
        assert lag.was_late_since(before)


async def test_a_lag_of_less_than_a_second_is_ordinary() -> None:
    clock = FakeClock()
    async with LoopLag(clock) as lag:
        await settle()
        clock.advance(0.95)
        await settle()
        assert not lag.was_late_since(0)


async def test_an_earlier_lag_is_none_of_a_later_attempts_business() -> None:
    clock = FakeClock()
    async with LoopLag(clock) as lag:
        await settle()
        clock.advance(3)
        await clock.elapse(1)
        assert not lag.was_late_since(clock.monotonic() - 0.5)


async def test_who_is_woken_before_the_watcher_sees_the_lag_too() -> None:
    clock = FakeClock()
    async with LoopLag(clock) as lag:
        await settle()
        before = clock.monotonic()
        clock.advance(3)
        assert lag.was_late_since(before), "the watcher has not run since"


async def test_a_loop_that_is_not_watched_is_never_late() -> None:
    clock = FakeClock()
    async with LoopLag(clock) as lag:
        await settle()
    clock.advance(60)
    assert not lag.was_late_since(0)
    assert clock.sleepers == 0


class Late:
    """An exchange during which the process stands still, and which then fails."""

    usage = None
    asked_characters = 0

    def __init__(self, clock: FakeClock, error: ProviderError, *, seconds: float) -> None:
        self._clock = clock
        self._error = error
        self._seconds = seconds

    async def perform(self, meter: Meter) -> None:
        self._clock.advance(self._seconds)
        raise self._error

    def map_error(self, error: Exception) -> ProviderError:
        assert isinstance(error, ProviderError)
        return error


STALLED = ProviderTimeoutError("no content for 30 s in mid-answer", cause="stall")


@pytest.mark.parametrize(
    ("error", "seconds", "cause", "outcome"),
    [
        (STALLED, 3.0, "loop_lag", Outcome.NEUTRAL),
        (STALLED, 0.5, "stall", Outcome.FAILURE),
        (
            ProviderTimeoutError("408", cause="request_timeout", status_code=408),
            3.0,
            "request_timeout",
            Outcome.FAILURE,
        ),
        (ProviderUnavailableError("reset", cause="connection_lost"), 3.0, "connection_lost", Outcome.FAILURE),
    ],
)
async def test_a_limit_that_passed_while_we_stood_still_counts_against_nobody(
    error: ProviderError, seconds: float, cause: str, outcome: Outcome
) -> None:
    clock = FakeClock()
    board = BreakerBoard(clock)
    target = Target("one", "large")
    async with LoopLag(clock) as lag:
        await settle()
        pipeline = AttemptPipeline(
            protection=open_protection(clock, board=board), clock=clock, was_late=lag.was_late_since
        )
        spec = AttemptSpec(number=1, target=target, deadlines=Deadlines(), deadline=Deadline(clock, 60))
        attempt = await pipeline.run(spec, Late(clock, error, seconds=seconds))
    assert (attempt.cause, attempt.outcome, attempt.final) == (cause, outcome, False)
    assert board.get("provider:one").snapshot().failures == (1 if outcome is Outcome.FAILURE else 0)
