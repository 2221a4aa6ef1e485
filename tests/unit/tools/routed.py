"""A registry and a router over scripted peers, on a clock that tests turn."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.testing.clock import FakeClock
from sentinel.tools.config import CapabilityConfig, Effect, MemberConfig, ServerConfig, ToolOverride, ToolsConfig
from sentinel.tools.outcome import ToolOutcome
from sentinel.tools.routing.registry import ToolRegistry
from sentinel.tools.routing.router import CapabilityRouter
from sentinel.tools.session.server_status import ServerState, ServerStatus
from tests.support.bounded import bounded
from tests.unit.tools.peers import Peer, PeerTransport

BOUND = 5.0
SAY = {
    "say": CapabilityConfig(members=(MemberConfig(server="one", tool="echo"), MemberConfig(server="two", tool="echo")))
}
"""A capability of two servers, `one` and `two`."""


class PeerRegistry(ToolRegistry):
    """A registry whose servers are peers instead of processes and addresses."""

    peers: Mapping[str, Peer]

    def new_transport(self, server: str) -> PeerTransport:
        return self.peers[server].transport()


class Routed:
    """A registry over a peer for each server, the router above it, and what they announce."""

    def __init__(self, config: ToolsConfig) -> None:
        self.config = config
        self.clock = FakeClock()
        self.peers = {name: Peer() for name in self.config.servers}
        self.board = BreakerBoard(self.clock, rng=lambda: 0.0)
        self.switched_off: set[str] = set()
        self.announced: list[ServerStatus] = []
        self.listeners: list[Callable[[ServerStatus], None]] = [self.announced.append]
        self.registry = PeerRegistry(
            self.config,
            clock=self.clock,
            rng=lambda: 1.0,
            board=self.board,
            kill_switch=self.switched_off.__contains__,
            on_change=self._announce,
        )
        self.registry.peers = self.peers
        self.router = CapabilityRouter(self.registry, capabilities=self.config.capabilities, clock=self.clock)

    async def call(self, name: str, **arguments: object) -> ToolOutcome:
        return await bounded(self.router.call(name, arguments), BOUND)

    def _announce(self, status: ServerStatus) -> None:
        for listener in self.listeners:
            listener(status)

    async def until_state(self, server: str, state: ServerState) -> None:
        await bounded(self.registry.supervisor(server).wait_until(lambda one: one.state is state), BOUND)

    def sessions(self, server: str) -> int:
        return self.registry.supervisor(server).status().sessions


@asynccontextmanager
async def routed(
    *servers: str,
    effect: Effect | None = None,
    effects: Mapping[str, Effect] | None = None,
    capabilities: Mapping[str, CapabilityConfig] | None = None,
    is_there: bool = True,
) -> AsyncIterator[Routed]:
    """Open a registry whose servers, if they are there, have a tool `echo` each; `effect` is what their calls do.

    `effects` says so of single servers.
    """
    case = Routed(
        ToolsConfig(
            servers={name: ServerConfig(command=name) for name in servers},
            overrides={f"{name}/echo": ToolOverride(effect=(effects or {}).get(name, effect)) for name in servers},
            capabilities=capabilities or {},
        )
    )
    for peer in case.peers.values():
        peer.refuses_to_list = not is_there
    await case.registry.__aenter__()
    try:
        await bounded(case.registry.settled(), BOUND)
        yield case
    finally:
        leaving = asyncio.create_task(case.registry.__aexit__(None, None, None))
        while not leaving.done():
            await case.clock.elapse(1.0)
        await leaving
