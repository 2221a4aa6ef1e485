"""Keeps the kill switches of this process those of the database: looks every other second, and at once when woken."""

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from sentinel.clock import Clock
from sentinel.tasks import ended
from sentinel.telemetry.survival import survived

LOOK_SECONDS = 2.0
"""How long a switch that was thrown elsewhere may go unseen while nobody tells of it."""


class SwitchWatch:
    """Calls `look` again and again. Enter it to start."""

    def __init__(
        self, look: Callable[[], Awaitable[None]], *, clock: Clock, interval_seconds: float = LOOK_SECONDS
    ) -> None:
        """Look every `interval_seconds` at least."""
        self._look = look
        self._clock = clock
        self._interval = interval_seconds
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def wake(self) -> None:
        """Look at once: another process has told of a change."""
        self._wake.set()

    async def __aenter__(self) -> Self:
        works = {"switch-watch": self._work(), "switch-watch-alarm": self._ring()}
        self._tasks = [asyncio.create_task(work, name=name) for name, work in works.items()]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await ended(*self._tasks)

    async def _work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            with survived("look after kill switches"):
                await self._look()

    async def _ring(self) -> None:
        while True:
            await self._clock.sleep(self._interval)
            self._wake.set()
