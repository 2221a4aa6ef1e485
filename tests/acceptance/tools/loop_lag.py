"""How long the event loop was kept from its other work, counted in this process's own processor time.

What other programs take of the machine meanwhile is not in it, work of our threads that keeps the loop waiting is.
"""

import asyncio
import time
from types import TracebackType
from typing import Self

_TICK_SECONDS = 0.001


class LoopLag:
    """The lag while the context is open; `worst_seconds` is the longest of it."""

    def __init__(self) -> None:
        self.worst_seconds = 0.0

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.sleep(_TICK_SECONDS)  # the lag that is still under way
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _tick(self) -> None:
        last = time.process_time()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            now = time.process_time()
            self.worst_seconds = max(self.worst_seconds, now - last)
            last = now
