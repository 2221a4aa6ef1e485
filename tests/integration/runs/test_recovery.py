"""Runs whose process stops or dies in the middle, and the process that comes after it."""

import asyncio
from collections.abc import Callable

from sentinel.domain.runs import RunStatus
from sentinel.providers.base import ToolRequest
from sentinel.testing.providers import Behaviour
from sentinel.testing.tools import FakeToolbox
from tests.integration.runs.conftest import Machine, Process, phases_of, text_of

HELLO = Behaviour(words=["Hello ", "world"])
HANGS = Behaviour(words=["Hel"], hangs=True)


async def started_and_stopped(machine: Machine, *behaviours: Behaviour) -> str:
    """Leave a run unfinished: its process is gone while the model is in mid-answer."""
    async with machine.process(one=list(behaviours)) as process:
        asked = await process.ask()
        await asyncio.wait_for(process.one.hanging.wait(), 5)
    return asked.run_id


async def resumed(process: Process) -> None:
    process.executor.submit_all(await process.runs.unfinished())


async def test_the_next_process_answers_from_the_start_and_says_so(machine: Callable[..., Machine]) -> None:
    host = machine()
    run_id = await started_and_stopped(host, HANGS)
    async with host.process(one=[HELLO]) as process:
        await resumed(process)
        events = await asyncio.wait_for(process.events(run_id), 5)
        run = await process.runs.get(run_id)
    phases = phases_of(events)
    assert phases.index("draining") < phases.index("recovered") < phases.index("restarted")
    assert text_of(events) == events[-1].data["text"] == "Hello world"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (run.status, run.recovered) == (RunStatus.COMPLETED, 1)
    assert host.told == [("recovered", 1), ("ended", "completed")]


async def test_steps_that_were_finished_are_not_repeated(machine: Callable[..., Machine]) -> None:
    asks = Behaviour(words=["Let me see."], tool_requests=[ToolRequest("c1", "calculator__evaluate", {})])
    host = machine(toolbox=FakeToolbox({"calculator__evaluate": lambda arguments: "42"}))
    run_id = await started_and_stopped(host, asks, Behaviour(words=["It "], hangs=True))
    async with host.process(one=[Behaviour(words=["It is 42."])]) as process:
        await resumed(process)
        events = await asyncio.wait_for(process.events(run_id), 5)
        run = await process.runs.get(run_id)
        assert len(process.one.calls) == 1
    assert len(host.toolbox.calls) == 1
    assert text_of(events) == events[-1].data["text"] == "Let me see.\n\nIt is 42."
    assert len(run.tool_calls) == 1


async def test_a_run_that_was_stopped_before_the_crash_ends_as_cancelled(machine: Callable[..., Machine]) -> None:
    host = machine()
    run_id = await started_and_stopped(host, HANGS)
    async with host.process(one=[HELLO]) as process:
        await process.runs.request_cancel(run_id)
        await resumed(process)
        run = await asyncio.wait_for(process.service.wait(run_id), 5)
        assert process.one.calls == []
    assert run.status is RunStatus.CANCELLED


async def test_a_run_that_dies_again_and_again_is_given_up_honestly(machine: Callable[..., Machine]) -> None:
    host = machine()
    run_id = await started_and_stopped(host, HANGS)
    for _ in range(3):
        async with host.process(one=[HANGS]) as process:
            await resumed(process)
            await asyncio.wait_for(process.one.hanging.wait(), 5)
    async with host.process(one=[HELLO]) as process:
        await resumed(process)
        run = await asyncio.wait_for(process.service.wait(run_id), 5)
        again = await process.ask(thread_id=run.thread_id)
        assert (await process.service.wait(again.run_id)).status is RunStatus.COMPLETED
    assert run.status is RunStatus.FAILED
    assert run.error is not None
    assert run.error["code"] == "run_interrupted"
