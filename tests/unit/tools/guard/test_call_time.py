"""What a tool reports of its progress prolongs its time, but not for ever and not its caller's."""

import asyncio

import pytest

from sentinel.testing.clock import FakeClock
from sentinel.tools.config import ToolLimits
from sentinel.tools.guard.call_time import CallTime
from tests.support.bounded import bounded

LIMITS = ToolLimits(timeout_seconds=10.0, max_timeout_seconds=25.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


async def step(time: CallTime, progress: float) -> None:
    await time.listening(None)(progress, None, None)


async def test_each_step_gives_the_tool_its_time_anew(clock: FakeClock) -> None:
    time = CallTime(LIMITS, caller_seconds=None, clock=clock)
    clock.advance(8.0)
    assert time.remaining() == 2.0
    await step(time, 1.0)
    assert time.remaining() == 10.0


async def test_there_is_an_end_whatever_a_tool_reports(clock: FakeClock) -> None:
    """A tool that counts for ever is no tool that works for ever."""
    time = CallTime(LIMITS, caller_seconds=None, clock=clock)
    for progress in range(4):
        clock.advance(6.0)
        await step(time, progress)
    assert time.remaining() == 1.0


async def test_the_same_step_again_is_none(clock: FakeClock) -> None:
    time = CallTime(LIMITS, caller_seconds=None, clock=clock)
    await step(time, 1.0)
    clock.advance(8.0)
    for progress in (1.0, 0.5, float("nan")):
        await step(time, progress)
    assert time.remaining() == 2.0


async def test_a_maximum_below_the_time_of_a_call_shortens_nothing(clock: FakeClock) -> None:
    limits = ToolLimits(timeout_seconds=10.0, max_timeout_seconds=1.0)
    time = CallTime(limits, caller_seconds=None, clock=clock)
    assert time.remaining() == 10.0


@pytest.mark.parametrize(("caller_seconds", "is_cut_short"), [(10.0, False), (9.0, True), (None, False)])
async def test_a_caller_with_less_time_cuts_the_call_short(
    clock: FakeClock, caller_seconds: float | None, is_cut_short: bool
) -> None:
    time = CallTime(LIMITS, caller_seconds=caller_seconds, clock=clock)
    assert time.is_cut_short is is_cut_short


async def test_progress_does_not_prolong_the_callers_time(clock: FakeClock) -> None:
    time = CallTime(LIMITS, caller_seconds=12.0, clock=clock)
    clock.advance(9.0)
    await step(time, 1.0)
    assert (time.remaining(), time.is_cut_short) == (3.0, True)


async def test_what_is_waited_for_is_waited_for_until_the_prolonged_end(clock: FakeClock) -> None:
    time = CallTime(LIMITS, caller_seconds=None, clock=clock)
    never: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(time.finished(never))
    await clock.elapse(9.0)
    await step(time, 1.0)
    await clock.elapse(9.0)
    assert not waiting.done()
    await clock.elapse(1.0)
    assert await bounded(waiting, 5.0) is False


async def test_steps_are_passed_on(clock: FakeClock) -> None:
    """To whoever else listens."""
    heard: list[tuple[float, float | None, str | None]] = []

    async def told(progress: float, total: float | None, message: str | None) -> None:
        heard.append((progress, total, message))

    await CallTime(LIMITS, caller_seconds=None, clock=clock).listening(told)(1.0, 3.0, "a third")
    assert heard == [(1.0, 3.0, "a third")]


async def test_a_step_that_is_no_number_is_told_to_nobody(clock: FakeClock) -> None:
    told: list[tuple[float, float | None]] = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        told.append((progress, total))

    heard = CallTime(LIMITS, caller_seconds=None, clock=clock).listening(tell)
    for progress, total in ((float("nan"), 2.0), (float("inf"), None), (1.0, float("nan")), (2.0, 3.0)):
        await heard(progress, total, None)
    assert told == [(1.0, None), (2.0, 3.0)]
