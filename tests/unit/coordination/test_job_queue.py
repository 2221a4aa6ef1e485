"""One process among many: which jobs it takes, what becomes of them, and what it does while the table is away."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count

import pytest

from sentinel.coordination.job_queue import JobQueue, JobQueueOptions
from sentinel.coordination.job_table import JobTable, RunJob
from sentinel.domain.queues import QueuedRun, QueueFigures, RunQueue
from sentinel.domain.runs import Priority
from sentinel.errors import ShuttingDownError, StoreUnavailableError
from sentinel.testing.clock import FakeClock, settle


class FakeTable(JobTable):
    """Jobs in memory, with what was asked of them."""

    def __init__(self) -> None:
        self.is_away = False
        self._ids = count(1)
        self.jobs: dict[int, QueuedRun] = {}
        self.taken: dict[int, int] = {}
        self.loses_answers = False
        self.enrolled: list[int] = []
        self.aborted: list[str] = []
        self.put_back_of: list[list[str] | None] = []
        self.beats = 0
        self.turns = 0
        self.clock = FakeClock()
        self.on_put: Callable[[], None] = lambda: None
        self.on_abort: Callable[[int], Awaitable[None]] | None = None
        self._listener = asyncio.Event()

    def lose_listener(self) -> None:
        """End the connection that listens."""
        self._listener.set()

    def _look(self) -> None:
        if self.is_away:
            self._lose()

    @staticmethod
    def _lose() -> None:
        message = "the queue is not available: gone"
        raise StoreUnavailableError(message)

    async def put(self, run: QueuedRun) -> None:
        self._look()
        self.jobs[next(self._ids)] = run
        self.on_put()

    async def take(self, worker_id: int, *, first: Priority = Priority.INTERACTIVE) -> RunJob | None:
        self._look()
        assert worker_id in self.enrolled, "a stranger asks for work"
        for job_id, run in sorted(self.jobs.items(), key=lambda job: job[1].priority is not first):
            if job_id not in self.taken:
                self.taken[job_id] = worker_id
                if self.loses_answers:
                    self._lose()
                return RunJob(job_id, run)
        return None

    async def taken_by(self, worker_id: int) -> Sequence[RunJob]:
        self._look()
        return [RunJob(job_id, run) for job_id, run in self.jobs.items() if self.taken.get(job_id) == worker_id]

    async def remove(self, job_ids: Collection[int]) -> None:
        self._look()
        for job_id in job_ids:
            self.jobs.pop(job_id, None)

    async def abort(self, run_id: str) -> bool:
        self._look()
        self.aborted.append(run_id)
        return run_id == "elsewhere"

    async def register(self) -> int:
        self._look()
        self.enrolled.append(max(self.enrolled, default=0) + 1)
        return self.enrolled[-1]

    async def unregister(self, worker_id: int) -> None:
        self.enrolled.remove(worker_id)

    async def beat(self, worker_id: int) -> bool:
        self._look()
        self.beats += 1
        return worker_id in self.enrolled

    async def take_turn(self, interval_seconds: float) -> bool:
        self._look()
        self.turns += 1
        return True

    async def drop_stalled(self, after_seconds: float) -> int:
        return 0

    async def put_back(
        self, *, grace_seconds: float, limit: int, only: Collection[str] | None = None
    ) -> Sequence[QueuedRun]:
        self._look()
        self.put_back_of.append(sorted(only) if only is not None else None)
        return []

    async def figures(self, stalled_seconds: float) -> QueueFigures:
        self._look()
        return QueueFigures(running=len(self.taken))

    async def listen(
        self,
        *,
        on_listening: Callable[[], None],
        on_put: Callable[[], None],
        on_abort: Callable[[int], Awaitable[None]],
    ) -> None:
        self._look()
        self.on_put, self.on_abort = on_put, on_abort
        on_listening()
        await self._listener.wait()
        self._listener.clear()
        self._lose()


class FakeLocal(RunQueue):
    """The queue of one process: works on what it is given until told that it is done."""

    figures = QueueFigures()

    def __init__(self, over: Callable[[str], None]) -> None:
        self.over = over
        self.working: list[str] = []
        self.stopped: list[str] = []
        self._draining = False

    @property
    def active(self) -> int:
        return len(self.working)

    @property
    def is_draining(self) -> bool:
        return self._draining

    def ensure_accepting(self) -> None:
        if self._draining:
            message = "stopping"
            raise ShuttingDownError(message)

    async def submit(self, run: QueuedRun) -> None:
        self.ensure_accepting()
        self.working.append(run.run_id)

    async def stop(self, run_id: str) -> None:
        self.stopped.append(run_id)

    async def drain(self, grace_seconds: float) -> None:
        self._draining = True
        for run_id in list(self.working):
            self.end(run_id)

    def end(self, run_id: str) -> None:
        self.working.remove(run_id)
        self.over(run_id)


@dataclass
class Process:
    """A queue with its two halves."""

    table: FakeTable = field(default_factory=FakeTable)
    local: FakeLocal = field(init=False)
    queue: JobQueue = field(init=False)

    @asynccontextmanager
    async def running(self, **options: object) -> AsyncIterator["Process"]:
        def local(over: Callable[[str], None]) -> FakeLocal:
            self.local = FakeLocal(over)
            return self.local

        self.queue = JobQueue(
            self.table,
            local=local,
            clock=self.table.clock,
            rng=lambda: 0.5,
            options=JobQueueOptions(**options),  # type: ignore[arg-type]  # whatever the test says
        )
        async with self.queue:
            await settle()
            yield self


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with Process().running(concurrency=2) as running:
        yield running


async def ask(process: Process, *names: str) -> None:
    for name in names:
        await process.queue.submit(QueuedRun(name, f"thread of {name}"))
    await settle()


async def test_it_takes_as_many_jobs_as_it_has_room_for_and_more_when_one_ends(process: Process) -> None:
    await ask(process, "one", "two", "three")
    assert process.local.working == ["one", "two"]
    process.local.end("one")
    await settle()
    assert process.local.working == ["two", "three"]
    assert [run.run_id for run in process.table.jobs.values()] == ["two", "three"]


async def test_one_run_in_four_is_a_batch_run_however_many_others_wait() -> None:
    table = FakeTable()
    for number in range(11):
        kind = Priority.BATCH if number < 2 else Priority.INTERACTIVE
        await table.put(QueuedRun(f"{kind.value} {number}", f"thread {number}", kind))
    async with Process(table).running(concurrency=1) as process:
        order = []
        for _ in range(11):
            order.append(process.local.working[0])
            process.local.end(order[-1])
            await settle()
    assert [number for number, name in enumerate(order) if "batch" in name] == [3, 7]


async def test_a_process_that_only_serves_takes_none_and_counts_all() -> None:
    async with Process().running(works=False) as process:
        await ask(process, "one")
        await process.table.clock.elapse(10.0)
        assert process.local.working == []
        assert process.table.enrolled == []
        assert process.table.turns == 0
        assert process.queue.figures == QueueFigures()


async def test_a_second_job_of_a_run_that_is_worked_on_here_is_only_forgotten(process: Process) -> None:
    await ask(process, "one", "one")
    assert process.local.working == ["one"]
    assert len(process.table.jobs) == 1


async def test_a_run_is_stopped_where_it_is(process: Process) -> None:
    await ask(process, "here")
    await process.queue.stop("here")
    await process.queue.stop("elsewhere")
    await process.queue.stop("nowhere")
    assert process.local.stopped == ["here", "nowhere"]
    assert process.table.aborted == ["elsewhere", "nowhere"]


async def test_a_run_is_stopped_that_another_process_wants_stopped(process: Process) -> None:
    await ask(process, "one")
    assert process.table.on_abort
    await process.table.on_abort(1)
    await process.table.on_abort(99)
    assert process.local.stopped == ["one"]


async def test_a_run_is_stopped_here_while_the_table_is_away(process: Process) -> None:
    process.table.is_away = True
    await process.queue.stop("somewhere")
    assert process.local.stopped == ["somewhere"]


async def test_what_cannot_be_done_while_the_table_is_away_is_done_when_it_is_back(process: Process) -> None:
    await ask(process, "one", "two")
    process.table.is_away = True
    process.local.end("one")
    await process.table.clock.elapse(20.0)
    assert process.local.working == ["two"]  # it needs no table to go on
    process.table.is_away = False
    await process.table.clock.elapse(3.0)
    assert [run.run_id for run in process.table.jobs.values()] == ["two"]
    await ask(process, "three")
    assert process.local.working == ["two", "three"]


async def test_who_was_struck_off_meanwhile_enrols_anew(process: Process) -> None:
    process.table.is_away = True
    process.table.on_put()
    await settle()
    process.table.enrolled.clear()
    process.table.is_away = False
    await process.table.clock.elapse(3.0)
    await ask(process, "one")
    assert process.local.working == ["one"]
    assert len(process.table.enrolled) == 1


async def test_who_was_silent_for_too_long_notices_it_without_a_job(process: Process) -> None:
    process.table.enrolled.clear()
    await process.table.clock.elapse(2.0)
    assert process.table.enrolled == [1]


async def test_who_was_not_struck_off_stays_who_it_was(process: Process) -> None:
    process.table.is_away = True
    process.table.on_put()
    await settle()
    process.table.is_away = False
    await process.table.clock.elapse(3.0)
    assert process.table.enrolled == [1]


async def test_a_job_that_cannot_be_put_is_said_to_be(process: Process) -> None:
    process.table.is_away = True
    with pytest.raises(StoreUnavailableError):
        await process.queue.submit(QueuedRun("one", "thread"))


async def test_it_hands_over_when_it_is_drained(process: Process) -> None:
    await ask(process, "one", "two", "three")
    await process.queue.drain(0.0)
    assert [run.run_id for run in process.table.jobs.values()] == ["three"]
    assert process.table.put_back_of == [["one", "two"]]
    with pytest.raises(ShuttingDownError):
        await process.queue.submit(QueuedRun("four", "thread"))
    await settle()
    assert process.local.working == []


async def test_it_strikes_itself_off_at_the_end() -> None:
    process = Process()
    async with process.running():
        assert process.table.enrolled == [1]
    assert process.table.enrolled == []


async def test_it_gives_signs_of_life(process: Process) -> None:
    before = process.table.beats
    await process.table.clock.elapse(11.0)
    assert process.table.beats - before == 11


async def test_nobody_is_judged_before_everybody_has_had_time_to_come_back(process: Process) -> None:
    await process.table.clock.elapse(5.0)
    assert process.table.turns == 0
    await process.table.clock.elapse(3.0)
    assert process.table.turns > 0
    process.table.is_away = True
    await process.table.clock.elapse(10.0)
    process.table.is_away = False
    await process.table.clock.elapse(2.0)
    turns = process.table.turns
    await process.table.clock.elapse(4.0)
    assert process.table.turns == turns
    await process.table.clock.elapse(3.0)
    assert process.table.turns > turns


@pytest.mark.parametrize("lost", ["listen", "take"])
async def test_sweeps_go_on_after_a_step_that_never_ends_has_failed_once(
    process: Process, lost: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if lost == "listen":
        process.table.lose_listener()
    else:
        process.table.is_away = True
        process.table.on_put()
        await settle()
        process.table.is_away = False
    await process.table.clock.elapse(120.0)
    assert process.table.turns >= 110
    said = capsys.readouterr().out
    assert said.count("queue_away") == said.count("queue_back") == 1


async def test_what_came_while_nobody_listened_is_looked_for(process: Process) -> None:
    process.table.lose_listener()
    await settle()
    process.table.on_put = lambda: None  # nobody hears of it
    await ask(process, "one")
    assert process.local.working == []
    await process.table.clock.elapse(1.0)
    assert process.local.working == ["one"]


async def test_a_job_is_worked_on_whose_taking_was_never_confirmed(process: Process) -> None:
    await ask(process, "well")
    process.table.loses_answers = True
    await ask(process, "lost")
    process.table.loses_answers = False
    await process.table.clock.elapse(1.0)
    assert process.local.working == ["well", "lost"]
    process.local.end("lost")
    await settle()
    assert [run.run_id for run in process.table.jobs.values()] == ["well"]


async def test_a_job_is_worked_on_that_was_taken_only_after_one_had_looked(process: Process) -> None:
    process.table.jobs[7] = QueuedRun("late", "thread")
    process.table.taken[7] = process.table.enrolled[-1]
    await process.table.clock.elapse(6.0)
    process.table.on_put()
    await settle()
    assert process.local.working == ["late"]
