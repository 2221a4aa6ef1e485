"""A cap on the calls of one tool that are in flight; who comes late waits in line, for a bounded time."""

import asyncio
from collections import deque

from sentinel.clock import Clock
from sentinel.tools.waiting import finished_within


class Places:
    """A number of places, given in the order of asking."""

    def __init__(self, places: int) -> None:
        """Start with all places free."""
        self._free = places
        self._line: deque[asyncio.Future[None]] = deque()

    async def enter(self, *, seconds: float, clock: Clock) -> bool:
        """Take a place, and return whether there was one in time; then `leave` must follow."""
        if self._free > 0:
            self._free -= 1
            return True
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._line.append(turn)
        try:
            return await finished_within(turn, seconds=seconds, clock=clock)
        except asyncio.CancelledError:
            if turn.done():
                self.leave()  # the place was given in the moment of the cancellation
            raise
        finally:
            turn.cancel()

    def leave(self) -> None:
        """Give a place back, to the first in line if there is one."""
        while self._line:
            turn = self._line.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1
