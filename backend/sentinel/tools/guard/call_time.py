"""How long one call may take: the tool's time, as much again after each step that it reports, and never more than a
maximum or than its caller has.
"""

import asyncio
import math
from typing import Any

from sentinel.clock import Clock
from sentinel.tools.call import ProgressListener
from sentinel.tools.config import ToolLimits
from sentinel.tools.waiting import finished_within


class CallTime:
    """The time of one call, which begins now."""

    def __init__(self, limits: ToolLimits, *, caller_seconds: float | None, clock: Clock) -> None:
        """Give the tool its time; `caller_seconds` is what its caller has, None if that is no matter."""
        now = clock.monotonic()
        self._clock = clock
        self._step_seconds = limits.timeout_seconds
        self._tools_end = now + limits.timeout_seconds
        self._last_end = now + max(limits.timeout_seconds, limits.max_timeout_seconds)
        self._callers_end = math.inf if caller_seconds is None else now + caller_seconds
        self._reached = -math.inf

    @property
    def is_cut_short(self) -> bool:
        """Whether the caller has less time than the tool: then running out of it says nothing about the tool."""
        return self._callers_end < self._tools_end

    def remaining(self) -> float:
        """Return how many seconds are left; 0 if none are."""
        return max(0.0, min(self._tools_end, self._callers_end) - self._clock.monotonic())

    async def finished(self, task: "asyncio.Future[Any]") -> bool:
        """Wait until the task is done, or the time is up, and return whether it is done."""
        while not await finished_within(task, seconds=self.remaining(), clock=self._clock):
            if self.remaining() == 0.0:
                return False
        return True

    def listening(self, told: ProgressListener | None) -> ProgressListener:
        """Give what hears of the tool's steps, and passes them on to `told`."""

        async def heard(progress: float, total: float | None, message: str | None) -> None:
            if not math.isfinite(progress):  # no step, and nothing that JSON could pass on
                return
            self._step(progress)
            if told is not None:
                await told(progress, total if total is None or math.isfinite(total) else None, message)

        return heard

    def _step(self, progress: float) -> None:
        if progress > self._reached:  # a tool that says the same again and again has not come any further
            self._reached = progress
            self._tools_end = min(self._clock.monotonic() + self._step_seconds, self._last_end)
