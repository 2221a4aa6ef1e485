"""Who works on runs: tasks of this process over SQLite, and over PostgreSQL whoever of many has room."""

import random
from collections.abc import Iterator
from contextlib import AsyncExitStack

from sentinel.clock import Clock
from sentinel.coordination.job_queue import JobQueue, JobQueueOptions
from sentinel.coordination.job_table import open_job_table
from sentinel.domain.queues import RunQueue
from sentinel.domain.runs import Priority
from sentinel.health.checks import Check, CheckResult, Health
from sentinel.main.storage import Storage
from sentinel.persistence.database_url import is_sqlite, libpq_url
from sentinel.runs.executor import InProcessExecutor, Worker
from sentinel.runs.leases import Leases
from sentinel.runs.sweeper import Sweeper
from sentinel.settings import Settings
from sentinel.telemetry.series import Reading, single

_BEATS_PER_LEASE = 6
_LATE_SECONDS = 30.0
"""A run that has waited for longer is worth an operator's eye."""


async def open_queue(
    settings: Settings, worker: Worker, *, leases: Leases, storage: Storage, clock: Clock, stack: AsyncExitStack
) -> RunQueue:
    """Give the queue that hands out the runs of this database, to `worker` as far as this process works on them.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    chosen = settings.queue
    if is_sqlite(storage.engine.url):
        queue = InProcessExecutor(worker, max_concurrent=chosen.concurrency, clock=clock)
        await stack.enter_async_context(
            Sweeper(
                runs=storage.runs,
                queue=queue,
                leases=leases,
                clock=clock,
                sweep_seconds=settings.runs.sweep_seconds,
            )
        )
        return queue
    table = await stack.enter_async_context(open_job_table(libpq_url(storage.engine.url)))
    jobs = JobQueue(
        table,
        local=lambda over: InProcessExecutor(worker, max_concurrent=chosen.concurrency, clock=clock, over=over),
        clock=clock,
        rng=random.random,  # noqa: S311 - spreads processes over time, protects no secret
        options=JobQueueOptions(
            works=chosen.embedded_worker,
            concurrency=chosen.concurrency,
            poll_seconds=chosen.poll_seconds,
            sweep_seconds=settings.runs.sweep_seconds,
            beat_seconds=settings.runs.lease_seconds / _BEATS_PER_LEASE,
            stalled_seconds=settings.runs.lease_seconds,
        ),
    )
    return await stack.enter_async_context(jobs)


def queue_check(queue: RunQueue) -> Check:
    """Give the line of the queue in `/health`."""

    async def check() -> CheckResult:
        figures = queue.figures
        waiting = sum(figures.waiting.values())
        said = f"{waiting} waiting, {figures.running} running, {figures.workers} working processes"
        if waiting and not figures.workers:
            return CheckResult(Health.DEGRADED, f"no process works on runs: {said}")
        if figures.oldest_waiting_seconds > _LATE_SECONDS:
            return CheckResult(Health.DEGRADED, f"a run has waited for {figures.oldest_waiting_seconds:.0f} s: {said}")
        return CheckResult(Health.HEALTHY, said)

    return check


def queue_readings(queue: RunQueue) -> Iterator[Reading]:
    """Give the figures of the queue."""
    yield Reading(
        name="sentinel_queue_waiting",
        help="Runs that wait for a worker, in all processes of the database.",
        labels=["priority"],
        read=lambda: [((each.value,), queue.figures.waiting.get(each, 0)) for each in Priority],
    )
    yield Reading(
        name="sentinel_queue_oldest_waiting_seconds",
        help="How long the oldest of them has waited.",
        read=single(lambda: queue.figures.oldest_waiting_seconds),
    )
    yield Reading(
        name="sentinel_queue_running",
        help="Runs that a process works on, in all processes of the database.",
        read=single(lambda: queue.figures.running),
    )
    yield Reading(
        name="sentinel_queue_workers",
        help="Processes that work on runs.",
        read=single(lambda: queue.figures.workers),
    )
