"""Several processes on one PostgreSQL database, and a process that stops step by step."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig

from sentinel.domain.events import Event
from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import RunStatus
from sentinel.errors import StoreUnavailableError
from sentinel.persistence.translating_saver import TranslatingSaver
from sentinel.providers.base import ToolRequest
from sentinel.testing.clock import settle
from sentinel.testing.providers import Behaviour
from sentinel.testing.tools import FakeToolbox
from tests.integration.runs.conftest import Machine, Process, phases_of, text_of
from tests.support.bounded import bounded
from tests.support.postgres import PostgresServer
from tests.support.run_builders import Questions

HELLO = Behaviour(words=["Hello ", "world"])
HANGS = Behaviour(words=["Hel"], hangs=True)
FAST = {"lease_seconds": 1.0, "renew_seconds": 0.2, "watch_seconds": 0.1}


@pytest.fixture
def database(postgres_server: PostgresServer) -> Iterator[str]:
    """An empty PostgreSQL database."""
    name = postgres_server.create_database()
    yield postgres_server.url(name)
    postgres_server.drop_database(name)


@asynccontextmanager
async def rivals(machine: Machine, count: int, behaviour: Behaviour) -> AsyncIterator[list[Process]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(machine.process(one=[behaviour])) for _ in range(count)]


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(10):
        while not await is_so():
            await asyncio.sleep(0.01)


async def events_of(process: Process, run_id: str) -> list[Event]:
    """The log, once the run has ended: these processes do not tell each other of events."""

    async def has_ended() -> bool:
        return not (await process.runs.get(run_id)).status.is_active

    await until(has_ended)
    return await bounded(process.events(run_id), 5)


async def test_of_processes_that_fight_for_one_run_exactly_one_works_on_it(
    machine: Callable[..., Machine], database: str
) -> None:
    async with rivals(machine(url=database), 3, HELLO) as processes:
        questions = Questions()
        asked = [await processes[0].runs.create(questions.ask()) for _ in range(5)]
        submissions = [process.executor.submit(QueuedRun.of(run)) for run in asked for process in processes]
        await asyncio.gather(*submissions)
        for run in asked:
            events = await events_of(processes[0], run.run_id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert phases_of(events) == ["queued", "started", "attempt_started"]
            assert text_of(events) == "Hello world"
            assert (await processes[0].runs.get(run.run_id)).fence == 1
        assert sum(len(process.one.calls) for process in processes) == len(asked)


async def test_a_holder_that_was_silent_for_too_long_is_replaced_and_writes_nothing_more(
    machine: Callable[..., Machine], database: str
) -> None:
    """As after SIGSTOP: it comes back with words on its lips, and finds that somebody else has spoken meanwhile."""
    async with rivals(machine(url=database, lease=FAST), 2, HANGS) as (frozen, awake):
        asked = await frozen.ask()
        await bounded(frozen.one.hanging.wait(), 10)
        renew, vars(frozen.runs)["renew"] = frozen.runs.renew, silent
        awake.one.script = [HELLO]

        async def is_idle() -> bool:
            return bool(await awake.runs.idle(limit=1))

        await until(is_idle)
        await awake.executor.submit(QueuedRun.of(asked))
        events = await events_of(awake, asked.run_id)
        vars(frozen.runs)["renew"] = renew
        await until(nobody_at_work(frozen))
        assert await events_of(awake, asked.run_id) == events
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert text_of(events) == events[-1].data["text"] == "Hello world"
    assert phases_of(events).count("recovered") == 1


async def silent(*_: object, **__: object) -> Any:
    raise StoreUnavailableError("frozen")


def nobody_at_work(process: Process) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return process.executor.active == 0

    return is_so


async def test_a_run_is_cancelled_through_a_process_that_does_not_work_on_it(
    machine: Callable[..., Machine], database: str
) -> None:
    async with rivals(machine(url=database), 2, HANGS) as (working, other):
        asked = await working.ask()
        await bounded(working.one.hanging.wait(), 10)
        await other.service.cancel(asked.run_id)
        events = await events_of(other, asked.run_id)
    assert events[-1].data["finish_reason"] == "cancelled"
    assert text_of(events) == "Hel"


async def test_a_stopping_process_ends_the_step_and_the_next_one_goes_on_after_it(
    machine: Callable[..., Machine],
) -> None:
    """The round of tools is neither broken off nor made again; the model is asked by the next process."""
    begun, may_end = asyncio.Event(), asyncio.Event()

    class Slow(FakeToolbox):
        async def call(self, name: str, arguments: Any, **more: Any) -> Any:
            begun.set()
            await may_end.wait()
            return await super().call(name, arguments, **more)

    host = machine(toolbox=Slow({"calculator__evaluate": lambda _: "42"}))
    asks = Behaviour(words=["Let me see."], tool_requests=[ToolRequest("c1", "calculator__evaluate", {})])
    async with host.process(one=[asks]) as process:
        asked = await process.ask()
        await bounded(begun.wait(), 5)
        stopping = asyncio.create_task(process.executor.drain(10.0))
        await asyncio.sleep(0)
        may_end.set()
        await bounded(stopping, 5)
        assert len(process.one.calls) == 1
    async with host.process(one=[Behaviour(words=["It is 42."])]) as process:
        await process.take_up()
        events = await bounded(process.events(asked.run_id), 5)
        run = await process.runs.get(asked.run_id)
        assert len(process.one.calls) == 1
    phases = phases_of(events)
    assert phases.index("tool_finished") < phases.index("draining") < phases.index("recovered")
    assert len(host.toolbox.calls) == 1
    assert text_of(events) == events[-1].data["text"] == "Let me see.\n\nIt is 42."
    assert (run.status, run.recovered) == (RunStatus.COMPLETED, 0)


async def test_a_stopping_process_ends_a_run_whose_answer_is_complete(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[Behaviour(words=["Hello"], silent_seconds=0.05)]) as process:
        asked = await process.ask()

        async def is_asked() -> bool:
            return bool(process.one.calls)

        await until(is_asked)
        await process.executor.drain(5.0)
        run = await process.runs.get(asked.run_id)
    assert (run.status, run.finish_reason) == (RunStatus.COMPLETED, "stop")


async def test_a_process_that_is_stopped_while_a_run_ends_lets_it_end(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        ending, may_end = asyncio.Event(), asyncio.Event()
        commit = vars(process.journal)["_commit"]

        async def slow(parts: Any) -> Any:
            if any(part.ending for part in parts):
                ending.set()
                await may_end.wait()
            return await commit(parts)

        vars(process.journal)["_commit"] = slow
        asked = await process.ask()
        await bounded(ending.wait(), 5)
        stopping = asyncio.create_task(process.executor.drain(0.0))
        await settle()
        may_end.set()
        await bounded(stopping, 5)
        run = await process.runs.get(asked.run_id)
        events = await bounded(process.events(asked.run_id), 5)
    assert run.status is RunStatus.COMPLETED
    assert "draining" not in phases_of(events)


async def test_a_run_whose_checkpoint_cannot_be_written_pauses_and_goes_on_when_it_can(
    machine: Callable[..., Machine],
) -> None:
    class Absent(TranslatingSaver):
        failures = 2

        async def aput(self, config: RunnableConfig, *rest: Any) -> RunnableConfig:
            if "Hello" in str(rest[0]["channel_values"]) and Absent.failures:
                Absent.failures -= 1
                raise StoreUnavailableError("away")
            return await super().aput(config, *rest)

    host = machine(make_saver=Absent)
    async with host.process(one=[HELLO]) as process:
        asked = await process.ask()
        events = await bounded(process.events(asked.run_id), 10)
        run = await process.runs.get(asked.run_id)
    assert Absent.failures == 0
    assert [event.data["reason"] for event in events if event.data.get("phase") == "recovered"] == ["database_away"] * 2
    assert text_of(events) == events[-1].data["text"] == "Hello world"
    assert (run.status, run.recovered) == (RunStatus.COMPLETED, 0)
    assert host.told == [("ended", "completed")]
