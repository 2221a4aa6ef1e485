"""Must-have 6: where it is safe, an equivalent tool answers within the same call; with none, the run goes on."""

import asyncio
import os
import signal

import pytest

from sentinel.tools.config import CapabilityConfig, Effect, MemberConfig, ServerConfig, ToolLimits, ToolOverride
from sentinel.tools.outcome import Failure
from sentinel.tools.routing.router import Fallback
from sentinel.tools.session.server_status import ServerState
from tests.integration.tools.running import BOUND, Running, misbehaving, own, running
from tests.support import third_party

READING = {
    f"{server}/{tool}": ToolOverride(effect=Effect.READ_ONLY)
    for server in ("one", "two")
    for tool in ("echo", "die", "hang", "fails", "null_result", "huge", "garbage")
}
CALCULATE = CapabilityConfig(
    members=(
        MemberConfig(server="theirs", tool="calculate"),
        MemberConfig(server="ours", tool="evaluate"),
        MemberConfig(server="backup", tool="calc", arguments={"expression": "expr"}),
    )
)


@pytest.mark.parametrize("tool", ["die", "hang", "fails", "null_result", "huge", "garbage"])
async def test_an_equivalent_answers_within_the_call_whatever_became_of_a_reading_tool(tool: str) -> None:
    """The result names the tool that answered, and every try; the caller's time holds for both."""
    members = (MemberConfig(server="one", tool=tool), MemberConfig(server="two", tool="echo"))
    fallbacks: list[Fallback] = []
    async with running(
        {"one": misbehaving(), "two": misbehaving()},
        capabilities={"say": CapabilityConfig(members=members)},
        overrides=READING,
        limits=ToolLimits(timeout_seconds=0.6),
    ) as tools:
        outcome = await tools.router.call("say", {"text": "hello"}, on_fallback=fallbacks.append)
        assert (outcome.text, outcome.server, outcome.tool, outcome.fallback_used) == ("hello", "two", "echo", True)
        assert [attempt.server for attempt in outcome.attempts] == ["one", "two"]
        assert [(each.failed.server, each.next.server) for each in fallbacks] == [("one", "two")]


async def test_equivalents_of_others_and_of_ours_stand_in_for_each_other_until_nobody_is_left() -> None:
    """One from PyPI of the old era, two of our own on different libraries; killed one after the other."""
    servers = {"theirs": third_party.calculator(), "ours": own("calculator"), "backup": own("calculator_backup")}
    reading = {"theirs/calculate": ToolOverride(effect=Effect.READ_ONLY)}
    answered = []
    async with running(servers, capabilities={"calculate": CALCULATE}, overrides=reading) as tools:
        for server in servers:
            outcome = await tools.router.call("calculate", {"expression": "12 * 12"})
            assert outcome.text == "144"
            answered.append(outcome.server)
            os.kill(tools.pid(server), signal.SIGSTOP)
            call = asyncio.create_task(tools.router.call("calculate", {"expression": "12 * 13"}))
            await in_flight(tools, server)
            os.kill(tools.pid(server), signal.SIGKILL)
            outcome = await call
            assert outcome.text == "156"
            for name in servers:
                await tools.until(name, ServerState.READY)
            key = f"tool:{server}/{next(each.tool for each in CALCULATE.members if each.server == server)}"
            tools.board.trip(key, actor="test")
        assert answered == ["theirs", "ours", "backup"]
        outcome = await tools.router.call("calculate", {"expression": "12 * 12"})
        assert (outcome.failure, outcome.executed) == (Failure.TOOL_UNAVAILABLE, "no")
        assert "theirs/calculate: circuit open; ours/evaluate: circuit open; backup/calc: circuit open" in outcome.text


async def in_flight(tools: Running, server: str) -> None:
    connection = tools.registry.supervisor(server).connection
    assert connection is not None
    async with asyncio.timeout(BOUND):
        while connection.in_flight == 0:
            await asyncio.sleep(0)


async def test_an_equivalent_answers_in_the_stead_of_a_server_that_never_came() -> None:
    """Nothing was sent, so this is safe whatever the tool does."""
    members = tuple(MemberConfig(server=server, tool="echo") for server in ("one", "two"))
    servers = {"one": ServerConfig(command="no-such-program", trusted=True), "two": misbehaving()}
    async with running(servers, capabilities={"say": CapabilityConfig(members=members)}) as tools:
        outcome = await tools.router.call("say", {"text": "hello"})
        assert (outcome.text, outcome.server, outcome.capability) == ("hello", "two", "say")


async def test_a_tool_called_by_its_own_name_has_its_equivalents_too() -> None:
    """The model need not know about them."""
    members = tuple(MemberConfig(server=server, tool="echo") for server in ("one", "two"))
    async with running(
        {"one": misbehaving(), "two": misbehaving()},
        capabilities={"say": CapabilityConfig(members=members)},
        overrides=READING,
    ) as tools:
        tools.board.get("tool:one/echo")
        tools.board.trip("tool:one/echo", actor="test")
        outcome = await tools.call("one__echo", text="hello")
        assert (outcome.text, outcome.server) == ("hello", "two")
