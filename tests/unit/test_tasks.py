"""The end of background tasks: all have ended afterwards, and nobody's own cancellation is lost in it."""

import asyncio

import pytest

from sentinel.tasks import ended
from sentinel.testing.clock import settle


async def test_all_tasks_have_ended_afterwards() -> None:
    async def broken() -> None:
        raise ZeroDivisionError

    tasks = [asyncio.create_task(asyncio.Event().wait()), asyncio.create_task(broken())]
    await settle()
    await ended(*tasks, None)
    assert [task.done() for task in tasks] == [True, True]


async def test_who_is_cancelled_meanwhile_is_cancelled() -> None:
    """The task takes its time to end, and whoever waits for it is to end as well."""
    leave = asyncio.Event()

    async def slow_to_end() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await leave.wait()

    task = asyncio.create_task(slow_to_end())
    await settle()
    waiting = asyncio.create_task(ended(task))
    await settle()
    waiting.cancel()
    leave.set()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    await ended(task)
