"""Tool servers as Sentinel keeps them, opened in this process, and a meter of how long its event loop stands still."""

import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from scripts.project import PYTHON, ROOT
from sentinel.clock import SystemClock
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.tools.catalogue.spec import ToolSpec
from sentinel.tools.config import ServerConfig, SupervisionConfig, ToolsConfig
from sentinel.tools.routing.registry import ToolRegistry
from sentinel.tools.routing.router import CapabilityRouter
from sentinel.tools.session.server_status import ServerState
from sentinel.tools.session.supervisor import ServerSupervisor

_TICK_SECONDS = 0.001
_BOUND = 60.0


def program(module: str, *arguments: str) -> ServerConfig:
    """Configure a server of this checkout that is started and spoken to over stdio."""
    sources = os.pathsep.join([str(ROOT / "backend"), str(ROOT)])
    return ServerConfig(
        command=str(PYTHON), args=("-m", module, *arguments), env={"PYTHONPATH": sources}, cwd=str(ROOT), trusted=True
    )


@asynccontextmanager
async def opened(
    servers: Mapping[str, ServerConfig], *, supervision: SupervisionConfig | None = None
) -> AsyncIterator[tuple[ToolRegistry, CapabilityRouter]]:
    """Open sessions with servers as the composition root does, and wait until all are ready."""
    clock = SystemClock()
    config = ToolsConfig(servers=dict(servers), supervision=supervision or SupervisionConfig())
    environment = {"PATH": os.environ["PATH"]}
    registry = ToolRegistry(config, clock=clock, rng=random.random, board=BreakerBoard(clock), environment=environment)
    async with registry:
        async with asyncio.timeout(_BOUND):
            await asyncio.gather(*(registry.supervisor(name).wait_until(is_ready) for name in servers))
        yield registry, CapabilityRouter(registry, clock=clock)


def is_ready(supervisor: ServerSupervisor) -> bool:
    """Whether a server's tools can be called."""
    return supervisor.state is ServerState.READY


def tool(registry: ToolRegistry, name: str) -> ToolSpec:
    """Give a tool that is certainly there."""
    spec = registry.find(name)
    assert spec is not None, f"there is no tool {name}"
    return spec


class LagMeter:
    """Ticks every millisecond while it is entered; `worst_ms` is how late the latest tick was."""

    def __init__(self) -> None:
        """Nothing was late yet."""
        self.worst_ms = 0.0
        self._ticking: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "LagMeter":
        self._ticking = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.sleep(2 * _TICK_SECONDS)  # what stood still at the very end counts, too
        if self._ticking is not None:
            self._ticking.cancel()

    async def _tick(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(_TICK_SECONDS)
            self.worst_ms = max(self.worst_ms, (time.perf_counter() - began - _TICK_SECONDS) * 1000)
