"""Waiting with a bound, places in line, and tasks that nobody waits for any more."""

import asyncio
import gc

import pytest

from sentinel.testing.clock import FakeClock, settle
from sentinel.tools.guard.places import Places
from sentinel.tools.waiting import DetachedTasks, finished_within, happened_within
from tests.support.bounded import bounded


async def test_a_wait_ends_with_what_it_waits_for_or_with_the_time() -> None:
    """The future is left alone either way."""
    clock = FakeClock()
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    waiting = asyncio.create_task(finished_within(future, seconds=5.0, clock=clock))
    await clock.elapse(5.0)
    assert await waiting is False
    assert not future.done()
    future.set_result(1)
    assert await finished_within(future, seconds=0.0, clock=clock) is True
    await settle()
    assert clock.sleepers == 0


async def test_an_event_is_awaited_no_longer_than_asked() -> None:
    """And no task is left of it."""
    clock, event = FakeClock(), asyncio.Event()
    before = asyncio.all_tasks()
    waiting = asyncio.create_task(happened_within(event.wait(), seconds=1.0, clock=clock))
    await clock.elapse(1.0)
    assert await waiting is False
    event.set()
    assert await happened_within(event.wait(), seconds=1.0, clock=clock) is True
    await settle()
    assert asyncio.all_tasks() == before


async def test_a_detached_task_is_cancelled_and_its_end_is_nobodys_problem() -> None:
    """Also if it ends with an exception, or refuses for a while."""
    detached, release = DetachedTasks(), asyncio.Event()

    async def stubborn() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await release.wait()
            raise OSError

    task = asyncio.create_task(stubborn())
    await settle()
    detached.adopt(task)
    await settle()
    assert len(detached) == 1
    draining = asyncio.create_task(detached.drain(seconds=5.0, clock=FakeClock()))
    await settle()
    assert not draining.done()
    release.set()
    await bounded(draining, 5.0)
    assert len(detached) == 0


async def test_draining_gives_up_in_time() -> None:
    """A task that never ends does not stop the process from ending."""
    detached, clock = DetachedTasks(), FakeClock()
    release = asyncio.Event()

    async def shielded() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    task = asyncio.create_task(shielded())
    await settle()
    detached.adopt(task)
    draining = asyncio.create_task(detached.drain(seconds=1.0, clock=clock))
    await clock.elapse(1.0)
    await bounded(draining, 5.0)
    release.set()
    await bounded(task, 5.0)


async def test_a_place_given_in_the_moment_of_a_cancellation_is_not_lost() -> None:
    """It goes to the next in line."""
    places, clock = Places(1), FakeClock()
    assert await places.enter(seconds=1.0, clock=clock)
    second = asyncio.create_task(places.enter(seconds=1.0, clock=clock))
    third = asyncio.create_task(places.enter(seconds=1.0, clock=clock))
    await settle()
    places.leave()
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    assert await bounded(third, 5.0)
    places.leave()
    assert await places.enter(seconds=0.0, clock=clock)


async def test_who_gave_up_is_passed_over() -> None:
    """A place is never given to nobody."""
    places, clock = Places(1), FakeClock()
    assert await places.enter(seconds=1.0, clock=clock)
    late = asyncio.create_task(places.enter(seconds=1.0, clock=clock))
    await clock.elapse(1.0)
    assert await late is False
    places.leave()
    assert await places.enter(seconds=0.0, clock=clock)


async def test_a_gathering_that_came_too_late_is_dropped_without_a_report() -> None:
    """Asyncio reports a gathering that is cancelled on its own as an exception that nobody fetched."""
    reported: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: reported.append(context))
    clock = FakeClock()
    never = asyncio.Event()
    waiting = asyncio.create_task(happened_within(asyncio.gather(never.wait()), seconds=3.0, clock=clock))
    await clock.elapse(3.0)
    assert await waiting is False
    del waiting
    gc.collect()
    await settle()
    assert reported == []
