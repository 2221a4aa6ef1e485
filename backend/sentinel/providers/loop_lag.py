"""Whether our own event loop stood still: a limit that passes meanwhile says nothing about a provider.

A task that wants to wake up often notices when it could not. Whoever judges a timeout asks here first.
"""

import asyncio
import math
from types import TracebackType
from typing import Self

from sentinel.clock import Clock
from sentinel.tasks import ended


class LoopLag:
    """Watches the event loop while its context is open. It was late if the watcher had no turn for `threshold_seconds`.

    The watcher's own sleep is part of that: it is short, and the loop may have stood still all the while.
    """

    def __init__(self, clock: Clock, *, threshold_seconds: float = 1.0, interval_seconds: float = 0.1) -> None:
        self._clock = clock
        self._threshold = threshold_seconds
        self._interval = interval_seconds
        self._turn_at = math.inf
        self._late_at = -math.inf
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._watch(), name="loop-lag")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(self._task)
        self._turn_at = math.inf

    def was_late_since(self, instant: float) -> bool:
        """Tell whether the loop was late at or after a monotonic time, or is at this moment."""
        # The watcher may be ready but not yet have run: of all that became due meanwhile, the asker came first.
        return self._late_at >= instant or self._is_late(self._clock.monotonic())

    async def _watch(self) -> None:
        while True:
            self._turn_at = self._clock.monotonic()
            await self._clock.sleep(self._interval)
            now = self._clock.monotonic()
            if self._is_late(now):
                self._late_at = now

    def _is_late(self, now: float) -> bool:
        return now - self._turn_at > self._threshold
