"""Calls one at a time: on a session as it is against through the guard, and a client's own against through `/mcp`."""

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from mcp.client import Client
from mcp_types import CallToolResult

from benchmarks._figures import percentile
from benchmarks._programs import Cores, Program, answers, free_port
from benchmarks.tools.registries import opened, program, tool
from scripts.project import PYTHON, VENV
from sentinel.tools.config import ServerConfig

CALCULATOR = "mcp_servers.calculator"
MODERN, LEGACY = "2026-07-28", "legacy"
_ASKED = {"expression": "6 * 7"}
_ANSWER = "42"
_WARM_UP = 50


@dataclass
class Beside:
    """The times of calls in two ways, made in turn, in milliseconds."""

    plain: list[float] = field(default_factory=list)
    through: list[float] = field(default_factory=list)

    def added_ms(self, share: float) -> float:
        """What the second way takes longer at this percentile."""
        return percentile(self.through, share) - percentile(self.plain, share)


Call = Callable[[], Awaitable[object]]


async def measured(plain: Call, through: Call, *, count: int) -> Beside:
    """Make the calls in turn, so that both have the same weather."""
    found = Beside()
    for number in range(-_WARM_UP, count):
        first, second = await _timed(plain), await _timed(through)
        if number >= 0:
            found.plain.append(first)
            found.through.append(second)
    return found


async def _timed(call: Call) -> float:
    began = time.perf_counter()
    await call()
    return (time.perf_counter() - began) * 1000


async def guarded(config: ServerConfig, *, count: int) -> Beside:
    """The same open session without and with router and guard."""
    async with opened({"calculator": config}) as (registry, router):
        connection = registry.supervisor("calculator").connection
        assert connection is not None
        assert tool(registry, "calculator__evaluate").read_only

        async def plain() -> None:
            await connection.call("evaluate", _ASKED)

        async def through() -> None:
            outcome = await router.call("calculator__evaluate", _ASKED)
            assert outcome.text == _ANSWER, outcome.text

        return await measured(plain, through, count=count)


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A running `sentinel serve` over a calculator at an address and one over stdio, and the first one's address."""

    url: str
    calculator_url: str


def calculator_over_http(folder: Path, cores: Cores) -> tuple[Program, str]:
    """Start the calculator at an address."""
    port = free_port()
    command: list[str | Path] = [PYTHON, "-m", CALCULATOR, "--http", str(port)]
    started = Program(command, log=folder / f"calculator-{port}.log", cores=cores.others)
    started.wait_for(lambda: listens(port))
    return started, f"http://127.0.0.1:{port}/mcp"


def listens(port: int) -> bool:
    """Whether somebody takes connections there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def gateway(folder: Path, cores: Cores, calculator_url: str) -> tuple[Program, Gateway]:
    """Start a server over the calculators, otherwise as it is by default: guards, audit, metrics, SQLite."""
    port, config = free_port(), folder / "sentinel.yaml"
    stdio = program(CALCULATOR)
    servers = {
        "http": {"url": calculator_url, "trusted": True},
        "stdio": {"command": stdio.command, "args": list(stdio.args), "env": dict(stdio.env), "trusted": True},
    }
    config.write_bytes(orjson.dumps({"mcpServers": servers}))  # JSON is YAML
    env = {
        "HOST": "127.0.0.1",
        "PORT": str(port),
        "SENTINEL_CONFIG": str(config),
        "SENTINEL_DATA_DIR": str(folder / "data"),
    }
    command: list[str | Path] = [VENV / "bin" / "sentinel", "serve"]
    server = Program(command, log=folder / "sentinel.log", cores=cores.measured, env=env, cwd=folder)
    server.wait_for(lambda: answers(f"http://127.0.0.1:{port}/health/ready"))
    return server, Gateway(url=f"http://127.0.0.1:{port}/mcp", calculator_url=calculator_url)


async def hop(place: Gateway, *, mode: str, server: str, count: int) -> Beside:
    """The official client to the calculator itself, and through `/mcp` to the one behind `server`."""
    async with AsyncExitStack() as stack:
        direct = await stack.enter_async_context(Client(place.calculator_url, mode=mode))
        outside = await stack.enter_async_context(Client(place.url, mode=mode))
        return await measured(
            lambda: _evaluated(direct, "evaluate"), lambda: _evaluated(outside, f"{server}__evaluate"), count=count
        )


async def _evaluated(client: Client, name: str) -> None:
    async with asyncio.timeout(10):
        result = await client.call_tool(name, _ASKED)
    assert isinstance(result, CallToolResult)
    first = result.content[0]
    assert first.type == "text"
    assert first.text == _ANSWER, first.text
