"""The queue as a table: what procrastinate does for us in PostgreSQL, in the words of runs.

Jobs, their locks and priorities, NOTIFY, and the signs of life of workers are procrastinate's. Two looks at `runs`
stand beside them, since the run's row and its lease, not the job, say whether there is work to do.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

from procrastinate import App, PsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException
from procrastinate.jobs import Job, Status
from procrastinate.manager import get_channel_for_queues
from psycopg import AsyncConnection, DatabaseError, OperationalError

from sentinel.domain.queues import QueuedRun, QueueFigures
from sentinel.domain.runs import Priority
from sentinel.errors import StoreUnavailableError

CONNECTIONS = 3
"""Connections of a process to the queue at most, besides the one that listens."""

_QUEUES = {Priority.INTERACTIVE: "runs", Priority.BATCH: "runs-batch"}
_TASK = "run"
_ORDER = {Priority.INTERACTIVE: 10, Priority.BATCH: 0}
_UPWARDS = sorted(_ORDER, key=_ORDER.__getitem__)
_CONNECT_TIMEOUT_SECONDS = 5
_POOL_TIMEOUT_SECONDS = 5.0
_ANSWER_SECONDS = 10.0

_TAKE_TURN: LiteralString = """
UPDATE sentinel_queue_sweeps SET swept_at = clock_timestamp()
 WHERE swept_at < clock_timestamp() - make_interval(secs => %(interval)s) RETURNING swept_at
"""
# A restarted database has kept nobody's lease alive while it was away: nobody is judged before all could renew.
_WITHOUT_JOB: LiteralString = """
SELECT r.run_id, r.thread_id, r.options ->> 'priority' AS priority FROM runs r
 WHERE r.status IN ('queued', 'running')
   AND (r.lease_until IS NULL OR (
        r.lease_until < extract(epoch FROM clock_timestamp())
        AND clock_timestamp() > pg_postmaster_start_time() + make_interval(secs => %(grace)s)))
   AND (%(only)s::text[] IS NULL OR r.run_id = ANY(%(only)s::text[]))
   AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.queueing_lock = r.run_id AND j.status = 'todo')
   AND NOT EXISTS (SELECT 1 FROM procrastinate_jobs j WHERE j.lock = r.thread_id AND j.status = 'doing')
 ORDER BY r.created_at, r.run_id LIMIT %(limit)s
"""
_BEAT: LiteralString = (
    "SELECT procrastinate_update_heartbeat_v1(id) FROM procrastinate_workers WHERE id = %(worker_id)s"
)
_FIGURES: LiteralString = """
SELECT count(*) FILTER (WHERE j.status = 'todo' AND j.priority > 0) AS interactive,
       count(*) FILTER (WHERE j.status = 'todo' AND j.priority <= 0) AS batch,
       count(*) FILTER (WHERE j.status = 'doing') AS running,
       (SELECT coalesce(extract(epoch FROM clock_timestamp() - min(e.at)), 0)::float FROM procrastinate_events e
         WHERE e.job_id = min(j.id) FILTER (WHERE j.status = 'todo')) AS oldest,
       (SELECT count(*) FROM procrastinate_workers
         WHERE last_heartbeat > clock_timestamp() - make_interval(secs => %(stalled)s)) AS workers
  FROM procrastinate_jobs j WHERE j.task_name = 'run' AND j.status IN ('todo', 'doing')
"""


@dataclass(frozen=True, slots=True)
class RunJob:
    """A job that this process has taken: it asks for work on a run."""

    job_id: int
    run: QueuedRun


class JobTable:
    """Implements what the queue needs of procrastinate. Every method raises StoreUnavailableError when it cannot."""

    def __init__(self, app: App) -> None:
        """Use an opened app; see `open_job_table`."""
        self._app = app
        self._jobs = app.job_manager

    async def put(self, run: QueuedRun) -> None:
        """Ask for work on a run; does nothing if that is asked for already and nobody has begun."""
        job = Job(
            queue=_QUEUES[run.priority],
            task_name=_TASK,
            priority=_ORDER[run.priority],
            lock=run.thread_id,
            queueing_lock=run.run_id,
            task_kwargs={"run_id": run.run_id, "priority": run.priority.value},
        )
        async with _asking():
            try:
                await self._jobs.defer_job_async(job)
            except AlreadyEnqueued:
                return

    async def take(self, worker_id: int, *, first: Priority = Priority.INTERACTIVE) -> RunJob | None:
        """Take the next job for a worker: runs of one priority first, then as they came, one of a thread at a time."""
        asked = [list(_QUEUES.values())] if first is Priority.INTERACTIVE else [[_QUEUES[each]] for each in _UPWARDS]
        for queues in asked:
            async with _asking():
                job = await self._jobs.fetch_job(queues=queues, worker_id=worker_id)
            if job is not None:
                return _run_job(job)
        return None

    async def taken_by(self, worker_id: int) -> Sequence[RunJob]:
        """Give the jobs that a worker has taken, also those whose taking it was never told of."""
        async with _asking():
            found = await self._jobs.list_jobs_async(task=_TASK, status=Status.DOING.value, worker_id=worker_id)
        return [_run_job(job) for job in found]

    async def remove(self, job_ids: Collection[int]) -> None:
        """Forget jobs that were taken; one that is gone already is passed over."""
        for job_id in job_ids:
            async with _asking(), _ignoring_refusal():
                await self._jobs.finish_job_by_id_async(job_id, Status.SUCCEEDED, delete_job=True)

    async def abort(self, run_id: str) -> bool:
        """Tell the worker that has taken a run's job to stop it; False if none has."""
        async with _asking():
            found = await self._jobs.list_jobs_async(task=_TASK, queueing_lock=run_id, status=Status.DOING.value)
            told = [await self._jobs.cancel_job_by_id_async(job.id, abort=True) for job in found if job.id is not None]
        return any(told)

    async def register(self) -> int:
        """Enrol a worker, whose signs of life are expected from now on."""
        async with _asking():
            return await self._jobs.register_worker()

    async def unregister(self, worker_id: int) -> None:
        """Strike a worker off."""
        async with _asking():
            await self._jobs.unregister_worker(worker_id)

    async def beat(self, worker_id: int) -> bool:
        """Give a sign of life; False if the worker has been struck off."""
        return bool(await self._rows(_BEAT, worker_id=worker_id))

    async def take_turn(self, interval_seconds: float) -> bool:
        """Tell whether it is this process's turn to sweep: nobody else has for that long."""
        return bool(await self._rows(_TAKE_TURN, interval=interval_seconds))

    async def drop_stalled(self, after_seconds: float) -> int:
        """Forget the jobs of workers without a sign of life, and those workers; how many jobs that were.

        Their runs are asked for again by `put_back`, as soon as their leases have lapsed.
        """
        async with _asking():
            stalled = await self._jobs.get_stalled_jobs(task_name=_TASK, seconds_since_heartbeat=after_seconds)
        job_ids = [job.id for job in stalled if job.id is not None]
        await self.remove(job_ids)
        async with _asking():
            await self._jobs.prune_stalled_workers(after_seconds)
        return len(job_ids)

    async def put_back(
        self, *, grace_seconds: float, limit: int, only: Collection[str] | None = None
    ) -> Sequence[QueuedRun]:
        """Ask for work on unfinished runs that nobody holds and that have no job, the oldest first."""
        rows = await self._rows(
            _WITHOUT_JOB, grace=grace_seconds, limit=limit, only=None if only is None else list(only)
        )
        runs = [QueuedRun(row["run_id"], row["thread_id"], Priority(row["priority"] or "interactive")) for row in rows]
        for run in runs:
            await self.put(run)
        return runs

    async def figures(self, stalled_seconds: float) -> QueueFigures:
        """Count what waits and who works, in all processes."""
        (row,) = await self._rows(_FIGURES, stalled=stalled_seconds)
        return QueueFigures(
            waiting={Priority.INTERACTIVE: row["interactive"], Priority.BATCH: row["batch"]},
            oldest_waiting_seconds=row["oldest"] or 0.0,
            running=row["running"],
            workers=row["workers"],
        )

    async def listen(
        self,
        *,
        on_listening: Callable[[], None],
        on_put: Callable[[], None],
        on_abort: Callable[[int], Awaitable[None]],
    ) -> None:
        """Tell of new jobs and of those to stop, as they come; ends only with an error, or cancelled.

        `on_listening` is told when nothing is missed from now on, also after a connection was lost and replaced.
        """

        async def told(*, channel: str, payload: str) -> None:
            notification = json.loads(payload)
            if notification["type"] == "abort_job_requested":
                await on_abort(notification["job_id"])
            else:
                on_put()

        async with _asking(None):
            await self._app.connector.listen_notify(on_notification=told, channels=_Channels(on_listening))

    async def _rows(self, query: LiteralString, **arguments: Any) -> list[dict[str, Any]]:
        async with _asking():
            return await self._app.connector.execute_query_all_async(query, **arguments)


class _Channels:
    """The channels of the queue. The library does not tell when it listens to all, but asks for one after another."""

    def __init__(self, on_listening: Callable[[], None]) -> None:
        self._on_listening = on_listening

    def __iter__(self) -> Iterator[str]:
        yield from get_channel_for_queues(_QUEUES.values())
        self._on_listening()


@asynccontextmanager
async def open_job_table(conninfo: str) -> AsyncIterator[JobTable]:
    """Open the queue in a database whose tables are there.

    Raises:
        StoreUnavailableError: the database cannot be reached.
    """
    app = App(
        connector=PsycopgConnector(
            conninfo=conninfo,
            min_size=1,
            max_size=CONNECTIONS,
            timeout=_POOL_TIMEOUT_SECONDS,
            configure=_without_transactions,
            kwargs={"connect_timeout": _CONNECT_TIMEOUT_SECONDS, "application_name": "sentinel queue"},
        )
    )
    async with _asking():
        await app.open_async()
    try:
        yield JobTable(app)
    finally:
        await app.close_async()


async def _without_transactions(connection: AsyncConnection[Any]) -> None:
    """Wait for no BEGIN and no COMMIT: every method is one statement, or several that may stand alone."""
    await connection.set_autocommit(True)


def _run_job(job: Job) -> RunJob:
    run_id, priority = str(job.task_kwargs["run_id"]), Priority(str(job.task_kwargs["priority"]))
    return RunJob(job.id or 0, QueuedRun(run_id, job.lock or "", priority))


@asynccontextmanager
async def _asking(limit_seconds: float | None = _ANSWER_SECONDS) -> AsyncIterator[None]:
    """Turn what goes wrong into our error; a database that hangs has gone wrong, too."""
    try:
        async with asyncio.timeout(limit_seconds):
            yield
    except (ConnectorException, OperationalError, OSError, TimeoutError) as error:
        reason = str(error.__cause__ or error).strip().splitlines()
        message = f"the queue is not available: {reason[0] if reason else type(error).__name__}"
        raise StoreUnavailableError(message) from error


@asynccontextmanager
async def _ignoring_refusal() -> AsyncIterator[None]:
    """Pass over procrastinate's own refusal, which is an exception raised in the database: the job is gone."""
    try:
        yield
    except ConnectorException as error:
        cause = error.__cause__
        if not (isinstance(cause, DatabaseError) and cause.sqlstate == "P0001"):
            raise
