"""Bounded waiting on an injected clock, without ever waiting for a cancelled task to agree."""

import asyncio
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import Any

from sentinel.clock import Clock


async def finished_within(waited: "asyncio.Future[Any]", *, seconds: float, clock: Clock) -> bool:
    """Wait until a future is done, or the time is up, and return whether it is done; it is not cancelled."""
    if waited.done():
        return True
    timer = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({waited, timer}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        timer.cancel()
    return waited.done()


async def happened_within(event: Awaitable[Any], *, seconds: float, clock: Clock) -> bool:
    """Wait for something that may be dropped, such as `Event.wait()`, and return whether it came in time."""
    task = asyncio.create_task(_awaited(event))
    try:
        return await finished_within(task, seconds=seconds, clock=clock)
    finally:
        task.cancel()


async def _awaited(event: Awaitable[Any]) -> Any:
    """Give a gathering a task around it, which, unlike the gathering itself, may be cancelled without a report."""
    return await event


@contextmanager
def unasked_cancellation_survived() -> Iterator[None]:
    """Let only a cancellation through that somebody asked for; any other is how the SDK says that a transport broke."""
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or task.cancelling() > 0:
            raise


class DetachedTasks:
    """Tasks that nobody waits for (any more): kept alive until they have ended, never awaited by a caller.

    A cancelled request of the MCP SDK may spend seconds on a courtesy message to a server that does not read.
    """

    def __init__(self) -> None:
        """Start with none."""
        self._tasks: set[asyncio.Future[Any]] = set()
        self._kept: set[asyncio.Future[Any]] = set()

    def __len__(self) -> int:
        return len(self._tasks)

    def adopt(self, task: "asyncio.Future[Any]") -> None:
        """Cancel a task and forget its result."""
        if task.done():
            _look_at(task)
            return
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        task.cancel()

    def keep(self, task: "asyncio.Future[Any]") -> None:
        """Let a task end by itself until `drain` is called, and forget its result."""
        self._kept.add(task)
        task.add_done_callback(self._ended)

    async def drain(self, *, seconds: float, clock: Clock) -> None:
        """Cancel what still runs and wait until all have ended, or the time is up."""
        for task in list(self._kept):
            self.adopt(task)
        if self._tasks:
            await happened_within(asyncio.wait(set(self._tasks)), seconds=seconds, clock=clock)

    def _ended(self, task: "asyncio.Future[Any]") -> None:
        self._tasks.discard(task)
        self._kept.discard(task)
        _look_at(task)


def _look_at(task: "asyncio.Future[Any]") -> None:
    """Fetch the exception, or asyncio would report it as never retrieved."""
    if not task.cancelled():
        task.exception()
