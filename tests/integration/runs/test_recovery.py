"""Runs whose process stops or dies in the middle, and the process that comes after it."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple

from sentinel.domain.events import Event, EventType
from sentinel.domain.routes import Midstream
from sentinel.domain.runs import RunStatus
from sentinel.persistence.translating_saver import TranslatingSaver
from sentinel.providers.base import ToolRequest
from sentinel.resilience.anchor import find_anchor
from sentinel.testing.providers import Behaviour
from sentinel.testing.tools import FakeToolbox
from sentinel.tools.config import Effect
from tests.integration.runs.conftest import Machine, phases_of, text_of
from tests.support.bounded import bounded

HELLO = Behaviour(words=["Hello ", "world"])
HANGS = Behaviour(words=["Hel"], hangs=True)


async def started_and_stopped(machine: Machine, *behaviours: Behaviour) -> str:
    """Leave a run unfinished: its process is gone while the model is in mid-answer."""
    async with machine.process(one=list(behaviours)) as process:
        asked = await process.ask()
        await bounded(process.one.hanging.wait(), 5)
    return asked.run_id


async def started_and_died(machine: Machine, *behaviours: Behaviour) -> str:
    """The same, and the process gave nothing back."""
    async with machine.process(one=list(behaviours)) as process:
        asked = await process.ask()
        await bounded(process.one.hanging.wait(), 5)
        await process.die()
    return asked.run_id


def said_of(events: list[Event], phase: str) -> list[dict[str, Any]]:
    return [event.data for event in events if event.data.get("phase") == phase]


async def test_the_next_process_goes_on_where_a_stopped_one_was_and_that_is_no_crash(
    machine: Callable[..., Machine],
) -> None:
    host = machine()
    run_id = await started_and_stopped(host, HANGS)
    async with host.process(one=[HELLO]) as process:
        await process.take_up()
        events = await bounded(process.events(run_id), 5)
        run = await process.runs.get(run_id)
    phases = phases_of(events)
    assert phases.index("draining") < phases.index("recovered") < phases.index("continued")
    assert "restarted" not in phases
    assert said_of(events, "recovered") == [
        {"recovered": 0, "reason": "handed_over", "left_by": None, "by": "process-2", "phase": "recovered"}
    ]
    assert text_of(events) == events[-1].data["text"] == "Hello world"
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert (run.status, run.recovered) == (RunStatus.COMPLETED, 0)
    assert host.told == [("ended", "completed")]


async def test_a_run_is_taken_over_from_a_process_that_died_and_says_from_whom(machine: Callable[..., Machine]) -> None:
    host = machine()
    run_id = await started_and_died(host, HANGS)
    async with host.process(one=[HELLO]) as process:
        await process.take_up()
        events = await bounded(process.events(run_id), 5)
        run = await process.runs.get(run_id)
    assert said_of(events, "recovered") == [
        {"recovered": 1, "reason": "holder_lost", "left_by": "process-1", "by": "process-2", "phase": "recovered"}
    ]
    assert (
        said_of(events, "continued")[0] | {"from": "one/large", "method": "replay", "offset": 3}
        == said_of(events, "continued")[0]
    )
    assert (run.status, run.recovered) == (RunStatus.COMPLETED, 1)
    assert host.told == [("recovered", 1), ("ended", "completed")]


async def test_the_words_that_readers_hold_are_handed_to_who_goes_on(machine: Callable[..., Machine]) -> None:
    """They are asked for as after a broken stream: the model sees them, and only what follows is sent."""
    host = machine()
    said = "One two three four five six seven eight nine "
    run_id = await started_and_died(host, Behaviour(words=[said], hangs=True))
    async with host.process(one=[Behaviour(words=[find_anchor(said) or "", "ten."])]) as process:
        await process.take_up()
        events = await bounded(process.events(run_id), 5)
        [call] = process.one.calls
    assert text_of(events) == events[-1].data["text"] == f"{said}ten."
    assert any(said.strip() in str(turn["content"]) for turn in call.turns)
    attempts = events[-1].data["attempts"]
    assert [(each["attempt"], each["cause"], each["splice_offset"]) for each in attempts] == [
        (1, "interrupted", None),
        (2, None, len(said)),
    ]


async def test_an_answer_that_nobody_can_go_on_with_begins_again(machine: Callable[..., Machine]) -> None:
    host = machine()
    run_id = await started_and_died(host, Behaviour(words=["One two three four five "], hangs=True))
    other = Behaviour(words=["Something quite different, ", "said from the start, and to the end."])
    async with host.process(one=[other], two=[other]) as process:
        await process.take_up()
        events = await bounded(process.events(run_id), 5)
    phases = phases_of(events)
    assert "continued" not in phases
    assert phases.index("recovered") < phases.index("restarted")
    assert events[-1].type is EventType.COMPLETION
    assert text_of(events) == events[-1].data["text"] == "".join(other.words)


@pytest.mark.parametrize(("midstream", "ended"), [(Midstream.RESTART, "completion"), (Midstream.ERROR, "error")])
async def test_a_route_that_wants_no_continuation_gets_none_after_a_crash(
    machine: Callable[..., Machine], midstream: Midstream, ended: str
) -> None:
    host = machine(midstream=midstream)
    run_id = await started_and_died(host, HANGS)
    async with host.process(one=[HELLO]) as process:
        await process.take_up()
        events = await bounded(process.events(run_id), 5)
    assert events[-1].type == ended
    assert ("restarted" in phases_of(events)) is (midstream is Midstream.RESTART)
    assert "continued" not in phases_of(events)
    if midstream is Midstream.ERROR:
        assert (events[-1].data["code"], events[-1].data["partial_text"]) == ("stream_broken", "Hel")


async def test_a_continuation_that_a_crash_broke_off_is_gone_on_with_too(machine: Callable[..., Machine]) -> None:
    host = machine()
    run_id = await started_and_died(host, Behaviour(words=["One two three "], hangs=True))
    async with host.process(one=[Behaviour(words=["One two three ", "four five "], hangs=True)]) as process:
        await process.take_up()
        await bounded(process.one.hanging.wait(), 5)
        await process.die()
    async with host.process(one=[Behaviour(words=["One two three four five six."])]) as process:
        await process.take_up()
        events = await bounded(process.events(run_id), 5)
        run = await process.runs.get(run_id)
    assert text_of(events) == events[-1].data["text"] == "One two three four five six."
    assert "restarted" not in phases_of(events)
    assert (run.recovered, [attempt.number for attempt in run.attempts]) == (2, [1, 2, 3])


async def test_steps_that_were_finished_are_not_repeated(machine: Callable[..., Machine]) -> None:
    asks = Behaviour(words=["Let me see."], tool_requests=[ToolRequest("c1", "calculator__evaluate", {})])
    host = machine(toolbox=FakeToolbox({"calculator__evaluate": lambda arguments: "42"}))
    run_id = await started_and_stopped(host, asks, Behaviour(words=["It "], hangs=True))
    async with host.process(one=[Behaviour(words=["It is 42."])]) as process:
        await process.take_up()
        events = await bounded(process.events(run_id), 5)
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
        await process.take_up()
        run = await bounded(process.service.wait(run_id), 5)
        assert process.one.calls == []
    assert run.status is RunStatus.CANCELLED


async def test_a_run_that_is_cancelled_while_it_is_taken_over_keeps_its_text(machine: Callable[..., Machine]) -> None:
    looking, may_look = asyncio.Event(), asyncio.Event()

    class Slow(TranslatingSaver):
        async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
            looking.set()
            await may_look.wait()
            return await super().aget_tuple(config)

    run_id = await started_and_died(machine(), HANGS)
    async with machine(make_saver=Slow).process(one=[HELLO]) as process:
        await process.take_up()
        await bounded(looking.wait(), 5)
        await process.service.cancel(run_id)
        await asyncio.sleep(0)
        may_look.set()
        events = await bounded(process.events(run_id), 5)
        assert process.one.calls == []
    assert (events[-1].data["finish_reason"], events[-1].data["text"]) == ("cancelled", "Hel")
    assert [attempt["cause"] for attempt in events[-1].data["attempts"]] == ["interrupted"]


async def test_a_run_that_dies_again_and_again_is_given_up_honestly(machine: Callable[..., Machine]) -> None:
    host = machine()
    run_id = await started_and_died(host, HANGS)
    for _ in range(3):
        async with host.process(one=[HANGS]) as process:
            await process.take_up()
            await bounded(process.one.hanging.wait(), 5)
            await process.die()
    async with host.process(one=[HELLO]) as process:
        await process.take_up()
        run = await bounded(process.service.wait(run_id), 5)
        again = await process.ask(thread_id=run.thread_id)
        assert (await process.service.wait(again.run_id)).status is RunStatus.COMPLETED
    assert run.status is RunStatus.FAILED
    assert run.error is not None
    assert run.error["code"] == "run_interrupted"


async def test_a_run_may_be_handed_over_as_often_as_processes_are_replaced(machine: Callable[..., Machine]) -> None:
    host = machine()
    run_id = await started_and_stopped(host, HANGS)
    for _ in range(5):
        async with host.process(one=[HANGS]) as process:
            await process.take_up()
            await bounded(process.one.hanging.wait(), 5)
    async with host.process(one=[HELLO]) as process:
        await process.take_up()
        run = await bounded(process.service.wait(run_id), 5)
    assert (run.status, run.recovered) == (RunStatus.COMPLETED, 0)


class DyingToolbox(FakeToolbox):
    """A tool that acts, and does not come back before the process is gone."""

    def __init__(self, effect: Effect) -> None:
        super().__init__({"ledger__book": lambda _: "booked"}, effects={"ledger__book": effect})
        self.acting = asyncio.Event()
        self.is_back = False

    async def call(self, name: str, arguments: Any, **more: Any) -> Any:
        outcome = await super().call(name, arguments, **more)
        self.acting.set()
        if not self.is_back:
            await asyncio.Event().wait()
        return outcome


@pytest.mark.parametrize(("effect", "calls"), [(Effect.MUTATING, 1), (Effect.READ_ONLY, 2)])
async def test_a_tool_that_changes_something_is_not_called_again_after_a_crash(
    machine: Callable[..., Machine], effect: Effect, calls: int
) -> None:
    """The log had its beginning before it was called; the model is told that nobody knows. What reads is asked anew."""
    toolbox = DyingToolbox(effect)
    host = machine(toolbox=toolbox)
    asks = Behaviour(words=["Booking."], tool_requests=[ToolRequest("c1", "ledger__book", {"amount": 5})])
    async with host.process(one=[asks]) as process:
        asked = await process.ask()
        await bounded(toolbox.acting.wait(), 5)
    toolbox.is_back = True
    async with host.process(one=[Behaviour(words=["Done."])]) as process:
        await process.take_up()
        await bounded(process.events(asked.run_id), 5)
        run = await process.runs.get(asked.run_id)
        told = process.one.calls[0].turns[-1]["content"]
    assert len(toolbox.calls) == calls
    assert run.status is RunStatus.COMPLETED
    (row,) = run.tool_calls
    if effect is Effect.MUTATING:
        assert (row.cause, row.executed, row.effect) == ("interrupted", "unknown", "mutating")
        assert "outcome_unknown" in told
    else:
        assert (row.cause, row.result) == (None, "booked")
