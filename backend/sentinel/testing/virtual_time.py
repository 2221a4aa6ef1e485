"""An event loop on which waiting costs nothing: when nobody can go on, its time jumps to the next timer.

Hours of timeouts, back-offs and open circuits pass in moments, in the order of real time, the same way every time. The
clock for it is `LoopClock`. Sockets have no place on it: whoever waits for nothing but them is stuck; what is meant
for a thread runs at once.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")
_START = datetime(2026, 1, 1, tzinfo=UTC)


class DeadlockError(RuntimeError):
    """Every task waits, and no timer will ever end that."""


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """A loop whose `time()` starts at 1000 seconds and passes only while everybody waits."""

    def __init__(self) -> None:
        """Start with nothing to do."""
        self._virtual_seconds = 1000.0
        super().__init__(_JumpingSelector(self))

    def time(self) -> float:
        """Return the virtual seconds."""
        return self._virtual_seconds

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """Run it here and now: a thread would finish at no time of this loop."""
        future = self.create_future()
        future.set_result(func(*args))
        return future

    def jump(self, seconds: float) -> None:
        """Let time pass."""
        self._virtual_seconds += seconds


class _JumpingSelector(selectors.DefaultSelector):
    """Where a loop would wait for its next timer, this one sends it there."""

    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if timeout is None and not ready:
            message = f"all tasks wait for ever at {self._loop.time():.3f} s"
            raise DeadlockError(message)
        if timeout and not ready:
            self._loop.jump(timeout)
        return ready


class LoopClock:
    """A `Clock` that shows the time of the loop it is used on; the wall clock starts at 2026-01-01 UTC."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Show the time of `loop`."""
        self._loop = loop
        self._start = loop.time()

    def monotonic(self) -> float:
        """Return the loop's seconds."""
        return self._loop.time()

    def now(self) -> datetime:
        """Return the wall-clock time that belongs to them."""
        return _START + timedelta(seconds=self._loop.time() - self._start)

    async def sleep(self, seconds: float) -> None:
        """Wait; zero or less only yields to the event loop."""
        await asyncio.sleep(max(0.0, seconds))


def run_in_virtual_time(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end on a loop of its own.

    Raises:
        DeadlockError: it would never end.
    """
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        return runner.run(work)
