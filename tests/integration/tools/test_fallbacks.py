"""Tools that stand in for each other, on real processes that die, hang and count what was done."""

import asyncio
import os
import signal

import pytest

from sentinel.tools.config import CapabilityConfig, Effect, MemberConfig, ServerConfig, ToolLimits, ToolOverride
from sentinel.tools.outcome import Cause, Failure
from sentinel.tools.router import Fallback
from sentinel.tools.supervisor import ServerState
from tests.integration.tools.running import BOUND, QUICK, Running, misbehaving, running

MISSING = ServerConfig(command="no-such-program", trusted=True)


def equivalents(*servers: str, tool: str = "echo") -> dict[str, CapabilityConfig]:
    return {"say": CapabilityConfig(members=tuple(MemberConfig(server=server, tool=tool) for server in servers))}


def effects(effect: Effect, *tools: str) -> dict[str, ToolOverride]:
    return {tool: ToolOverride(effect=effect) for tool in tools}


READERS = (f"{server}/{tool}" for server in ("one", "two") for tool in ("echo", "die", "hang"))
READING = effects(Effect.READ_ONLY, *READERS)


async def done(tools: Running, server: str) -> int:
    """How often the server's `count_and_die` or `count_and_hang` has done its work."""
    return int((await tools.call(f"{server}__counted")).text)


async def test_an_equivalent_answers_in_the_stead_of_a_server_that_is_gone() -> None:
    """Within one call; the result names the tool that answered, and every try."""
    fallbacks: list[Fallback] = []
    async with running(
        {"one": MISSING, "two": misbehaving()}, capabilities=equivalents("one", "two"), overrides=READING
    ) as tools:
        outcome = await tools.router.call("say", {"text": "hello"}, on_fallback=fallbacks.append)
        assert (outcome.text, outcome.server, outcome.capability) == ("hello", "two", "say")
        assert {spec.name for spec in tools.router.tools()} > {"say", "two__echo"}


@pytest.mark.parametrize("tool", ["die", "hang"])
async def test_an_equivalent_answers_when_a_reading_tool_dies_or_hangs(tool: str) -> None:
    """What only reads may be asked again elsewhere, whatever became of it."""
    members = (MemberConfig(server="one", tool=tool), MemberConfig(server="two", tool="echo"))
    fallbacks: list[Fallback] = []
    async with running(
        {"one": misbehaving(), "two": misbehaving()},
        capabilities={"say": CapabilityConfig(members=members)},
        overrides=READING,
        limits=ToolLimits(timeout_seconds=0.4),
    ) as tools:
        outcome = await tools.router.call("say", {"text": "hello"}, on_fallback=fallbacks.append)
        assert (outcome.text, outcome.server, outcome.fallback_used) == ("hello", "two", True)
        assert [attempt.server for attempt in outcome.attempts] == ["one", "two"]
        assert [(each.failed.server, each.next.server) for each in fallbacks] == [("one", "two")]


async def test_a_tool_called_by_its_own_name_has_its_equivalents_too() -> None:
    """The model need not know about them."""
    async with running(
        {"one": misbehaving(), "two": misbehaving()}, capabilities=equivalents("one", "two"), overrides=READING
    ) as tools:
        tools.board.get("tool:one/echo")
        tools.board.trip("tool:one/echo", actor="test")
        outcome = await tools.call("one__echo", text="hello")
        assert (outcome.text, outcome.server) == ("hello", "two")


async def test_nobody_left_is_told_and_nothing_raised() -> None:
    """With every tool that was tried."""
    async with running(
        {"one": misbehaving(), "two": misbehaving()}, capabilities=equivalents("one", "two"), overrides=READING
    ) as tools:
        for server in ("one", "two"):
            tools.board.get(f"tool:{server}/echo")
            tools.board.trip(f"tool:{server}/echo", actor="test")
        outcome = await tools.router.call("say", {"text": "hello"})
        assert (outcome.failure, outcome.executed) == (Failure.TOOL_UNAVAILABLE, "no")
        assert "one/echo: circuit open; two/echo: circuit open" in outcome.text


async def test_a_reading_tool_whose_server_died_is_asked_again_when_it_is_back() -> None:
    """Without an equivalent; the caller notices nothing but the time."""
    async with running({"one": misbehaving()}, overrides=READING) as tools:
        os.kill(tools.pid("one"), signal.SIGKILL)
        await tools.until("one", ServerState.DOWN)
        assert (await tools.call("one__echo", text="hello")).text == "hello"
        assert tools.sessions("one") == 2


@pytest.mark.parametrize("tool", ["count_and_die", "count_and_hang", "count_and_fail", "count_and_babble"])
async def test_a_call_that_changes_something_is_made_once_whatever_happens(tool: str, tmp_path: object) -> None:
    """Killed, hanging, failing, or answering nonsense: the server's own count stays 1, and nobody stands in."""
    counting = misbehaving(COUNT_FILE=f"{tmp_path}/count")
    members = tuple(MemberConfig(server=server, tool=tool) for server in ("one", "two"))
    async with running(
        {"one": counting, "two": counting},
        capabilities={"change": CapabilityConfig(members=members)},
        limits=ToolLimits(timeout_seconds=0.4),
    ) as tools:
        outcome = await asyncio.wait_for(tools.router.call("change", {}), BOUND)
        assert (outcome.failure, outcome.executed) == (Failure.OUTCOME_UNKNOWN, "unknown")
        await tools.until("one", ServerState.READY)
        assert await done(tools, "two") == 1


async def test_a_group_that_mixes_reading_and_changing_is_refused() -> None:
    """It is not offered, and a call says that it is not set up correctly."""
    async with running(
        {"one": misbehaving(), "two": misbehaving()},
        capabilities=equivalents("one", "two"),
        overrides=effects(Effect.READ_ONLY, "one/echo"),
        supervision=QUICK,
    ) as tools:
        assert "say" not in {spec.name for spec in tools.router.tools()}
        outcome = await tools.router.call("say", {"text": "hello"})
        assert (outcome.cause, outcome.executed) == (Cause.MISCONFIGURED, "no")
