"""Must-have 8: a tool comes back by itself, by one trial call at a time, which opens a session first."""

import asyncio
import os
import signal
from pathlib import Path

from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.resilience.breaker_view import BreakerState
from sentinel.tools.config import Effect, SupervisionConfig, ToolLimits, ToolOverride
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from tests.integration.tools.running import BOUND, Running, is_gone, misbehaving, running

SOON = BreakerConfig(
    failure_threshold=3, recovery_seconds=0.3, max_open_seconds=0.3, open_jitter=0.0, successes_to_close=1
)
NEVER_BY_ITSELF = SupervisionConfig(
    start_wait_seconds=BOUND, probe_seconds=0.3, backoff_base_seconds=600.0, backoff_max_seconds=600.0
)
READS = {"one/steady": ToolOverride(effect=Effect.READ_ONLY)}
CHANGES = {"one/steady": ToolOverride(effect=Effect.MUTATING, canary={"canary": True})}


class Steady:
    """A tool that counts its calls and fails as long as a file says so."""

    def __init__(self, folder: Path) -> None:
        self._calls, self._ill = folder / "count", folder / "ill"
        self.server = misbehaving(COUNT_FILE=str(self._calls), ILL_FILE=str(self._ill))

    def fall_ill(self) -> None:
        self._ill.touch()

    def recover(self) -> None:
        self._ill.unlink()

    @property
    def calls(self) -> str:
        """A letter for each call that reached it: `c` for the canary, `x` for others."""
        return self._calls.read_text(encoding="ascii") if self._calls.exists() else ""


async def open_circuit(tools: Running) -> None:
    for _ in range(3):
        assert (await tools.call("one__steady")).cause is Cause.SERVER_ERROR
    assert tools.board.get("tool:one/steady").state is BreakerState.OPEN


async def trial_is_due(tools: Running) -> None:
    async with asyncio.timeout(BOUND):
        while tools.board.get("tool:one/steady").refusal() is not None:
            await asyncio.sleep(0.01)


async def test_one_trial_call_closes_the_circuit(tmp_path: Path) -> None:
    """Of many calls at once, one is the trial and the others are told to wait."""
    tool = Steady(tmp_path)
    async with running({"one": tool.server}, overrides=READS, breaker=SOON) as tools:
        tool.fall_ill()
        await open_circuit(tools)
        tool.recover()
        await trial_is_due(tools)
        outcomes = await asyncio.gather(*(tools.call("one__steady") for _ in range(5)))
        causes = sorted(str(outcome.cause) for outcome in outcomes)
        assert causes == ["None", *["circuit_open"] * 4]
        assert tool.calls == "x" * 4
        assert tools.board.get("tool:one/steady").state is BreakerState.CLOSED


async def test_a_trial_call_opens_a_session_first(tmp_path: Path) -> None:
    """Through a dead pipe no trial could ever succeed; the supervisor's own next attempt is ten minutes away."""
    tool = Steady(tmp_path)
    async with running({"one": tool.server}, overrides=READS, breaker=SOON, supervision=NEVER_BY_ITSELF) as tools:
        tool.fall_ill()
        await open_circuit(tools)
        tool.recover()
        dead = tools.pid("one")
        os.kill(dead, signal.SIGKILL)
        await tools.until("one", ServerState.DOWN)
        await trial_is_due(tools)
        assert (await tools.call("one__steady")).cause is None
        assert is_gone(dead)
        assert (tools.sessions("one"), tools.board.get("tool:one/steady").state) == (2, BreakerState.CLOSED)


async def test_a_cancelled_trial_gives_its_place_to_the_next(tmp_path: Path) -> None:
    """A caller that goes away says nothing about the tool."""
    tool = Steady(tmp_path)
    async with running({"one": tool.server}, overrides=READS, breaker=SOON) as tools:
        tool.fall_ill()
        await open_circuit(tools)
        tool.recover()
        await trial_is_due(tools)
        trial = asyncio.create_task(tools.call("one__steady", hang=True))
        async with asyncio.timeout(BOUND):
            while tool.calls != "x" * 4:
                await asyncio.sleep(0.01)
        assert (await tools.call("one__steady")).cause is Cause.CIRCUIT_OPEN
        trial.cancel()
        await asyncio.gather(trial, return_exceptions=True)
        assert (await tools.call("one__steady")).cause is None


async def test_a_trial_that_comes_to_no_end_expires(tmp_path: Path) -> None:
    """At the tool's deadline, after which the server has shown that it is alive; then the next trial may go."""
    tool = Steady(tmp_path)
    limits = ToolLimits(timeout_seconds=0.4)
    async with running({"one": tool.server}, overrides=READS, breaker=SOON, limits=limits) as tools:
        tool.fall_ill()
        await open_circuit(tools)
        tool.recover()
        await trial_is_due(tools)
        assert (await tools.call("one__steady", hang=True)).cause is Cause.TIMEOUT
        await trial_is_due(tools)
        assert (await tools.call("one__steady")).cause is None


async def test_a_tool_that_changes_something_is_tried_by_its_canary(tmp_path: Path) -> None:
    """The real call is made only when that one has worked; arguments are never invented."""
    tool = Steady(tmp_path)
    async with running({"one": tool.server}, overrides=CHANGES, breaker=SOON) as tools:
        tool.fall_ill()
        await open_circuit(tools)
        await trial_is_due(tools)
        outcome = await tools.call("one__steady")
        assert (outcome.cause, outcome.executed, tool.calls) == (Cause.CIRCUIT_OPEN, "no", "xxxc")
        tool.recover()
        await trial_is_due(tools)
        assert (await tools.call("one__steady")).cause is None
        assert tool.calls == "xxxccx"
