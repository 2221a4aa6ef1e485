"""The calls that callers wait for, so that a stopping process lets them finish, and tells those that it cuts short."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from sentinel.errors import ShuttingDownError

CUT_SHORT = "the server is shutting down; ask again in a few seconds"
_TELL_SECONDS = 1.0

T = TypeVar("T")


class OpenCalls:
    """Counts calls from their first byte to their last. `are_cut` once those that remain are told to end."""

    def __init__(self) -> None:
        self.are_cut = False
        self._tasks: set[asyncio.Task[Any]] = set()

    def begin(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        """Start a call as a task; raises ShuttingDownError when no more are taken."""
        if self.are_cut:
            work.close()
            raise ShuttingDownError(CUT_SHORT)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self, grace_seconds: float) -> None:
        """Let calls finish for a while, then cancel the rest, which tell their callers why."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_seconds)
        self.are_cut = True
        remaining = set(self._tasks)
        for task in remaining:
            task.cancel()
        if remaining:
            await asyncio.wait(remaining, timeout=_TELL_SECONDS)
