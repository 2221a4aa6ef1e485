"""The use cases of runs over stores in memory: what is refused before anything is stored, and what waits for what."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest

from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.events import EventType
from sentinel.domain.queues import QueuedRun, QueueFigures
from sentinel.domain.routes import Route, Target
from sentinel.domain.runs import Run, RunOptions, RunStatus
from sentinel.errors import (
    EmptyInputError,
    InputTooLongError,
    RequestError,
    RunNotFoundError,
    SentinelError,
    ShuttingDownError,
    StoreUnavailableError,
    UnknownRouteError,
)
from sentinel.ids import IdSource
from sentinel.persistence.group_commit import GroupCommit
from sentinel.runs.service import Question, RunService
from sentinel.testing.clock import FakeClock, settle
from sentinel.testing.event_log import MemoryEventLog
from sentinel.testing.stores import MemoryData, MemoryRunStore, memory_journal
from tests.support.bounded import bounded
from tests.support.run_builders import completed


@dataclass
class Hands:
    """A queue that keeps what it is given; nobody works on it."""

    given: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    is_draining: bool = False
    refuses: SentinelError | None = None
    active: int = 0
    figures: QueueFigures = field(default_factory=QueueFigures)

    def ensure_accepting(self) -> None:
        """Refuse while draining."""
        if self.is_draining:
            raise ShuttingDownError("draining")

    async def submit(self, run: QueuedRun) -> None:
        """Keep it, or refuse it."""
        if self.refuses:
            raise self.refuses
        self.given.append(run.run_id)

    async def stop(self, run_id: str) -> None:
        """Keep that it shall stop."""
        self.stopped.append(run_id)

    async def drain(self, grace_seconds: float) -> None:
        """Take no more."""
        self.is_draining = True


@dataclass
class House:
    """A service and what is around it."""

    service: RunService
    data: MemoryData
    queue: Hands
    live: LiveEvents
    journal: GroupCommit

    async def ask(self, text: str = "Why?", **more: object) -> Run:
        """Ask."""
        return await self.service.ask(Question(text=text, options=RunOptions(), **more))  # type: ignore[arg-type]

    async def answer(self, run: Run) -> None:
        """Do what a runner does."""
        claimed = await self.service.runs.claim(
            run.run_id, owner="worker", lease_seconds=60, at=self.service.clock.now()
        )
        assert claimed
        log = self.journal.open(claimed)
        log.append(EventType.TOKEN, {"text": "An answer.", "message_id": claimed.message_id})
        await log.finish(completed("An answer."))


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A service over an empty store."""
    clock, queue = FakeClock(), Hands()
    data = MemoryData(clock)
    live = LiveEvents(log=MemoryEventLog(data), clock=clock)
    route = Route(name="default", targets=(Target("one", "large"),))
    service = RunService(
        runs=MemoryRunStore(data),
        live=live,
        queue=queue,
        routes={"default": route},
        clock=clock,
        ids=IdSource(clock),
        max_input_chars=20,
    )
    async with memory_journal(data, clock=clock, publish=live.publish) as journal:
        yield House(service, data, queue, live, journal)


async def test_a_question_is_stored_and_then_handed_out(house: House) -> None:
    run = await house.ask()
    assert (run.status, house.queue.given) == (RunStatus.QUEUED, [run.run_id])
    assert await house.service.get(run.run_id) == run


@pytest.mark.parametrize(
    ("question", "error"),
    [
        (Question(text=" ", options=RunOptions()), EmptyInputError),
        (Question(text="x" * 21, options=RunOptions()), InputTooLongError),
        (Question(text="Hi", options=RunOptions(route="nowhere")), UnknownRouteError),
    ],
)
async def test_what_cannot_be_asked_is_not_stored(house: House, question: Question, error: type[RequestError]) -> None:
    with pytest.raises(error):
        await house.service.ask(question)
    assert (house.data.runs, house.queue.given) == ({}, [])


async def test_a_process_that_drains_stores_nothing(house: House) -> None:
    house.queue.is_draining = True
    with pytest.raises(ShuttingDownError):
        await house.ask()
    assert house.data.runs == {}


@pytest.mark.parametrize("trouble", [ShuttingDownError("now"), StoreUnavailableError("away")])
async def test_a_stored_question_counts_even_if_nobody_can_be_woken(house: House, trouble: SentinelError) -> None:
    house.queue.refuses = trouble
    run = await house.ask()
    assert (await house.service.get(run.run_id)).status is RunStatus.QUEUED


async def test_the_same_key_is_handed_out_again_only_while_nobody_has_it(house: House) -> None:
    first = await house.ask(idempotency_key="k")
    assert await house.ask(idempotency_key="k") == first
    await house.answer(first)
    again = await house.ask(idempotency_key="k")
    assert (again.run_id, again.status) == (first.run_id, RunStatus.COMPLETED)
    assert house.queue.given == [first.run_id] * 2


async def test_waiting_ends_with_the_run_and_not_with_the_life_of_a_connection(house: House) -> None:
    run = await house.ask()
    waiting = asyncio.create_task(house.service.wait(run.run_id))
    assert isinstance(house.service.clock, FakeClock)
    await house.service.clock.elapse(3600)
    assert not waiting.done()
    await house.answer(run)
    assert (await bounded(waiting, 5)).status is RunStatus.COMPLETED


async def test_who_waits_when_the_process_stops_is_told(house: House) -> None:
    run = await house.ask()
    waiting = asyncio.create_task(house.service.wait(run.run_id))
    await settle()
    house.live.end()
    with pytest.raises(ShuttingDownError):
        await bounded(waiting, 5)


async def test_the_head_says_how_far_a_log_reaches_and_whether_more_will_come(house: House) -> None:
    run = await house.ask()
    going = await house.service.head(run.run_id)
    await house.answer(run)
    ended = await house.service.head(run.run_id)
    assert [(head.last_seq, head.ended) for head in (going, ended)] == [(1, False), (3, True)]
    with pytest.raises(RunNotFoundError):
        await house.service.head("nothing")


async def test_a_run_that_has_ended_is_not_stopped(house: House) -> None:
    going, ended = await house.ask(), await house.ask()
    await house.answer(ended)
    assert (await house.service.cancel(going.run_id)).cancel_requested
    assert not (await house.service.cancel(ended.run_id)).cancel_requested
    assert house.queue.stopped == [going.run_id]
