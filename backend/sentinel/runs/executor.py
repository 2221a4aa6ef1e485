"""Runs runs as tasks of this process: a bounded number at once, the others in a fair order, drained at the end."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Protocol

from sentinel.clock import Clock, SystemClock
from sentinel.domain.queues import QueuedRun, QueueFigures
from sentinel.errors import ShuttingDownError
from sentinel.runs.order import FairOrder
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

_BREAK_OFF_SECONDS = 3.0


class Worker(Protocol):
    """Who does the work: the runner."""

    def run(self, run_id: str) -> Coroutine[Any, Any, None]:
        """Bring the run to its end; does nothing if somebody else works on it. Cancelling it hands the run over."""
        ...

    def stop(self, run_id: str) -> None:
        """End the run as cancelled, if it is worked on here."""
        ...

    def request_drain(self) -> None:
        """Hand each run over when its step under way is done, and those that begin from now on at once."""
        ...


class InProcessExecutor:
    """Implements RunQueue: owns the task of every run that this process works on."""

    def __init__(
        self,
        worker: Worker,
        *,
        max_concurrent: int = 64,
        clock: Clock | None = None,
        over: Callable[[str], None] | None = None,
    ) -> None:
        """Let `worker` work on at most so many runs at once; `over` is told when nothing is done for one any more."""
        self._worker = worker
        self._max_concurrent = max_concurrent
        self._clock = clock or SystemClock()
        self._over = over
        self._order = FairOrder()
        self._since: dict[str, float] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._draining = False

    @property
    def active(self) -> int:
        """How many runs wait or work here."""
        return len(self._tasks) + len(self._order)

    @property
    def figures(self) -> QueueFigures:
        """What waits and who works."""
        oldest = min((self._since[run_id] for run_id in self._order), default=self._clock.monotonic())
        return QueueFigures(
            waiting=self._order.waiting(),
            oldest_waiting_seconds=self._clock.monotonic() - oldest,
            running=len(self._tasks),
            workers=1,
        )

    @property
    def is_draining(self) -> bool:
        """Whether new runs are refused, because the process is about to stop."""
        return self._draining

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
        if run.run_id not in self._tasks and run.run_id not in self._order:
            self._since[run.run_id] = self._clock.monotonic()
            self._order.push(run)
            self._fill()

    async def stop(self, run_id: str) -> None:
        """Stop a run whose cancellation has been noted in the store; the runner then ends it as cancelled.

        One that waits is ended at once, out of turn. A process about to stop leaves that to the next.
        """
        if self._draining:
            return
        if run_id in self._tasks:
            self._worker.stop(run_id)
        else:
            self._order.remove(run_id)
            self._start(run_id)

    async def drain(self, grace_seconds: float) -> None:
        """Take nothing new, let runs end their step and then hand them over, and break off what takes longer.

        Runs that cannot be broken off, because the database is away, are abandoned after a moment.
        """
        self._draining = True
        self._order = FairOrder()
        self._worker.request_drain()
        if self._tasks:
            await asyncio.wait(self._tasks.values(), timeout=grace_seconds)
        remaining = list(self._tasks.values())
        for task in remaining:
            task.cancel()
        if remaining:
            await asyncio.wait(remaining, timeout=_BREAK_OFF_SECONDS)

    def _fill(self) -> None:
        while self._order and len(self._tasks) < self._max_concurrent:
            self._start(self._order.pop().run_id)

    def _start(self, run_id: str) -> None:
        self._since.pop(run_id, None)
        task = asyncio.create_task(self._worker.run(run_id), name=f"run-{run_id}")
        self._tasks[run_id] = task
        task.add_done_callback(lambda ended: self._ended(run_id, ended))

    def _ended(self, run_id: str, task: asyncio.Task[None]) -> None:
        del self._tasks[run_id]
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("run_dropped", run_id=run_id, detail="the run will be taken up again", exc_info=error)
        if self._over is not None:
            self._over(run_id)
        self._fill()
