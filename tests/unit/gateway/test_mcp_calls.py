"""What is kept of calls through `/mcp`, and whose they are."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from sentinel.domain.tools import ToolCallRecord
from sentinel.gateway.mcp.call_log import MAX_ARGUMENTS, MAX_RESULT, OMITTED, CallLog
from sentinel.ids import IdSource
from sentinel.testing.clock import FakeClock, settle
from sentinel.testing.tools import FakeToolbox
from sentinel.tools.outcome import ToolOutcome
from tests.support.bounded import bounded
from tests.support.mcp_agents import LEGACY, MODERN, Agent, agent_at

ERAS = [MODERN, LEGACY]


def broken(_arguments: Mapping[str, Any]) -> str:
    raise ValueError("out of order")


@pytest.fixture
async def agent() -> AsyncIterator[Agent]:
    """An agent at a gateway with two tools."""
    tools = FakeToolbox({"desk__echo": lambda arguments: str(arguments.get("text")), "desk__broken": broken})
    async with agent_at(tools, FakeClock()) as agent:
        yield agent


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_is_kept_with_its_arguments_its_result_and_its_caller(agent: Agent, era: str) -> None:
    await agent.call("desk__echo", {"text": "hello"}, era=era)
    (record,) = agent.records
    call = record.call
    assert (record.run_id, call.server, call.tool, call.tool_call_id) == (None, "desk", "echo", "1")
    assert (call.arguments, call.result, call.is_error, call.cause) == ({"text": "hello"}, "hello", False, None)
    assert (call.executed, call.effect) == ("yes", "read_only")
    assert record.caller is not None
    assert record.caller.endswith("(127.0.0.1)")


@pytest.mark.parametrize("era", ERAS)
async def test_failures_and_names_that_are_no_tool_s_are_kept_too(agent: Agent, era: str) -> None:
    await agent.call("desk__broken", era=era)
    assert [(record.call.tool, record.call.cause) for record in agent.records] == [("broken", "tool_error")]


class Patient(FakeToolbox):
    """Tools that never answer."""

    began: asyncio.Event

    async def call(self, *_arguments: Any, **_more: Any) -> ToolOutcome:
        """Wait for ever."""
        self.began.set()
        await asyncio.Event().wait()
        raise AssertionError


class Unhurried(FakeToolbox):
    """Tools that answer when they may."""

    def __init__(self, tools: dict[str, Any]) -> None:
        super().__init__(tools)
        self.began, self.may_end = asyncio.Event(), asyncio.Event()

    async def call(self, *arguments: Any, **more: Any) -> ToolOutcome:
        """Wait, then answer."""
        self.began.set()
        await self.may_end.wait()
        return await super().call(*arguments, **more)


def result_in(answer: httpx.Response) -> dict[str, Any]:
    """Give the result of an answer that comes as JSON or as an event."""
    text = answer.text
    if answer.headers["content-type"].startswith("text/event-stream"):
        text = next(line.removeprefix("data:") for line in text.splitlines() if line.startswith("data:"))
    return dict(json.loads(text)["result"])


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_whose_caller_leaves_is_kept_as_cancelled(era: str) -> None:
    tools = Patient({"desk__echo": str})
    tools.began = asyncio.Event()
    async with agent_at(tools, FakeClock()) as agent:
        call = asyncio.create_task(agent.call("desk__echo", {"text": "hello"}, era=era))
        await bounded(tools.began.wait(), 5)
        call.cancel()
        await asyncio.wait({call})
        await settle()
        (kept,) = (record.call for record in agent.records)
    assert (kept.tool, kept.arguments, kept.cause, kept.is_error) == ("echo", {"text": "hello"}, "cancelled", True)
    assert (kept.executed, kept.result) == ("unknown", None)


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_that_a_stopping_process_cuts_short_is_answered_honestly(era: str) -> None:
    """It is no caller who left: the answer says what is known, and so does the record; a later call does nothing."""
    tools = Patient({"desk__echo": str})
    tools.began = asyncio.Event()
    async with agent_at(tools, FakeClock()) as agent:
        call = asyncio.create_task(agent.call("desk__echo", {"text": "hello"}, era=era))
        await bounded(tools.began.wait(), 5)
        await agent.endpoint.open_calls.drain(0)
        for answer, executed in ((await call, None), (await agent.call("desk__echo", era=era), False)):
            result = result_in(answer)
            assert (result["isError"], result["_meta"]["kind"]) == (True, "interrupted")
            assert result["_meta"].get("executed") is executed
            assert "shutting down" in result["content"][0]["text"]
        kept = [(record.call.cause, record.call.executed) for record in agent.records]
    assert kept == [("interrupted", "unknown"), ("interrupted", "no")]


@pytest.mark.parametrize("era", ERAS)
async def test_a_stopping_process_lets_a_call_finish(era: str) -> None:
    tools = Unhurried({"desk__echo": str})
    async with agent_at(tools, FakeClock()) as agent:
        call = asyncio.create_task(agent.call("desk__echo", {"text": "hello"}, era=era))
        await bounded(tools.began.wait(), 5)
        draining = asyncio.create_task(agent.endpoint.open_calls.drain(5))
        await settle()
        tools.may_end.set()
        await draining
        assert result_in(await call)["isError"] is False
        assert [record.call.cause for record in agent.records] == [None]


async def test_long_arguments_are_left_out_and_long_results_cut(agent: Agent) -> None:
    await agent.call("desk__echo", {"text": "x" * MAX_RESULT})
    await agent.call("desk__echo", {"text": "x" * (MAX_RESULT + 7)})
    first, second = (record.call for record in agent.records)
    assert first.result == "x" * MAX_RESULT
    assert second.result == "x" * MAX_RESULT + "… (7 more characters)"
    assert first.arguments == {OMITTED: f"more than {MAX_ARGUMENTS} characters"}


@pytest.mark.parametrize("escaped", ["\n", "é", '"'])
async def test_what_is_kept_of_arguments_is_measured_as_json(agent: Agent, escaped: str) -> None:
    """Of a text that grows when it is written, too."""
    size = len(json.dumps({"text": escaped})) - len(json.dumps({"text": ""}))
    room = (MAX_ARGUMENTS - len(json.dumps({"text": ""}))) // size
    await agent.call("desk__echo", {"text": escaped * room})
    await agent.call("desk__echo", {"text": escaped * (room + 1)})
    kept, omitted = (record.call.arguments for record in agent.records)
    assert kept == {"text": escaped * room}
    assert list(omitted) == [OMITTED]


class Counted:
    """A value that counts how often any of its kind is written."""

    written = 0

    def __str__(self) -> str:
        Counted.written += 1
        return "x"


def test_arguments_that_are_too_long_are_not_written_to_be_measured() -> None:
    """It would be done on the event loop, as often as a caller likes."""
    records: list[ToolCallRecord] = []
    log = CallLog(records.append, clock=FakeClock(), ids=IdSource(FakeClock()))
    for arguments in ({"all": [Counted()] * 100_000}, {"text": "x" * MAX_ARGUMENTS}, {"all": [10**4_000] * 3}):
        opened = log.begin("desk__echo", arguments, spec=None, caller="ann", request_id=1)
        assert opened.record.call.arguments == {OMITTED: f"more than {MAX_ARGUMENTS} characters"}
    assert Counted.written == 0


async def test_newer_clients_are_told_apart_by_what_they_call_themselves(agent: Agent) -> None:
    for client in ("alpha", "beta", None):
        await agent.call("desk__echo", client=client, **{"user-agent": "python/3"})
    assert [record.caller for record in agent.records] == [
        "alpha 1.0 (127.0.0.1)",
        "beta 1.0 (127.0.0.1)",
        "python/3 (127.0.0.1)",
    ]
    assert [context.caller for context in agent.toolbox.contexts][:2] == [
        "mcp:alpha 1.0 (127.0.0.1)",
        "mcp:beta 1.0 (127.0.0.1)",
    ]
    assert {context.origin for context in agent.toolbox.contexts} == {"mcp"}


async def test_older_clients_are_told_apart_by_their_program(agent: Agent) -> None:
    for program in ("node", "python/3", ""):
        await agent.call("desk__echo", era=LEGACY, **{"user-agent": program})
    assert [record.caller for record in agent.records] == [
        "node (127.0.0.1)",
        "python/3 (127.0.0.1)",
        "unnamed (127.0.0.1)",
    ]


async def test_a_name_is_of_bounded_length_and_has_nothing_unprintable(agent: Agent) -> None:
    await agent.call("desk__echo", client="a\x1b[31m\u202e" + "b" * 10_000)
    assert agent.records[0].caller == "a[31m" + "b" * 57 + " 1.0 (127.0.0.1)"
