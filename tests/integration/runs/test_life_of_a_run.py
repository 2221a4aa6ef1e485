"""Runs from the question to the terminal event, on a real database."""

from collections.abc import Callable
from typing import Any

import pytest

from sentinel.domain.events import EventType
from sentinel.domain.money import Price
from sentinel.domain.runs import RunStatus
from sentinel.errors import (
    EmptyInputError,
    InputTooLongError,
    ProviderUnavailableError,
    ShuttingDownError,
    ThreadBusyError,
)
from sentinel.persistence.group_commit import BufferLimits
from sentinel.providers.base import ToolRequest
from sentinel.testing.clock import FakeClock
from sentinel.testing.providers import Behaviour
from sentinel.testing.tools import FakeToolbox
from tests.integration.runs.conftest import TARGETS, Machine, phases_of, text_of
from tests.support.bounded import bounded

HELLO = Behaviour(words=["Hello ", "world"])
DOWN = Behaviour(error=ProviderUnavailableError("refused", cause="connection_refused"))
HANGS = Behaviour(words=["Hel"], hangs=True)


async def test_a_question_leads_to_gapless_events_and_one_completion(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        asked = await process.ask()
        events = await process.events(asked.run_id)
        run = await process.runs.get(asked.run_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert phases_of(events)[:3] == ["queued", "started", "attempt_started"]
    assert [event.type for event in events if event.type.is_terminal] == [EventType.COMPLETION]
    assert text_of(events) == events[-1].data["text"] == "Hello world"
    assert run.status is RunStatus.COMPLETED
    assert run.usage is not None
    assert [str(attempt.target) for attempt in run.attempts] == ["one/large"]


async def test_the_answer_is_a_message_and_the_next_question_sees_it(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        first = await process.ask("First?")
        await process.service.wait(first.run_id)
        second = await process.ask("Second?", thread_id=first.thread_id)
        await process.service.wait(second.run_id)
        messages = await process.threads.messages(first.thread_id)
        told = [turn["content"] for turn in process.one.calls[1].turns]
    assert [message.text for message in messages] == ["First?", "Hello world", "Second?", "Hello world"]
    assert told == ["Be brief.", "First?", "Hello world", "Second?"]


async def test_an_edited_question_does_not_see_what_it_replaces(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        first = await process.ask("First?")
        await process.service.wait(first.run_id)
        edited = await process.ask("Other?", thread_id=first.thread_id, parent_given=True, parent_message_id=None)
        await process.service.wait(edited.run_id)
        told = [turn["content"] for turn in process.one.calls[1].turns]
    assert told == ["Be brief.", "Other?"]


async def test_a_failover_is_in_the_log_the_row_and_the_completion(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[DOWN]) as process:
        asked = await process.ask()
        events = await process.events(asked.run_id)
        run = await process.runs.get(asked.run_id)
    assert "failover" in phases_of(events)
    assert events[-1].data["failover_chain"] == ["one/large", "two/small"] == list(run.failover_chain)
    assert events[-1].data["degraded"]
    assert (run.provider, run.failover_occurred) == ("two", True)


async def test_when_all_fail_the_run_ends_with_one_error_and_the_next_question_works(
    machine: Callable[..., Machine],
) -> None:
    async with machine().process(one=[DOWN, HELLO], two=[DOWN]) as process:
        failed = await process.ask()
        events = await process.events(failed.run_id)
        again = await process.ask(thread_id=failed.thread_id)
        answered = await process.service.wait(again.run_id)
    assert events[-1].type is EventType.ERROR
    assert events[-1].data["code"] == "all_providers_failed"
    assert [row["provider"] for row in events[-1].data["attempts"]] == ["one", "two"]
    assert answered.status is RunStatus.COMPLETED


async def test_a_stopped_run_keeps_its_partial_text_and_its_ledger(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HANGS]) as process:
        asked = await process.ask()
        await bounded(process.one.hanging.wait(), 5)
        await process.service.cancel(asked.run_id)
        events = await bounded(process.events(asked.run_id), 5)
        run = await process.runs.get(asked.run_id)
        assert process.one.closed == 1
    assert events[-1].type is EventType.COMPLETION
    assert events[-1].data["finish_reason"] == "cancelled"
    assert events[-1].data["text"] == "Hel" == text_of(events)
    assert run.status is RunStatus.CANCELLED
    assert [attempt.cause for attempt in run.attempts] == ["cancelled"]


async def test_a_stopped_run_has_spent_what_its_provider_has_read_and_said(machine: Callable[..., Machine]) -> None:
    price = Price.of_usd(per_million_input=1, per_million_output=100)
    async with machine(prices={TARGETS[0]: price}).process(one=[HANGS]) as process:
        asked = await process.ask()
        await bounded(process.one.hanging.wait(), 5)
        await process.service.cancel(asked.run_id)
        events = await bounded(process.events(asked.run_id), 5)
        run = await process.runs.get(asked.run_id)
    (attempt,) = run.attempts
    assert attempt.usage is not None
    assert attempt.ttft_ms is not None
    assert (attempt.usage.output_tokens, attempt.usage.estimated) == (1, True)
    assert attempt.cost_nanos == price.of(input_tokens=attempt.usage.input_tokens, output_tokens=1)
    assert events[-1].data["usage"] == attempt.usage.to_dict() == (run.usage and run.usage.to_dict())
    assert events[-1].data["cost_usd"] == attempt.cost_nanos / 1e9


async def test_a_run_that_still_waits_is_stopped_at_once(machine: Callable[..., Machine]) -> None:
    async with machine(max_concurrent=1).process(one=[HANGS]) as process:
        working = await process.ask()
        await bounded(process.one.hanging.wait(), 5)
        waiting = await process.ask()
        await process.service.cancel(waiting.run_id)
        ended = await bounded(process.service.wait(waiting.run_id), 5)
        await process.service.cancel(working.run_id)
        await process.service.wait(working.run_id)
    assert ended.status is RunStatus.CANCELLED
    assert len(process.one.calls) == 1


async def test_stopping_an_ended_run_changes_nothing(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        asked = await process.ask()
        await process.service.wait(asked.run_id)
        after = await process.service.cancel(asked.run_id)
    assert after.status is RunStatus.COMPLETED


async def test_a_thread_answers_one_question_at_a_time(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HANGS]) as process:
        first = await process.ask()
        with pytest.raises(ThreadBusyError) as busy:
            await process.ask("And?", thread_id=first.thread_id)
        await process.service.cancel(first.run_id)
        await process.service.wait(first.run_id)
    assert busy.value.extra["active_run_id"] == first.run_id


async def test_a_reader_may_come_back_anywhere_and_sees_the_same_log(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        asked = await process.ask()
        live = await process.events(asked.run_id)
        for after in range(len(live) + 1):
            assert await process.events(asked.run_id, after=after) == live[after:]


async def test_tool_calls_are_rows_of_the_run(machine: Callable[..., Machine]) -> None:
    asks = Behaviour(tool_requests=[ToolRequest("c1", "calculator__evaluate", {"expression": "6*7"})])
    toolbox = FakeToolbox({"calculator__evaluate": lambda arguments: "42"})
    async with machine(toolbox=toolbox).process(one=[asks, Behaviour(words=["42."])]) as process:
        asked = await process.ask()
        run = await process.service.wait(asked.run_id)
    assert [(call.server, call.tool, call.result) for call in run.tool_calls] == [("calculator", "evaluate", "42")]


async def test_a_silent_run_shows_that_it_lives(machine: Callable[..., Machine]) -> None:
    clock = FakeClock()
    async with machine(clock=clock, heartbeat_seconds=8.0).process(one=[HANGS]) as process:
        asked = await process.ask()
        await bounded(process.one.hanging.wait(), 5)
        await clock.elapse(17.0)
        await process.service.cancel(asked.run_id)
        events = await bounded(process.events(asked.run_id), 5)
    assert phases_of(events).count("heartbeat") >= 1


async def test_a_silent_run_shows_that_it_lives_again_when_its_events_can_be_kept_again(
    machine: Callable[..., Machine],
) -> None:
    """While the database is away, other runs may fill all the room there is."""
    clock = FakeClock()
    async with machine(clock=clock, heartbeat_seconds=8.0).process(one=[HANGS]) as process:
        asked = await process.ask()
        await bounded(process.one.hanging.wait(), 5)
        journal: Any = process.journal
        limits, journal._limits = journal._limits, BufferLimits(total_bytes=0)
        await clock.elapse(17.0)
        journal._limits = limits
        await clock.elapse(17.0)
        await process.service.cancel(asked.run_id)
        events = await bounded(process.events(asked.run_id), 5)
    assert phases_of(events).count("heartbeat") == 2


@pytest.mark.parametrize(("text", "error"), [("  \n ", EmptyInputError), ("x" * 1001, InputTooLongError)])
async def test_bad_input_is_refused_before_anything_is_stored(
    machine: Callable[..., Machine], text: str, error: type[Exception]
) -> None:
    async with machine().process(one=[HELLO]) as process:
        with pytest.raises(error):
            await process.ask(text)
        page = await process.service.list(status=None, thread_id=None, limit=10, cursor=None)
    assert page.items == []


async def test_a_draining_process_takes_no_new_questions(machine: Callable[..., Machine]) -> None:
    async with machine().process(one=[HELLO]) as process:
        await process.executor.drain(0.0)
        with pytest.raises(ShuttingDownError):
            await process.ask()
