"""Registries over real processes, and bounded waits for what becomes of them."""

import asyncio
import errno
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from sentinel.clock import SystemClock
from sentinel.domain.tools import ToolPinStore
from sentinel.redaction import SHAPES_ONLY, Redactor
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.resilience.breaker_config import BreakerConfig
from sentinel.tools.config import (
    CapabilityConfig,
    ServerConfig,
    SupervisionConfig,
    ToolLimits,
    ToolOverride,
    ToolsConfig,
)
from sentinel.tools.outcome import ToolOutcome
from sentinel.tools.routing.registry import ToolRegistry
from sentinel.tools.routing.router import CapabilityRouter
from sentinel.tools.session.server_status import ServerState
from tests.support.bounded import bounded

SERVERS = Path(__file__).with_name("servers")
ROOT = Path(__file__).parents[3]
BOUND = 20.0
QUICK = SupervisionConfig(probe_seconds=5.0, backoff_base_seconds=0.02, start_wait_seconds=BOUND)
"""However busy the machine, no server that lives is taken for one that hangs."""
IMPATIENT = replace(QUICK, probe_seconds=0.3)
"""For tests of servers that do hang, and cost this every time."""


def misbehaving(*options: str, trusted: bool = True, **more: str) -> ServerConfig:
    """Configure the server that does what it is told to do wrong."""
    args = ("-I", "-S", str(SERVERS / "misbehaving.py"), *options)
    return ServerConfig(command=sys.executable, args=args, trusted=trusted, env=more)


def own(module: str, *options: str, **variables: str) -> ServerConfig:
    """Configure one of our own servers as the embedded defaults do."""
    args = ("-m", f"mcp_servers.{module}", *options)
    return ServerConfig(command=sys.executable, args=args, cwd=str(ROOT), trusted=True, env=variables)


class Running:
    """A registry that is open, with shorthands for what tests ask of it."""

    def __init__(self, registry: ToolRegistry, router: CapabilityRouter, board: BreakerBoard) -> None:
        self.registry = registry
        self.router = router
        self.board = board

    async def call(self, name: str, *, timeout_seconds: float | None = None, **arguments: object) -> ToolOutcome:
        async with asyncio.timeout(BOUND):  # wait_for of Python 3.11 may swallow that its caller is cancelled
            return await self.router.call(name, arguments, timeout_seconds=timeout_seconds)

    async def until(self, server: str, state: ServerState, *, sessions: int = 0) -> None:
        """Wait until a server is in a state, and has had so many sessions."""
        supervisor = self.registry.supervisor(server)
        reached = supervisor.wait_until(lambda one: one.state is state and one.status().sessions >= sessions)
        await bounded(reached, BOUND)

    def state(self, server: str) -> ServerState:
        return self.registry.supervisor(server).state

    def sessions(self, server: str) -> int:
        return self.registry.supervisor(server).status().sessions

    def error(self, server: str) -> str:
        return self.registry.supervisor(server).status().last_error or ""

    def pid(self, server: str) -> int:
        pid = self.registry.supervisor(server).status().pid
        assert pid is not None
        return pid


@asynccontextmanager
async def running(
    servers: dict[str, ServerConfig],
    *,
    supervision: SupervisionConfig = QUICK,
    limits: ToolLimits | None = None,
    environment: dict[str, str] | None = None,
    capabilities: dict[str, CapabilityConfig] | None = None,
    overrides: dict[str, ToolOverride] | None = None,
    pins: ToolPinStore | None = None,
    breaker: BreakerConfig | None = None,
    redactor: Redactor = SHAPES_ONLY,
) -> AsyncIterator[Running]:
    """Open a registry; every process of it is gone afterwards, and every task."""
    clock = SystemClock()
    board = BreakerBoard(clock) if breaker is None else BreakerBoard(clock, profiles={"tool": breaker})
    config = ToolsConfig(
        servers=servers,
        supervision=supervision,
        redactor=redactor,
        limits=limits or ToolLimits(),
        capabilities=capabilities or {},
        overrides=overrides or {},
    )
    environment = {"PATH": os.environ["PATH"]} if environment is None else environment
    tasks = asyncio.all_tasks()
    opened = ToolRegistry(config, clock=clock, rng=lambda: 0.5, board=board, environment=environment, pins=pins)
    async with opened as registry:
        await registry.settled()
        yield Running(registry, CapabilityRouter(registry, capabilities=config.capabilities, clock=clock), board)
    await bounded(no_new_tasks(tasks), BOUND)


async def no_new_tasks(known: "set[asyncio.Task[object]]") -> None:
    """Return when only these tasks are left: cancelled ones need a turn of the loop to end."""
    while asyncio.all_tasks() - known - {asyncio.current_task()}:
        await asyncio.sleep(0)


def is_gone(pid: int) -> bool:
    """Whether there is no such process, not even a zombie."""
    try:
        os.kill(pid, 0)
    except OSError as exc:
        return exc.errno == errno.ESRCH
    return False


async def death_of(pid: int) -> None:
    """Wait until a process, which need not be a child, has ended."""
    with suppress(ProcessLookupError):
        handle = os.pidfd_open(pid)
        ended = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(handle, ended.set)
        try:
            await bounded(ended.wait(), BOUND)
        finally:
            loop.remove_reader(handle)
            os.close(handle)
