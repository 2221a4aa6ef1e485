"""The gateway over real sockets inside a test's loop: the real application around it, its providers chosen by the test.

Built by hand, without settings and database, so that a test sees every attempt and every record as soon as it is made.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from sentinel.api.app import create_app
from sentinel.chaos.kill_switches import KillSwitches
from sentinel.clock import SystemClock
from sentinel.domain.attempts import Attempt
from sentinel.domain.money import Price
from sentinel.domain.requests import RequestRecord
from sentinel.domain.routes import Deadlines, Route, Target
from sentinel.gateway.call import Recovery
from sentinel.gateway.completions import Completions, served_models
from sentinel.gateway.endpoints import GatewayApp
from sentinel.gateway.http_upstream import HttpUpstream, UpstreamSessions, upstream_sessions
from sentinel.gateway.open_calls import OpenCalls
from sentinel.gateway.repeats import Repeats
from sentinel.gateway.routing import Router
from sentinel.gateway.translated_upstream import TranslatedUpstream
from sentinel.gateway.upstream import Upstream, UpstreamClient
from sentinel.ids import IdSource
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.base import ChatProvider
from sentinel.resilience.backoff import Backoff
from sentinel.resilience.gate import TargetGate
from sentinel.resilience.planner import Panic, RecoveryPlanner
from sentinel.resilience.protection import Protection
from sentinel.testing.protection import hedge_planner, open_protection
from simulator.server import Simulator

PRIMARY = Target("primary", "sim-large")
FALLBACK = Target("fallback", "sim-small")
LIMITS = Deadlines(connect_seconds=5.0, first_token_seconds=10.0, stall_seconds=10.0, total_seconds=30.0)
"""Longer than any healthy answer takes on a busy machine; tests of a limit shorten that one."""


@dataclass(kw_only=True)
class Plan:
    """What a test's gateway is made of. `providers` are chat models to translate for, `wires` are base URLs.

    `paces`: how many seconds a target is known to take to its first token.
    """

    wires: Mapping[str, str]
    providers: Mapping[str, ChatProvider] = field(default_factory=dict)
    routes: Mapping[str, Route] = field(default_factory=dict)
    max_attempts: int = 3
    panic: Panic = Panic.FAIL
    prices: Mapping[Target, Price] = field(default_factory=dict)
    paces: Mapping[Target, float] = field(default_factory=dict)
    max_body_bytes: int = 1_000_000
    repeat_seconds: float = 3600.0
    max_repeated_bytes: int = 1_000_000


@dataclass(kw_only=True)
class Gateway:
    """A running gateway. `attempts` and `records` grow as they are made."""

    url: str
    asgi: ASGIApp
    protection: Protection
    kill_switches: KillSwitches
    attempts: list[Attempt]
    records: list[RequestRecord]
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def base_url(self) -> str:
        """What an OpenAI client takes."""
        return f"{self.url}/v1"

    async def recorded(self, count: int = 1) -> list[RequestRecord]:
        """Give the records as soon as there are so many; raises TimeoutError."""
        async with asyncio.timeout(10):
            while len(self.records) < count:
                await self._changed.wait()
        return self.records

    def keep(self, record: RequestRecord) -> None:
        """Take a record, as the journal does."""
        self.records.append(record)
        self._changed.set()
        self._changed = asyncio.Event()

    def failures(self, target: Target) -> int:
        """How many failures the target's circuit has counted."""
        return self.protection.board.get(target.breaker_keys[1]).snapshot().failures


def route(*targets: Target, name: str = "default", **changes: object) -> dict[str, Route]:
    """Give a route, ready to be one of the routes."""
    options: dict[str, object] = {"deadlines": LIMITS, **changes}
    return {name: Route(name=name, targets=targets or (PRIMARY, FALLBACK), **options)}  # type: ignore[arg-type]


def over(simulator: Simulator, **changes: object) -> Plan:
    """Give the plan of a gateway before both wires of a simulator."""
    wires = {"primary": simulator.openai_base_url, "fallback": f"{simulator.ollama_base_url}/v1"}
    return Plan(**{"wires": wires, "routes": route(), **changes})  # type: ignore[arg-type]


@asynccontextmanager
async def running_gateway(plan: Plan) -> AsyncIterator[Gateway]:
    """Serve as long as the context is open."""
    async with upstream_sessions() as sessions:
        gateway = _build(plan, sessions)
        async with _serving(gateway.asgi) as url:
            gateway.url = url
            yield gateway


def _build(plan: Plan, sessions: UpstreamSessions) -> Gateway:
    clock = SystemClock()
    ids, protection, kill_switches = IdSource(clock), open_protection(clock), KillSwitches(clock)
    app = create_app(
        version="test",
        console=Path("/nonexistent"),
        allowed_hosts={"127.0.0.1"},
        max_body_bytes=plan.max_body_bytes,
    )
    gateway = Gateway(
        url="",
        asgi=app,
        protection=protection,
        kill_switches=kill_switches,
        attempts=[],
        records=[],
    )
    recovery = _recovery(plan, gateway, clock)
    upstreams: dict[str, Upstream] = {
        name: HttpUpstream(sessions=sessions, base_url=url, headers={"authorization": "Bearer sk-secret"})
        for name, url in plan.wires.items()
    }
    for name, provider in plan.providers.items():
        upstreams[name] = TranslatedUpstream(provider=provider, clock=clock, ids=ids)
    open_calls = OpenCalls()
    completions = Completions(
        recovery=recovery,
        router=Router(plan.routes, frozenset(upstreams)),
        client=UpstreamClient(upstreams=upstreams),
        ids=ids,
        observe=gateway.keep,
        open_calls=open_calls,
    )
    app.state.gateway = GatewayApp(
        completions=completions,
        repeats=Repeats(clock=clock, window_seconds=plan.repeat_seconds, max_answer_bytes=plan.max_repeated_bytes),
        open_calls=open_calls,
        models=served_models(plan.routes),
        max_body_bytes=plan.max_body_bytes,
    )
    return gateway


def _recovery(plan: Plan, gateway: Gateway, clock: SystemClock) -> Recovery:
    gate = TargetGate(
        gateway.protection.board,
        gateway.kill_switches.is_killed,
        cooldowns=gateway.protection.cooldowns,
        bulkheads=gateway.protection.bulkheads,
    )
    return Recovery(
        pipeline=AttemptPipeline(
            protection=gateway.protection, clock=clock, observe=[gateway.attempts.append], prices=plan.prices
        ),
        planner=RecoveryPlanner(
            max_attempts=plan.max_attempts,
            backoff=Backoff(base_seconds=0.001, min_attempt_seconds=0.01),
            allows_panic=gateway.protection.panics.is_free,
            panic=plan.panic,
        ),
        gate=gate,
        hedges=hedge_planner(gate, gateway.protection, paces=plan.paces, attempts=plan.max_attempts),
        clock=clock,
    )


@asynccontextmanager
async def _serving(app: ASGIApp) -> AsyncIterator[str]:
    """Run the server's parts without its main loop, which only looks at the clock."""
    config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off")
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    await server.startup(sockets=[listening])
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        await _close(server)
        listening.close()


async def _close(server: uvicorn.Server) -> None:
    for each in server.servers:
        each.close()
    for connection in list(server.server_state.connections):
        connection.shutdown()
    if tasks := list(server.server_state.tasks):
        _, left = await asyncio.wait(tasks, timeout=5)
        for task in left:
            task.cancel()
        assert not left, "a request did not end with its caller"
