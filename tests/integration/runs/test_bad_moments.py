"""Stops, drains and faults at bad moments: whatever happens, a run ends once, honestly, and its thread is free."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from sentinel.domain.events import Event, EventType
from sentinel.domain.runs import Run, RunStatus
from sentinel.errors import ShuttingDownError, StoreError, StoreUnavailableError
from sentinel.providers.base import ToolRequest
from sentinel.testing.providers import Behaviour
from sentinel.testing.tools import FakeToolbox
from tests.integration.runs.conftest import Machine, Process, text_of
from tests.support.bounded import bounded

HELLO = Behaviour(words=["Hello ", "world"])
HANGS = Behaviour(words=["Hel"], hangs=True)


async def hanging(process: Process) -> Run:
    asked = await process.ask()
    await bounded(process.one.hanging.wait(), 5)
    return asked


async def told(process: Process, run_id: str, phase: str) -> None:
    """Wait until the log says so."""
    async with process.service.follow(run_id, after=0) as events:
        async for event in events:
            if event.data.get("phase") == phase:
                return


async def ended(process: Process, run_id: str) -> tuple[Run, list[Event]]:
    """Wait for the end, and check what must hold for every run."""
    events = await bounded(process.events(run_id), 10)
    run = await process.runs.get(run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert sum(event.type.is_terminal for event in events) == 1
    data = events[-1].data
    assert text_of(events) == data.get("text", data.get("partial_text"))
    thread = await process.threads.get(run.thread_id)
    assert thread.active_run_id is None
    return run, events


@pytest.mark.parametrize("stops", [2, 5])
async def test_stopping_twice_stops_once(machine: Callable[..., Machine], stops: int) -> None:
    async with machine().process(one=[HANGS]) as process:
        asked = await hanging(process)
        await asyncio.gather(*(process.service.cancel(asked.run_id) for _ in range(stops)))
        run, _ = await ended(process, asked.run_id)
    assert run.status is RunStatus.CANCELLED


async def test_a_run_that_is_stopped_before_it_is_claimed_ends_too(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        asked = await process.ask()
        await process.service.cancel(asked.run_id)
        run, _ = await ended(process, asked.run_id)
    assert run.status in {RunStatus.CANCELLED, RunStatus.COMPLETED}


async def test_a_stop_while_the_database_is_away_is_not_lost(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        refusing = Refusing(process, StoreUnavailableError("away"))
        asked = await process.ask()
        await bounded(refusing.claimed.wait(), 5)
        await process.service.cancel(asked.run_id)
        refusing.stop()
        run, _ = await ended(process, asked.run_id)
    assert run.status is RunStatus.CANCELLED


class Refusing:
    """Makes the claims of a process's runner fail until it is told to stop."""

    def __init__(self, process: Process, error: Exception) -> None:
        self.claimed = asyncio.Event()
        self._runs = process.runs
        self._claim = process.runs.claim
        self._error = error
        process.runs.claim = self._refuse  # type: ignore[method-assign]

    async def _refuse(self, *_: Any, **__: Any) -> Run | None:
        self.claimed.set()
        raise self._error

    def stop(self) -> None:
        self._runs.claim = self._claim  # type: ignore[method-assign]


async def test_a_log_that_the_database_refuses_ends_in_an_honest_error(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HANGS]) as process:
        asked = await hanging(process)
        refuse_next_commit(process, StoreError("the database refused a statement"))
        await process.service.cancel(asked.run_id)
        events = await bounded(process.events(asked.run_id), 10)
        run = await process.runs.get(asked.run_id)
        again = await process.ask(thread_id=run.thread_id)
        await process.service.cancel(again.run_id)
    assert events[-1].type.is_terminal
    assert run.status in {RunStatus.FAILED, RunStatus.CANCELLED}


def refuse_next_commit(process: Process, error: StoreError) -> None:
    journal: Any = process.journal
    commit = journal._commit

    async def refuse(parts: Sequence[Any]) -> Sequence[bool]:
        journal._commit = commit
        raise error

    journal._commit = refuse


async def test_who_loses_a_run_leaves_its_checkpoints_to_who_has_it(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HANGS]) as process:
        asked = await hanging(process)
        await process.runs.lapse()
        await process.runs.claim(asked.run_id, owner="other", lease_seconds=0.0, at=process.service.clock.now())
        await process.runs.request_cancel(asked.run_id)
        await process.executor.stop(asked.run_id)
        async with asyncio.timeout(5):
            while process.executor.active:
                await asyncio.sleep(0.005)
        await process.take_up()
        run, _ = await ended(process, asked.run_id)
    assert run.status is RunStatus.CANCELLED


async def test_a_recovered_run_that_is_not_driven_keeps_its_text_and_its_attempts(
    machine: Callable[..., Machine],
) -> None:
    host = machine()
    async with host.process(one=[HANGS]) as process:
        asked = await hanging(process)
    async with host.process(one=[HELLO]) as process:
        await process.runs.request_cancel(asked.run_id)
        await process.take_up()
        run, events = await ended(process, asked.run_id)
    assert events[-1].data["text"] == "Hel"
    assert [(attempt.number, attempt.cause) for attempt in run.attempts] == [(1, "interrupted")]


async def test_an_attempt_that_a_crash_broke_off_stays_in_the_receipt(machine: Callable[..., Machine]) -> None:
    host = machine()
    async with host.process(one=[HANGS]) as process:
        asked = await hanging(process)
    async with host.process(one=[HELLO]) as process:
        await process.take_up()
        run, _ = await ended(process, asked.run_id)
    assert [(attempt.number, attempt.cause) for attempt in run.attempts] == [(1, "interrupted"), (2, None)]
    assert run.attempts[0].ended_at < run.attempts[1].started_at


async def test_a_tool_that_was_running_when_the_run_was_stopped_is_in_its_receipt(
    machine: Callable[..., Machine],
) -> None:
    toolbox = HangingToolbox({"calculator__evaluate": lambda _: "42"})
    asks = Behaviour(tool_requests=[ToolRequest("c1", "calculator__evaluate", {"expression": "6*7"})])
    async with machine(toolbox=toolbox).process(one=[asks]) as process:
        asked = await process.ask()
        await bounded(toolbox.hanging.wait(), 5)
        await bounded(told(process, asked.run_id, "tool_started"), 5)
        await process.service.cancel(asked.run_id)
        run, _ = await ended(process, asked.run_id)
    assert [(call.tool, call.cause, call.is_error) for call in run.tool_calls] == [("evaluate", "cancelled", True)]


class HangingToolbox(FakeToolbox):
    """Tools that never answer."""

    def __init__(self, functions: Any) -> None:
        super().__init__(functions)
        self.hanging = asyncio.Event()

    async def call(self, name: str, arguments: Any, **_more: Any) -> Any:
        self.hanging.set()
        await asyncio.Event().wait()


async def test_draining_does_not_wait_for_a_database_that_is_away(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HANGS]) as process:
        await hanging(process)
        journal: Any = process.journal
        commit = journal._commit

        async def away(_: Sequence[Any]) -> Sequence[bool]:
            raise StoreUnavailableError("away")

        journal._commit = away
        await bounded(process.executor.drain(0.0), 10)
        journal._commit = commit


async def test_who_waits_for_an_answer_hears_that_the_server_stops(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HANGS]) as process:
        asked = await hanging(process)
        waiting = asyncio.create_task(process.service.wait(asked.run_id))
        await process.executor.drain(0.0)
        process.live.end()
        with pytest.raises(ShuttingDownError):
            await bounded(waiting, 5)


async def test_a_huge_number_in_a_tool_call_ends_no_run(machine: Callable[..., Machine]) -> None:
    toolbox = FakeToolbox({"calculator__evaluate": lambda _: "42"})
    asks = Behaviour(tool_requests=[ToolRequest("c1", "calculator__evaluate", {"x": 2.0**70})])
    async with machine(toolbox=toolbox).process(one=[asks, HELLO]) as process:
        asked = await process.ask()
        run, events = await ended(process, asked.run_id)
    assert run.status is RunStatus.COMPLETED
    assert events[-1].type is EventType.COMPLETION
