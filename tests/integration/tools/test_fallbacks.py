"""Tools that stand in for each other, on real processes that die, hang and count what was done."""

import os
import signal

from sentinel.tools.config import CapabilityConfig, Effect, MemberConfig, ServerConfig, ToolOverride
from sentinel.tools.outcome import Cause, Failure
from sentinel.tools.session.server_status import ServerState
from tests.integration.tools.running import QUICK, Running, misbehaving, running

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


async def test_a_stand_in_that_is_called_by_its_own_name_says_for_whom_it_stands_in() -> None:
    """A model is not offered a tool whose server is down, so it calls the next one of the capability directly."""
    async with running(
        {"one": MISSING, "two": misbehaving()}, capabilities=equivalents("one", "two"), supervision=QUICK
    ) as tools:
        outcome = await tools.call("two__echo", text="hello")
        assert [(each.server, each.cause, each.executed) for each in outcome.attempts] == [
            ("one", Cause.CONNECT, "no"),
            ("two", None, "yes"),
        ]


async def test_the_first_tool_of_a_capability_stands_in_for_nobody() -> None:
    async with running({"one": misbehaving(), "two": MISSING}, capabilities=equivalents("one", "two")) as tools:
        outcome = await tools.call("one__echo", text="hello")
        assert [each.server for each in outcome.attempts] == ["one"]


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
