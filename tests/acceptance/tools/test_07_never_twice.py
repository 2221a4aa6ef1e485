"""Must-have 7: a call that changes something and whose outcome is unknown is never sent again, by nobody, to nobody."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from sentinel.tools.config import CapabilityConfig, MemberConfig, ServerConfig, ToolOverride
from sentinel.tools.outcome import Cause, Failure, ToolOutcome
from sentinel.tools.session.server_status import ServerState
from tests.acceptance.tools.addresses import Start, misbehaving_over_http
from tests.integration.tools.running import BOUND, Running, misbehaving, running
from tests.support.bounded import bounded

HUNG = {f"{server}/count_and_hang": ToolOverride(timeout_seconds=0.5) for server in ("one", "two")}


def change(tool: str) -> dict[str, CapabilityConfig]:
    """Two tools that could stand in for each other, and count in one place."""
    return {"change": CapabilityConfig(members=tuple(MemberConfig(server=each, tool=tool) for each in ("one", "two")))}


async def once(tools: Running, outcome: ToolOutcome, cause: Cause) -> None:
    """The call was made, and made once: the servers' own count says so."""
    assert (outcome.cause, outcome.failure) == (cause, Failure.OUTCOME_UNKNOWN)
    assert outcome.executed == "unknown"
    assert [attempt.server for attempt in outcome.attempts] == ["one"]
    await tools.until("one", ServerState.READY)
    for server in ("one", "two"):
        assert (await tools.call(f"{server}__counted")).text == "1"


@pytest.mark.parametrize(
    ("tool", "cause"),
    [
        ("count_and_die", Cause.TRANSPORT),
        ("count_and_hang", Cause.TIMEOUT),
        ("count_and_fail", Cause.SERVER_ERROR),
        ("count_and_babble", Cause.MALFORMED),
        ("count_and_mislead", Cause.SERVER_ERROR),
        ("count_and_forge", Cause.SERVER_ERROR),
        ("count_and_deny", Cause.PROTOCOL),
    ],
)
async def test_a_process_that_dies_hangs_fails_or_babbles_is_not_asked_again(
    tool: str, cause: Cause, tmp_path: Path
) -> None:
    """Nor is its equivalent."""
    counting = misbehaving(COUNT_FILE=str(tmp_path / "count"))
    async with running({"one": counting, "two": counting}, capabilities=change(tool), overrides=HUNG) as tools:
        outcome = await bounded(tools.router.call("change", {}), BOUND)
        await once(tools, outcome, cause)


@pytest.mark.parametrize("options", [(), ("--legacy",)], ids=["modern", "legacy"])
@pytest.mark.parametrize(
    ("tool", "cause"),
    [
        ("count_and_cut", Cause.TRANSPORT),
        ("count_and_hang", Cause.TIMEOUT),
        ("count_and_fail", Cause.SERVER_ERROR),
        ("count_and_redirect", Cause.MALFORMED),
        ("count_and_mislead", Cause.SERVER_ERROR),
        ("count_and_forge", Cause.SERVER_ERROR),
        ("count_and_deny", Cause.PROTOCOL),
        ("count_and_pause_oddly", Cause.SERVER_ERROR),
    ],
)
async def test_an_address_that_cuts_hangs_fails_or_misleads_is_not_asked_again(
    start: Start, tool: str, cause: Cause, options: tuple[str, ...]
) -> None:
    """A connection that breaks is not repeated either, neither by the HTTP client nor by us."""
    server = start(lambda folder: misbehaving_over_http(folder, *options))
    # The address may be trusted: what it does not say about its tools counts as a change.
    servers = {"one": server.config, "two": server.config}
    async with running(servers, capabilities=change(tool), overrides=HUNG) as tools:
        await tools.until("one", ServerState.READY)
        await tools.until("two", ServerState.READY)
        outcome = await bounded(tools.router.call("change", {}), BOUND)
        await once(tools, outcome, cause)
        assert tools.sessions("one") == 1


@pytest.mark.parametrize("tool", ["count_and_lose", "count_and_forget"])
async def test_a_session_that_is_forgotten_again_and_again_costs_one_call_more_and_no_other(
    start: Start, tool: str
) -> None:
    """By the protocol, 404 in a session says that nothing was done; twice in a row it is not believed."""
    server = start(lambda folder: misbehaving_over_http(folder, "--legacy"))
    servers = {"one": server.config, "two": server.config}
    async with running(servers, capabilities=change(tool), overrides=HUNG) as tools:
        await tools.until("one", ServerState.READY)
        await tools.until("two", ServerState.READY)
        for name, calls in (("change", 2), (f"one__{tool}", 4)):
            outcome = await bounded(tools.router.call(name, {}), BOUND)
            assert (outcome.cause, outcome.executed) == (Cause.SESSION_EXPIRED, "unknown")
            assert outcome.failure is Failure.OUTCOME_UNKNOWN
            assert (await tools.call("two__counted")).text == str(calls)
            await tools.until("one", ServerState.READY)


@pytest.mark.parametrize("tool", ["count_and_lose", "count_and_forget"])
async def test_an_address_without_sessions_has_none_to_forget(start: Start, tool: str) -> None:
    """In the modern era, 404 is anybody's."""
    server = start(misbehaving_over_http)
    async with running({"one": server.config, "two": server.config}, capabilities=change(tool)) as tools:
        await tools.until("one", ServerState.READY)
        await tools.until("two", ServerState.READY)
        outcome = await bounded(tools.router.call("change", {}), BOUND)
        assert (outcome.executed, outcome.failure) == ("unknown", Failure.OUTCOME_UNKNOWN)
        assert (await tools.call("one__counted")).text == "1"
        assert tools.sessions("one") == 1


async def test_who_refuses_arguments_after_it_acted_is_believed_by_the_model_alone(tmp_path: Path) -> None:
    """The protocol says that nothing was done, so it may call again with others; no stand-in is asked."""
    counting = misbehaving(COUNT_FILE=str(tmp_path / "count"))
    async with running({"one": counting, "two": counting}, capabilities=change("count_and_refuse")) as tools:
        outcome = await bounded(tools.router.call("change", {}), BOUND)
        assert (outcome.cause, outcome.failure) == (Cause.INVALID_ARGUMENTS, Failure.INVALID_CALL)
        assert [attempt.server for attempt in outcome.attempts] == ["one"]
        assert (await tools.call("two__counted")).text == "1"


async def test_a_process_that_is_killed_after_it_acted_is_not_asked_again(tmp_path: Path) -> None:
    """By somebody else, in the middle of the call."""
    count = tmp_path / "count"
    counting: ServerConfig = misbehaving(COUNT_FILE=str(count))
    async with running({"one": counting, "two": counting}, capabilities=change("count_and_hang")) as tools:
        call = asyncio.create_task(tools.router.call("change", {}))
        async with asyncio.timeout(BOUND):
            while not count.exists():
                await asyncio.sleep(0.01)
        os.kill(tools.pid("one"), signal.SIGKILL)
        await once(tools, await bounded(call, BOUND), Cause.TRANSPORT)
