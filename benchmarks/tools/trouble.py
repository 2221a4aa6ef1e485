"""Servers that die, many servers at once, and servers that answer with what is meant to harm."""

import asyncio
import os
import signal
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.tools.calls import CALCULATOR
from benchmarks.tools.registries import LagMeter, is_ready, opened, program, tool
from sentinel.tools.config import ServerConfig, SupervisionConfig
from sentinel.tools.outcome import Cause
from sentinel.tools.routing.registry import ToolRegistry

ODD = "benchmarks.tools.odd_server"
IN_FLIGHT = 5
CROWD = 50
_POLL_SECONDS = 0.001
_BOUND = 20.0
_PATIENT = SupervisionConfig(start_wait_seconds=60, connect_seconds=60)
EXPECTED = {"echo": None, "long_line": Cause.OVERSIZE, "flood": None, "trap": None}
"""What becomes of a call to each tool of the odd server."""


@dataclass
class Kills:
    """From `kill -9` of a server to the last failed call, and to the next session, in milliseconds."""

    failed: list[float] = field(default_factory=list)
    ready: list[float] = field(default_factory=list)


async def kills(*, count: int) -> Kills:
    """Kill calculators with calls in flight, each once: the circuit of a tool that is there again and again opens."""
    found = Kills()
    for _ in range(count):
        async with opened({"calculator": program(CALCULATOR)}) as (registry, _router):
            await _kill(registry, found)
    return found


async def _kill(registry: ToolRegistry, found: Kills) -> None:
    supervisor = registry.supervisor("calculator")
    spec, connection, status = tool(registry, "calculator__evaluate"), supervisor.connection, supervisor.status()
    assert connection is not None
    assert status.pid is not None
    os.kill(status.pid, signal.SIGSTOP)  # so that the calls are still in flight when it dies
    calls = [asyncio.create_task(registry.call_tool(spec, {"expression": "1"})) for _ in range(IN_FLIGHT)]
    async with asyncio.timeout(_BOUND):
        while connection.in_flight < IN_FLIGHT:  # noqa: ASYNC110 -- nobody tells when a call is in flight
            await asyncio.sleep(_POLL_SECONDS)
    began = time.perf_counter()
    os.kill(status.pid, signal.SIGKILL)
    outcomes = await asyncio.gather(*calls)
    found.failed.append((time.perf_counter() - began) * 1000)
    assert {outcome.cause for outcome in outcomes} == {Cause.TRANSPORT}, outcomes
    await supervisor.wait_until(lambda one: is_ready(one) and one.status().sessions > status.sessions)
    found.ready.append((time.perf_counter() - began) * 1000)


def processes(count: int) -> dict[str, ServerConfig]:
    """Configure so many servers that are started."""
    return {f"odd{number}": program(ODD) for number in range(count)}


def addresses(count: int, port: int) -> dict[str, ServerConfig]:
    """Configure so many servers at addresses, which one process answers."""
    return {f"odd{number}": ServerConfig(url=f"http://127.0.0.1:{port}/{number}") for number in range(count)}


async def connect_seconds(servers: Mapping[str, ServerConfig]) -> float:
    """From nothing to sessions with all servers."""
    began = time.perf_counter()
    async with opened(servers, supervision=_PATIENT):
        return time.perf_counter() - began


async def worst_lags(*, rounds: int) -> dict[str, list[float]]:
    """How late the event loop was at worst while each tool of the odd server was called, in milliseconds.

    Every round has sessions and circuits of its own, since those of a tool that does it again and again open.
    """
    found: dict[str, list[float]] = {name: [] for name in EXPECTED}
    for _ in range(rounds):
        async with opened(processes(1)) as (registry, _router):
            for name, lags in found.items():
                lags.append(await _worst_lag(registry, name))
    return found


async def _worst_lag(registry: ToolRegistry, name: str) -> float:
    await registry.supervisor("odd0").wait_until(is_ready)
    async with LagMeter() as meter:
        outcome = await registry.call_tool(tool(registry, f"odd0__{name}"), {})
    assert outcome.cause == EXPECTED[name], (name, outcome.cause, outcome.detail)
    return meter.worst_ms
