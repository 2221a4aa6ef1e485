"""Runs on many machines: whoever accepts a run puts a job into the table, whoever has room takes it.

The local half, which owns the tasks of the runs worked on here, is the queue of a single process. A job only wakes
somebody; the run's row and its lease decide. So a job too many costs a glance at a row, and one that is lost is put
back by a sweep.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from sentinel.clock import Clock
from sentinel.coordination.job_table import JobTable, RunJob
from sentinel.coordination.keep_going import KeepGoing
from sentinel.domain.queues import INTERACTIVE_IN_A_ROW, QueuedRun, QueueFigures, RunQueue
from sentinel.domain.runs import Priority
from sentinel.errors import ShuttingDownError, StoreUnavailableError
from sentinel.tasks import ended
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

_PUT_SECONDS = 2.0
_HAND_OVER_SECONDS = 3.0
_PUT_BACK_AT_ONCE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQueueOptions:
    """How this process takes part. `works`: it takes jobs, `concurrency` at a time.

    `poll_seconds`: how late a job is found when its notification was lost. `stalled_seconds`: a worker that has given
    no sign of life for that long has ended; the length of a lease.
    """

    works: bool = True
    concurrency: int = 64
    poll_seconds: float = 1.0
    beat_seconds: float = 1.0
    sweep_seconds: float = 2.0
    stalled_seconds: float = 6.0


class JobQueue:
    """Implements RunQueue over a table of jobs, for one process of many. Nothing is taken before it is entered."""

    def __init__(
        self,
        table: JobTable,
        *,
        local: Callable[[Callable[[str], None]], RunQueue],
        clock: Clock,
        rng: Callable[[], float],
        options: JobQueueOptions,
    ) -> None:
        """`local(over)` makes the queue of this process, which calls `over(run_id)` when it is done with a run."""
        self._table = table
        self._local = local(self._over)
        self._clock = clock
        self._options = options
        self._going = KeepGoing(clock=clock, rng=rng)
        self._held: dict[str, RunJob] = {}
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._removing: set[asyncio.Task[None]] = set()
        self._worker_id: int | None = None
        self._look_for_lost_at = 0.0
        self._taken = 0
        self.figures = QueueFigures()

    @property
    def active(self) -> int:
        """How many runs are worked on here."""
        return self._local.active

    @property
    def is_draining(self) -> bool:
        """Whether new runs are refused, because the process is about to stop."""
        return self._local.is_draining

    def ensure_accepting(self) -> None:
        """Do nothing while runs are taken; raises ShuttingDownError when the process is about to stop."""
        self._local.ensure_accepting()

    async def submit(self, run: QueuedRun) -> None:
        """Put a job for the run into the table, where any worker finds it.

        Raises:
            ShuttingDownError: the process is draining.
            StoreUnavailableError: the table cannot be written now. A sweep finds the run, which is stored.
        """
        self.ensure_accepting()
        try:
            async with asyncio.timeout(_PUT_SECONDS):
                await self._table.put(run)
        except TimeoutError as error:
            message = "the queue does not answer; the run is found by its next sweep"
            raise StoreUnavailableError(message) from error

    async def stop(self, run_id: str) -> None:
        """End a run whose cancellation is noted: here, by who has its job, or here after all if nobody has begun."""
        if run_id not in self._held:
            with suppress(StoreUnavailableError):  # whoever holds the run looks for such notes, too
                if await self._table.abort(run_id):
                    return
        await self._local.stop(run_id)

    async def drain(self, grace_seconds: float) -> None:
        """Take nothing new, let runs end for a while, hand the others over to workers elsewhere."""
        held = set(self._held)
        await self._local.drain(grace_seconds)
        with suppress(TimeoutError):
            async with asyncio.timeout(_HAND_OVER_SECONDS):
                if self._removing:
                    await asyncio.wait(self._removing)
                await self._hand_over(held)

    async def __aenter__(self) -> Self:
        self._start("upkeep", self._look_after, self._options.beat_seconds)
        if self._options.works:
            self._start("listen", self._listen)
            self._start("take", self._take)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await ended(*self._loops, *self._removing)
        if self._worker_id is not None:
            with suppress(StoreUnavailableError):  # else its signs of life end, and somebody strikes it off
                await self._table.unregister(self._worker_id)

    def _start(self, name: str, step: Callable[[], Coroutine[Any, Any, None]], pause_seconds: float = 0.0) -> None:
        keep = self._going.forever(name, step, pause_seconds=pause_seconds)
        self._loops.append(asyncio.create_task(keep, name=f"queue-{name}"))

    # Taking jobs ------------------------------------------------------------------------------------------------------

    async def _take(self) -> None:
        """Take jobs as long as there is room."""
        self._look_for_lost_at = 0.0  # an answer may have been lost, and a job with it
        await self._give_sign_of_life()
        while not self.is_draining:
            self._wake.clear()
            worker_id = self._worker_id = self._worker_id or await self._table.register()
            await self._take_up_lost(worker_id)
            while self._has_room and (job := await self._table.take(worker_id, first=self._turn)) is not None:
                self._taken += 1
                await self._begin(job)
            self._going.went_well("take")
            with suppress(TimeoutError):
                async with asyncio.timeout(self._options.poll_seconds):
                    await self._wake.wait()
        await asyncio.Event().wait()  # until the process ends

    async def _take_up_lost(self, worker_id: int) -> None:
        """Begin what this worker has taken without ever being told: nobody else may, as long as it gives signs of life.

        Also now and then, since what was asked for in vain may be done after we have looked. Only this task takes
        jobs, so none is on its way here now; one that is about to be removed costs a glance at an ended run.
        """
        now = self._clock.monotonic()
        if now < self._look_for_lost_at:
            return
        known = {job.job_id for job in self._held.values()}
        for job in await self._table.taken_by(worker_id):
            if job.job_id not in known:
                logger.info("lost_job_found", run_id=job.run.run_id)
                await self._begin(job)
        self._look_for_lost_at = now + self._options.stalled_seconds

    @property
    def _turn(self) -> Priority:
        """Whose turn it is; batch runs would wait for ever while there are interactive ones, if they had none."""
        is_batch = self._taken % (INTERACTIVE_IN_A_ROW + 1) == INTERACTIVE_IN_A_ROW
        return Priority.BATCH if is_batch else Priority.INTERACTIVE

    @property
    def _has_room(self) -> bool:
        return self.active < self._options.concurrency and not self.is_draining

    async def _begin(self, job: RunJob) -> None:
        run_id = job.run.run_id
        if run_id in self._held:
            self._remove(job)  # asked for twice; one task is at it
            return
        self._held[run_id] = job
        try:
            await self._local.submit(job.run)
        except ShuttingDownError:
            await self._hand_over({run_id})

    def _over(self, run_id: str) -> None:
        """Forget the job of a run that this process is done with, and look for another, of the same thread perhaps."""
        job = self._held.pop(run_id, None)
        if job is not None:
            self._remove(job)

    def _remove(self, job: RunJob) -> None:
        task = asyncio.create_task(self._going.once("remove", lambda: self._table.remove([job.job_id])))
        self._removing.add(task)
        task.add_done_callback(self._removed)

    def _removed(self, task: asyncio.Task[None]) -> None:
        self._removing.discard(task)
        self._wake.set()  # only now is the lock of its thread free

    async def _hand_over(self, run_ids: set[str]) -> None:
        """Give up the jobs of these runs, and ask others to work on those that have not ended."""
        mine = [job for run_id in run_ids if (job := self._held.pop(run_id, None)) is not None]
        with suppress(StoreUnavailableError):  # then a sweep does it
            await self._table.remove([job.job_id for job in mine])
            await self._table.put_back(grace_seconds=0.0, limit=len(run_ids), only=run_ids)

    # Listening and looking after --------------------------------------------------------------------------------------

    async def _listen(self) -> None:
        await self._table.listen(on_listening=self._listening, on_put=self._wake.set, on_abort=self._abort)

    def _listening(self) -> None:
        self._going.went_well("listen")
        self._wake.set()  # what came before was not heard of

    async def _abort(self, job_id: int) -> None:
        for run_id, job in self._held.items():
            if job.job_id == job_id:
                await self._local.stop(run_id)
                return

    async def _look_after(self) -> None:
        """Give a sign of life, see to what others have left, and count."""
        options = self._options
        await self._give_sign_of_life()
        if options.works and not self.is_draining and self._going.well_seconds > options.stalled_seconds:
            await self._sweep()
        self.figures = await self._table.figures(options.stalled_seconds)

    async def _give_sign_of_life(self) -> None:
        """Where others have struck us off because we were silent for too long, we shall enrol anew."""
        if self._worker_id is not None and not await self._table.beat(self._worker_id):
            self._worker_id = None
            self._wake.set()

    async def _sweep(self) -> None:
        """Put back what has no job: accepted by a process that died then, or left by a worker that did.

        One process at a time does it for all. Who has just come back from an absence of the database waits as long as
        a worker may be silent, since the others may not have come back yet.
        """
        options = self._options
        # It is asked for once a beat: without the half of one, a turn would often be missed by a hair.
        if not await self._table.take_turn(options.sweep_seconds - options.beat_seconds / 2):
            return
        dropped = await self._table.drop_stalled(options.stalled_seconds)
        found = await self._table.put_back(grace_seconds=options.stalled_seconds, limit=_PUT_BACK_AT_ONCE)
        if dropped or found:
            logger.info("runs_put_back", jobs_dropped=dropped, runs=[run.run_id for run in found])
