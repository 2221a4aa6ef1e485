"""Streams that begin late count as slow, while they are late already; whole answers have no beginning that could be."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from sentinel.domain.attempts import Usage
from sentinel.domain.routes import Deadlines, Target
from sentinel.errors import ProviderError
from sentinel.providers.attempt import AttemptPipeline, AttemptSpec, Meter, never_late
from sentinel.providers.classification import from_exception
from sentinel.resilience.breaker_view import BreakerSnapshot, BreakerState
from sentinel.resilience.deadline import Deadline
from sentinel.testing.protection import open_protection
from sentinel.testing.virtual_time import LoopClock, run_in_virtual_time

TARGET = Target("one", "large")


@dataclass
class Exchange:
    """Says its first word after so many seconds, and is done."""

    seconds: float
    usage: Usage | None = None
    asked_characters: int = 0

    async def perform(self, meter: Meter) -> None:
        await LoopClock(asyncio.get_running_loop()).sleep(self.seconds)
        meter.content()

    def map_error(self, error: Exception) -> ProviderError:
        return from_exception(error)


def after(
    looks_at: float,
    *first_words: float,
    is_stream: bool = True,
    first_token_seconds: float = 20.0,
    callers_leave: bool = False,
    was_late: Callable[[float], bool] = never_late,
) -> BreakerSnapshot:
    """Begin an exchange for each of these at once; give the target's circuit as it is so many seconds later.

    `callers_leave`: what is under way then is cancelled before the circuit is looked at.
    """

    async def work() -> BreakerSnapshot:
        clock = LoopClock(asyncio.get_running_loop())
        pipeline = AttemptPipeline(protection=open_protection(clock), clock=clock, was_late=was_late)
        spec = AttemptSpec(
            number=1,
            target=TARGET,
            deadlines=Deadlines(first_token_seconds=first_token_seconds if is_stream else 600, total_seconds=600),
            deadline=Deadline(clock, 600),
            is_stream=is_stream,
        )
        running = [asyncio.create_task(pipeline.run(spec, Exchange(seconds))) for seconds in first_words]
        await clock.sleep(looks_at)
        circuit = pipeline.protection.board.get(TARGET.breaker_keys[1])
        before = circuit.snapshot()
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        return circuit.snapshot() if callers_leave else before

    return run_in_virtual_time(work())


def test_a_stream_counts_as_slow_when_it_is_late_and_still_runs() -> None:
    assert after(9.9, *[15.0] * 9).slow == 0
    assert after(10.1, *[15.0] * 9).slow == 9
    assert after(15.1, *[15.0] * 9).slow == 9


def test_ten_streams_that_are_late_together_open_the_circuit_before_any_of_them_ends() -> None:
    assert after(10.1, *[15.0] * 10).state is BreakerState.OPEN
    assert after(15.1, *[9.9] * 10).state is BreakerState.CLOSED


def test_a_stream_that_is_late_and_whose_caller_leaves_counts_for_nothing() -> None:
    assert after(10.1, *[15.0] * 9, callers_leave=True).slow == 0
    assert after(15.1, *[15.0] * 5, *[18.0] * 4, callers_leave=True).slow == 5


def test_a_stream_that_never_begins_counts_once_as_a_failure_and_as_slow() -> None:
    snapshot = after(20.1, 100.0, 1.0)
    assert (snapshot.failures, snapshot.successes, snapshot.slow) == (1, 1, 1)


def test_a_stream_that_may_take_a_minute_is_slow_after_half_of_it() -> None:
    assert after(29.9, *[29.0] * 12, first_token_seconds=60).slow == 0
    assert after(29.9, *[31.0] * 9, first_token_seconds=60).slow == 0
    assert after(30.1, *[31.0] * 9, first_token_seconds=60).slow == 9
    assert after(31.1, *[31.0] * 9, first_token_seconds=60).slow == 9


def test_a_short_limit_makes_nobody_slow_earlier() -> None:
    assert after(5.0, *[3.0] * 12, first_token_seconds=4).slow == 0


def test_a_whole_answer_may_take_its_time() -> None:
    snapshot = after(100.0, *[60.0] * 12, is_stream=False)
    assert (snapshot.state, snapshot.successes, snapshot.slow) == (BreakerState.CLOSED, 12, 0)


def test_nobody_is_slow_while_our_own_loop_stands_still() -> None:
    assert after(14.9, *[15.0] * 10, was_late=lambda _: True).slow == 0


def test_a_stream_that_runs_out_of_its_time_was_slow_however_short_that_is() -> None:
    assert after(5.1, 100.0, first_token_seconds=5).slow == 1
