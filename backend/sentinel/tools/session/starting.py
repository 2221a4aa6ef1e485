"""Servers start side by side, but only a few at the same moment: fifty interpreters at once on two cores would all miss
the time that each of them has.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sentinel.clock import Clock


class StartLine:
    """A few places, given in the order of asking, to those who start a process.

    A place is given on when its server is ready, or after a while in any case: one that never answers keeps it only so
    long.
    """

    def __init__(self, places: int, *, seconds: float, clock: Clock) -> None:
        """Start with all places free; nobody keeps one for more than `seconds`."""
        self._places = asyncio.Semaphore(places)
        self._seconds = seconds
        self._clock = clock

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it for the time of the context, or less."""
        await self._places.acquire()
        giving_on = asyncio.create_task(self._clock.sleep(self._seconds), name="tools:start-place")
        giving_on.add_done_callback(lambda _: self._places.release())  # ended or cancelled, but once
        try:
            yield
        finally:
            giving_on.cancel()
