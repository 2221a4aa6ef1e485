"""Must-have 1: a stdio server that is killed fails its calls at once, disturbs nobody, and is back within seconds."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from sentinel.tools.config import ServerConfig
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from tests.acceptance.tools.timing import ROUNDS, Stopwatch, best_median
from tests.integration.tools.running import BOUND, Running, is_gone, misbehaving, running
from tests.support import third_party
from tests.support.bounded import bounded

CALLS = 5
FAILED_SECONDS, READY_SECONDS = 0.1, 2.0
AT_WORST_SECONDS = 5.0  # a deadline is 30


class Bystander:
    """Another server that is called all the time."""

    def __init__(self, tools: Running) -> None:
        self._tools = tools
        self._pid = tools.pid("other")
        self._calls: list[str | None] = []
        self._task = asyncio.create_task(self._call())

    async def _call(self) -> None:
        while True:
            self._calls.append((await self._tools.call("other__echo", text="fine")).cause)
            await asyncio.sleep(0.01)

    async def has_noticed_nothing(self) -> bool:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        return set(self._calls) == {None} and self._tools.pid("other") == self._pid


Arguments = dict[str, Any]
Victim = tuple[Callable[[], ServerConfig], str, Arguments, str, Arguments]
OWN: Victim = (misbehaving, "hang", {}, "echo", {"text": "read"})
NPM: Victim = (
    third_party.everything,
    "trigger-long-running-operation",
    {"duration": 60, "steps": 2},
    "echo",
    {"message": "read"},
)


@pytest.mark.parametrize("victim", [OWN, NPM], ids=["our-own", "npm-legacy"])
async def test_calls_in_flight_fail_at_once_and_the_server_is_ready_again(victim: Victim) -> None:
    """Five calls in flight; no strike for the tool, no zombie, no task that is left."""
    rounds = [await killed_in_flight(*victim) for _ in range(ROUNDS)]
    failed, ready = [laps for laps, _ in rounds], [seconds for _, seconds in rounds]
    assert max(max(laps) for laps in failed) < AT_WORST_SECONDS
    assert best_median(failed) < FAILED_SECONDS
    assert min(ready) < READY_SECONDS


async def killed_in_flight(
    config: Callable[[], ServerConfig], slow: str, arguments: Arguments, quick: str, said: Arguments
) -> tuple[list[float], float]:
    """Kill a server; gives after how many seconds its calls had failed, and after how many it was ready again."""
    async with running({"one": config(), "other": misbehaving()}) as tools:
        bystander, pid, laps = Bystander(tools), tools.pid("one"), list[float]()
        spec = tools.registry.find(f"one__{slow}")
        assert spec is not None
        calls = [asyncio.create_task(tools.registry.call_tool(spec, arguments)) for _ in range(CALLS)]  # tried once
        await tools.call(f"one__{quick}", **said)  # the server has read the five before this one
        watch = Stopwatch()
        for call in calls:
            call.add_done_callback(watch.stopping(laps))
        os.kill(pid, signal.SIGKILL)
        outcomes = await bounded(asyncio.gather(*calls), BOUND)
        await tools.until("one", ServerState.READY, sessions=2)
        ready = watch.seconds
        assert {(outcome.cause, outcome.executed) for outcome in outcomes} == {(Cause.TRANSPORT, "unknown")}
        assert tools.board.get(f"tool:one/{slow}").snapshot().failures == 0
        assert (await tools.call(f"one__{quick}", **said)).cause is None
        assert is_gone(pid)
        assert "killed by signal 9" in tools.error("one")
        assert tools.registry.supervisor("one").status().last_cause is Cause.TRANSPORT
        assert await bystander.has_noticed_nothing()
    return laps, ready
