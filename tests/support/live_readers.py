"""A reader that follows a run in a task of its own, for tests of what wakes it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager

from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.events import Event
from tests.support.bounded import bounded


class Reader:
    """A task that follows a run and keeps what it gets."""

    def __init__(
        self, live: LiveEvents, run_id: str = "run", *, after: int = 0, most_seconds: float | None = None
    ) -> None:
        self.seen: list[int] = []
        self.task = asyncio.ensure_future(self._read(live.follow(run_id, after=after, most_seconds=most_seconds)))

    async def _read(self, following: AbstractAsyncContextManager[AsyncIterator[Event]]) -> None:
        async with following as events:
            async for event in events:
                self.seen.append(event.seq)

    async def end(self) -> list[int]:
        """Wait for the end of the run; what was seen."""
        await bounded(self.task, 5)
        return self.seen

    async def leave(self) -> None:
        """Close the connection."""
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
