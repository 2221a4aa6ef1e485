"""Runs runs as tasks of this process: bounded, first come first served, stoppable one by one, drained at the end."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any

from sentinel.clock import Clock, SystemClock
from sentinel.domain.queues import QueuedRun, QueueFigures
from sentinel.domain.runs import Priority
from sentinel.errors import ShuttingDownError

Work = Coroutine[Any, Any, None]

_BREAK_OFF_SECONDS = 3.0


class InProcessExecutor:
    """Implements RunQueue: owns the task of every run that this process works on."""

    def __init__(
        self,
        run: Callable[[str], Work],
        *,
        max_concurrent: int = 64,
        clock: Clock | None = None,
        over: Callable[[str], None] | None = None,
    ) -> None:
        """Work on at most `max_concurrent` runs at a time by `run`; tell `over` when one is left for good."""
        self._run = run
        self._clock = clock or SystemClock()
        self._over = over
        self._waiting: dict[str, tuple[Priority, float]] = {}
        self._slots = asyncio.Semaphore(max_concurrent)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._stopping: set[str] = set()
        self._draining = False

    @property
    def active(self) -> int:
        """How many runs wait or work here."""
        return len(self._tasks)

    @property
    def is_draining(self) -> bool:
        """Whether new runs are refused, because the process is about to stop."""
        return self._draining

    @property
    def figures(self) -> QueueFigures:
        """What waits and who works."""
        since = [since for _, since in self._waiting.values()]
        return QueueFigures(
            waiting=Counter(priority for priority, _ in self._waiting.values()),
            oldest_waiting_seconds=self._clock.monotonic() - min(since) if since else 0.0,
            running=self.active - len(since),
            workers=1,
        )

    def ensure_accepting(self) -> None:
        """Do nothing while runs are taken; raises ShuttingDownError when the process is about to stop."""
        if self._draining:
            message = "the server is shutting down and takes no new runs; ask again in a few seconds"
            raise ShuttingDownError(message)

    async def submit(self, run: QueuedRun) -> None:
        """Put a run in the queue; one that is there already, or is worked on here, stays as it is.

        Raises:
            ShuttingDownError: the process is draining; the run stays stored and goes on after the next start.
        """
        self.ensure_accepting()
        if run.run_id not in self._tasks:
            self._waiting[run.run_id] = run.priority, self._clock.monotonic()
            self._start(run.run_id, self._in_turn(run.run_id))

    async def stop(self, run_id: str) -> None:
        """Stop a run whose cancellation has been noted in the store; the runner then ends it as cancelled.

        Its task is cancelled once, wherever it is; when that task is gone, the run is looked at again, so that one
        which had not come far enough to end itself is ended too. A process about to stop leaves that to the next.
        """
        if self._draining or run_id in self._stopping:
            return
        task = self._tasks.get(run_id)
        if task is None:
            self._start(run_id, self._run(run_id))
            return
        self._stopping.add(run_id)
        task.cancel()

    async def drain(self, grace_seconds: float) -> None:
        """Take nothing new, let runs finish for a while, then break off the rest; those resume at the next start.

        Runs that cannot be broken off, because the database is away, are abandoned after a moment.
        """
        self._draining = True
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=grace_seconds)
        remaining = list(self._tasks.values())
        for task in remaining:
            task.cancel()
        if remaining:
            await asyncio.wait(remaining, timeout=_BREAK_OFF_SECONDS)

    def _start(self, run_id: str, work: Work) -> None:
        task = asyncio.create_task(work, name=f"run-{run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda _: self._ended(run_id))

    def _ended(self, run_id: str) -> None:
        del self._tasks[run_id]
        self._waiting.pop(run_id, None)
        if run_id in self._stopping:
            self._stopping.discard(run_id)
            if not self._draining:
                self._start(run_id, self._run(run_id))
                return
        if self._over is not None:
            self._over(run_id)

    async def _in_turn(self, run_id: str) -> None:
        async with self._slots:
            self._waiting.pop(run_id, None)
            await self._run(run_id)
