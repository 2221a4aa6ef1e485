"""Real server processes that crash, freeze, babble and lie: each costs itself, and nothing else."""

import asyncio
import gc
import json
import os
import signal
import sys

import pytest

from sentinel.errors import Outcome
from sentinel.tools.config import ServerConfig, SupervisionConfig, ToolLimits
from sentinel.tools.outcome import Cause, Failure
from sentinel.tools.session.server_status import ServerState
from tests.integration.tools.running import BOUND, QUICK, ROOT, SERVERS, death_of, is_gone, misbehaving, running
from tests.support.bounded import bounded


async def test_ending_everything_while_a_dead_server_is_cleared_away_leaves_nothing() -> None:
    """An end in the middle of a teardown finishes it: no pipe and no process is left to the garbage collector."""
    for _ in range(4):
        async with running({"one": misbehaving()}) as tools:
            call = asyncio.create_task(tools.call("one__hang"))
            await tools.call("one__echo")
            os.kill(tools.pid("one"), signal.SIGKILL)
            assert (await call).cause is Cause.TRANSPORT
        gc.collect()  # what was not closed warns here, and warnings are errors


async def test_a_server_that_dies_in_a_call_says_its_last_words() -> None:
    """The end of stderr is what an operator needs to see."""
    async with running({"one": misbehaving()}) as tools:
        assert (await tools.call("one__die")).cause is Cause.TRANSPORT
        await tools.until("one", ServerState.READY, sessions=2)
        assert tools.error("one") == "exited with code 3: fatal: out of luck"


async def test_a_server_of_a_version_that_is_not_known_is_down_for_that_reason() -> None:
    """That its process ends is our doing, and no reason."""
    async with running({"one": misbehaving("--legacy", "--version", "1999-01-01")}) as tools:
        await tools.until("one", ServerState.DOWN)
        assert tools.error("one") == "RuntimeError: Unsupported protocol version from the server: 1999-01-01"
        await tools.until("one", ServerState.CONNECTING)
        assert tools.error("one") == "RuntimeError: Unsupported protocol version from the server: 1999-01-01"


async def test_an_answer_to_another_question_is_no_answer() -> None:
    """The call ends at its deadline."""
    async with running({"one": misbehaving()}, limits=ToolLimits(timeout_seconds=0.2)) as tools:
        assert (await tools.call("one__wrong_id")).cause is Cause.TIMEOUT


async def test_a_server_that_reads_no_more_is_replaced() -> None:
    """Before the next call finds out."""
    async with running({"one": misbehaving()}) as tools:
        assert (await tools.call("one__go_deaf", text="last words")).text == "last words"
        await tools.until("one", ServerState.READY, sessions=2)


async def test_a_server_of_the_old_era_is_spoken_to_in_its_language() -> None:
    """With a handshake, and again after a restart."""
    async with running({"one": misbehaving("--legacy")}) as tools:
        assert tools.registry.status()[0].protocol_version == "2025-06-18"
        assert (await tools.call("one__echo", text="old")).text == "old"
        os.kill(tools.pid("one"), signal.SIGKILL)
        await tools.until("one", ServerState.READY, sessions=2)
        assert (await tools.call("one__echo", text="still")).text == "still"


async def test_a_silent_server_is_given_up_and_tried_again() -> None:
    """Under our own deadline."""
    supervision = SupervisionConfig(connect_seconds=0.3, backoff_base_seconds=0.02, start_wait_seconds=BOUND)
    async with running({"one": misbehaving("--silent")}, supervision=supervision) as tools:
        await tools.until("one", ServerState.DOWN)
        assert tools.error("one") == "no session within 0.3 s"
        await tools.until("one", ServerState.CONNECTING)


async def test_a_server_sees_little_of_our_environment() -> None:
    """No keys of ours; what its configuration names; a process group and a folder of its own."""
    environment = {"PATH": os.environ["PATH"], "HOME": "/tmp", "OPENAI_API_KEY": "s3cret", "PYTHONPATH": "/nowhere"}
    given = misbehaving(SERVICE_TOKEN="its own")
    servers = {
        "one": ServerConfig(command=given.command, args=given.args, env=given.env, cwd=str(SERVERS)),
    }
    async with running(servers, environment=environment) as tools:
        facts = json.loads((await tools.call("one__process")).text)
    assert facts["environment"].pop("LC_CTYPE", "C.UTF-8") == "C.UTF-8"  # Python's own doing
    assert facts["environment"] == {"PATH": environment["PATH"], "HOME": "/tmp", "SERVICE_TOKEN": "its own"}
    assert facts["group"] != os.getpgrp()
    assert facts["folder"] == str(SERVERS)


async def test_closing_ends_every_process_and_task() -> None:
    """A polite server, one that ignores its input's end and SIGTERM, a frozen one, and what a server has started."""
    async with running(
        {"polite": misbehaving(), "stubborn": misbehaving("--stubborn"), "frozen": misbehaving()}
    ) as tools:
        pids = [tools.pid(server) for server in ("polite", "stubborn", "frozen")]
        left_behind = json.loads((await tools.call("polite__spawn")).text)
        hanging = asyncio.create_task(tools.call("stubborn__hang"))
        await tools.call("stubborn__echo")
        os.kill(pids[2], signal.SIGSTOP)
    assert (await bounded(hanging, BOUND)).cause is Cause.TRANSPORT
    assert all(is_gone(pid) for pid in pids)
    for each in left_behind:
        await death_of(each)


@pytest.mark.skipif(sys.platform != "linux", reason="only there somebody keeps them")
async def test_what_a_dead_server_has_started_ends_with_it() -> None:
    """Also what has left its group and session, or has no parent any more."""
    async with running({"one": misbehaving()}) as tools:
        left_behind = json.loads((await tools.call("one__spawn")).text)
        assert not any(is_gone(each) for each in left_behind)
        os.kill(tools.pid("one"), signal.SIGKILL)
        for each in left_behind:
            await death_of(each)
        await tools.until("one", ServerState.READY, sessions=2)
        assert "killed by signal 9" in tools.error("one")


async def test_closing_while_everything_is_still_opening_leaves_nothing() -> None:
    """Nobody has to wait for a server that is slow to start."""
    supervision = SupervisionConfig(start_wait_seconds=0.0, close_seconds=5.0)
    servers = {
        "silent": misbehaving("--silent"),
        "real": calculator(),
        "missing": ServerConfig(command="no-such-program"),
    }
    async with running(servers, supervision=supervision) as tools:
        assert tools.state("silent") is ServerState.CONNECTING


@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel sends a signal when a parent dies")
@pytest.mark.parametrize("is_stopped", [False, True], ids=["working", "stopped with its group"])
async def test_a_server_and_what_it_has_started_die_with_us_even_if_we_are_killed(*, is_stopped: bool) -> None:
    """A stubborn one, which would survive the end of its input; and its children, in whatever group or session."""
    command = [sys.executable, str(SERVERS / "parent.py"), sys.executable, "-I", "-S", str(SERVERS / "misbehaving.py")]
    parent = await asyncio.create_subprocess_exec(
        *command,
        "--stubborn",
        stdout=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "backend")},
    )
    assert parent.stdout is not None
    started = json.loads(await bounded(parent.stdout.readline(), BOUND))
    assert len(started) == 4
    assert not any(is_gone(each) for each in started)
    if is_stopped:
        os.killpg(os.getpgid(started[0]), signal.SIGSTOP)
    parent.kill()
    await bounded(parent.wait(), BOUND)
    for each in started:
        await death_of(each)


def calculator(**more: str) -> ServerConfig:
    return ServerConfig(
        command=sys.executable, args=("-m", "mcp_servers.calculator"), cwd=str(ROOT), trusted=True, env=more
    )


async def test_our_own_servers_work_over_the_whole_way() -> None:
    """Calculator, clock and knowledge as processes, found, called, and read-only because they are trusted."""
    servers = {
        name: ServerConfig(command=sys.executable, args=("-m", f"mcp_servers.{name}"), cwd=str(ROOT), trusted=True)
        for name in ("calculator", "clock", "knowledge")
    }
    async with running(servers, supervision=QUICK) as tools:
        assert {spec.name: spec.read_only for spec in tools.registry.tools()} == {
            "calculator__evaluate": True,
            "clock__now": True,
            "clock__convert": True,
            "knowledge__search": True,
            "knowledge__read": True,
        }
        assert (await tools.call("calculator__evaluate", expression="2**64")).text == str(2**64)
        failed = await tools.call("calculator__evaluate", expression="9**9**9")
        assert (failed.cause, failed.outcome) == (Cause.TOOL_ERROR, Outcome.QUALITY)
        assert "too large" in failed.text
        assert "UTC" in (await tools.call("clock__now")).text
        assert (await tools.call("knowledge__search", query="circuit breaker")).cause is None


async def test_a_tool_nobody_has_is_named_with_those_there_are() -> None:
    """A model that made up a name can choose a real one."""
    async with running({"one": misbehaving()}) as tools:
        outcome = await tools.call("one__fly")
        assert (outcome.cause, outcome.executed) == (Cause.UNKNOWN_TOOL, "no")
        assert "one__echo" in outcome.text


async def test_an_operator_can_ask_for_a_new_session() -> None:
    """The old process ends, a new one starts."""
    async with running({"one": misbehaving()}) as tools:
        old = tools.pid("one")
        tools.registry.reconnect("one")
        await tools.until("one", ServerState.READY, sessions=2)
        assert is_gone(old)


async def test_a_tool_that_reports_progress_may_take_longer_but_not_for_ever() -> None:
    """Ten steps, each within the time of a call, all together beyond it; then the same beyond the maximum."""
    limits = ToolLimits(timeout_seconds=0.5, max_timeout_seconds=30.0)
    async with running({"one": misbehaving()}, limits=limits) as tools:
        outcome = await tools.call("one__step_by_step", steps=10, seconds=0.1)
        assert (outcome.text, outcome.cause) == ("done", None)
        assert outcome.duration_ms > 500
    async with running(
        {"one": misbehaving()}, limits=ToolLimits(timeout_seconds=0.5, max_timeout_seconds=0.8)
    ) as tools:
        assert (await tools.call("one__step_by_step", steps=100, seconds=0.1)).cause is Cause.TIMEOUT


@pytest.mark.parametrize("era", [(), ("--legacy",)], ids=["modern", "legacy"])
async def test_a_tool_that_asks_a_person_is_told_as_that(era: tuple[str, ...]) -> None:
    """In the middle of a call; in the old era the server hears that nobody can be asked, and says so in words."""
    async with running({"one": misbehaving(*era)}) as tools:
        outcome = await tools.call("one__ask")
        assert outcome.is_error
        if era:
            assert (outcome.cause, outcome.text) == (Cause.TOOL_ERROR, "I could not ask")
            return
        assert (outcome.cause, outcome.failure, outcome.executed) == (Cause.NEEDS_INPUT, Failure.NEEDS_INPUT, "unknown")
        assert "It asks: Which account?" in outcome.text
