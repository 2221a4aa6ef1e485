"""The time limits of one streamed answer: first content, gaps between content, and the caller's deadline.

Only content counts: comments, pings and lifecycle frames reset nothing.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from sentinel.domain.routes import Deadlines
from sentinel.errors import DeadlineExceededError, ProviderTimeoutError
from sentinel.resilience.deadline import Deadline


class StreamTimers:
    """An async context that raises the error of the limit that was passed.

    Raises:
        ProviderTimeoutError: no first content, or no further content, in time.
        DeadlineExceededError: the caller's deadline came first.
    """

    def __init__(self, limits: Deadlines, deadline: Deadline) -> None:
        self._limits = limits
        self._deadline = deadline
        self._loop = asyncio.get_running_loop()
        self._timeout = asyncio.timeout(None)
        self._alarm: asyncio.TimerHandle | None = None
        self._has_content = False
        self._is_paused = False
        self._waiting_since = 0.0
        self._deadline_at = 0.0
        self._deadline_is_nearer = False

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._waiting_since = self._loop.time()
        self._deadline_at = self._waiting_since + self._deadline.remaining()
        self._set_alarm()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear_alarm()
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError as timeout:
            if not self._timeout.expired():
                raise
            raise self._passed() from timeout

    def content_arrived(self) -> None:
        """Start the wait for the next content."""
        self._waiting_since = self._loop.time()
        if not self._has_content:
            self._has_content = True
            if self._alarm is None or self._limit_at() < self._alarm.when():  # it may be the shorter one
                self._set_alarm()

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Wait for somebody else, who is not timed here: a reader that is slow to take what has arrived."""
        self._is_paused = True
        try:
            yield
        finally:
            self._is_paused = False
            self._waiting_since = self._loop.time()
            if self._alarm is None:
                self._set_alarm()

    # Content comes thousands of times a second, so it only notes the time. The alarm stays; when it rings too
    # early, it is set again for what is left.

    def _limit_at(self) -> float:
        limits = self._limits
        return self._waiting_since + (limits.stall_seconds if self._has_content else limits.first_token_seconds)

    def _set_alarm(self) -> None:
        self._clear_alarm()
        self._alarm = self._loop.call_at(min(self._limit_at(), self._deadline_at), self._ring)

    def _clear_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _ring(self) -> None:
        self._alarm = None
        if self._is_paused:
            return
        now = self._loop.time()
        if now < min(self._limit_at(), self._deadline_at):
            self._set_alarm()
        else:
            self._deadline_is_nearer = self._deadline_at <= self._limit_at()
            self._timeout.reschedule(now)

    def _passed(self) -> Exception:
        if self._deadline_is_nearer:
            return DeadlineExceededError("the deadline of the request passed before the answer was complete")
        if self._has_content:
            return ProviderTimeoutError(f"no content for {self._limits.stall_seconds:g} s in mid-answer", cause="stall")
        return ProviderTimeoutError(
            f"no content within {self._limits.first_token_seconds:g} s", cause="first_token_timeout"
        )
