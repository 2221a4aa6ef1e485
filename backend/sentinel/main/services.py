"""Everything that exists, joined: settings → stores → resilience → providers and tools → graph → runs → services.

Read this file to see what the process is made of. What is opened first is closed last.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sentinel import __version__
from sentinel.api.services import Services
from sentinel.chaos.controls import OperatorControls
from sentinel.chaos.stored_switches import StoredSwitches
from sentinel.clock import Clock, SystemClock
from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.attempts import Attempt
from sentinel.domain.queues import RunQueue
from sentinel.domain.routes import Route
from sentinel.gateway.call import Recovery
from sentinel.gateway.endpoints import GatewayApp
from sentinel.gateway.mcp.endpoint import McpEndpoint
from sentinel.graph.builder import AgentGraph, build_graph
from sentinel.graph.context import Collaborators
from sentinel.health.providers import ProviderCard, ProviderMonitor
from sentinel.ids import IdSource
from sentinel.main.gateway import build_gateway
from sentinel.main.health import build_health
from sentinel.main.leasing import open_leases
from sentinel.main.metrics import build_exposition
from sentinel.main.providers import build_providers, configured_targets, kill_switch_targets, provider_cards
from sentinel.main.queueing import open_queue
from sentinel.main.resilience import Resilience, build_resilience, prices_of
from sentinel.main.sharing import Joined, joined, open_sharing
from sentinel.main.storage import Storage, open_storage
from sentinel.main.tools import mcp_endpoint, open_tools, run_budget
from sentinel.main.upkeep import watch_for_leaks
from sentinel.main.watching import Watch, watch_over
from sentinel.persistence.checkpointer import open_checkpointer
from sentinel.persistence.translating_saver import TranslatingSaver
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.chat import ChatAttempts
from sentinel.providers.loop_lag import LoopLag
from sentinel.redaction import Redactor
from sentinel.resilience.breaker_board import provider_key
from sentinel.runs.leases import Leases
from sentinel.runs.runner import Runner, RunnerOptions
from sentinel.runs.service import RunService
from sentinel.settings import Settings, configured_secrets
from sentinel.telemetry.hooks import Hooks
from sentinel.telemetry.logging import get_logger
from sentinel.tools.operators.desk import ToolDesk

logger = get_logger(__name__)

_SYSTEM_PROMPT = (
    "You are a helpful assistant. Answer in Markdown. Use the tools you are given when they help, "
    "and say so honestly when a tool failed or is not available."
)


@dataclass(frozen=True, kw_only=True)
class Running:
    """What the server needs while it runs and to stop: the services, the queue to drain, the readers to end."""

    services: Services
    gateway: GatewayApp
    mcp: McpEndpoint
    queue: RunQueue
    live: LiveEvents


@dataclass(frozen=True, kw_only=True)
class _Ground:
    """What everything else stands on."""

    settings: Settings
    ids: IdSource
    parts: Resilience
    storage: Storage
    watch: Watch

    @property
    def clock(self) -> Clock:
        return self.parts.clock

    @property
    def default_route(self) -> Route:
        return self.settings.routes.get("default") or next(iter(self.settings.routes.values()))


@asynccontextmanager
async def running_services(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[Running]:
    """Put everything together, resume the runs that an earlier process left, and take it apart at the end.

    `environment` is the process's own, of which tool servers get a small part.

    Raises:
        ConfigurationError, StoreUnavailableError: the process cannot work; the message says what to mend.
    """
    async with AsyncExitStack() as stack:
        ground = await _ground(settings, stack)
        parts, storage, watch = ground.parts, ground.storage, ground.watch
        peers = await _joined(ground, stack)
        monitor = _monitor(ground, peers)
        tools = await stack.enter_async_context(
            open_tools(settings, parts, storage=storage, watch=watch, environment=environment)
        )
        graph = build_graph(TranslatingSaver(await _checkpointer(ground, stack)))
        models, recovery = await _calls(ground, [monitor.observe, peers.attempts.observe], stack)
        gateway = await build_gateway(
            settings, recovery, providers=models.providers, ids=ground.ids, observe=watch.request_over, stack=stack
        )
        leases = await open_leases(settings, storage=storage, clock=ground.clock, ids=ground.ids, stack=stack)
        runner = _runner(ground, leases=leases, graph=graph, models=models, tools=tools)
        queue = await open_queue(settings, runner, leases=leases, storage=storage, clock=ground.clock, stack=stack)
        services = _services(ground, controls=peers.controls, monitor=monitor, tools=tools, queue=queue)
        mcp = mcp_endpoint(settings, tools, watch=watch, ids=ground.ids)
        await stack.enter_async_context(mcp.running())
        yield Running(services=services, gateway=gateway, mcp=mcp, queue=queue, live=storage.live)


async def _ground(settings: Settings, stack: AsyncExitStack) -> _Ground:
    clock = SystemClock()
    ids = IdSource(clock)
    parts = build_resilience(settings, clock)
    shared = await open_sharing(settings, clock, ids=ids, stack=stack)
    storage = await open_storage(settings, clock, stack, shared=shared)
    watch = await watch_over(settings, parts, storage=storage, ids=ids)
    return _Ground(settings=settings, ids=ids, parts=parts, storage=storage, watch=watch)


async def _joined(ground: _Ground, stack: AsyncExitStack) -> Joined:
    settings, parts, storage = ground.settings, ground.parts, ground.storage
    controls = OperatorControls(
        board=parts.board,
        cooldowns=parts.protection.cooldowns,
        switches=StoredSwitches(parts.kill_switches, storage.faults, clock=parts.clock),
        audit=storage.audit,
        clock=parts.clock,
        targets=kill_switch_targets(settings),
        enabled=settings.chaos_enabled,
        observe=ground.watch.act,
    )
    await controls.switches.restore()
    return await stack.enter_async_context(joined(settings, parts, storage.shared, controls=controls))


def _monitor(ground: _Ground, peers: Joined) -> ProviderMonitor:
    parts = ground.parts

    def is_killed(card: ProviderCard) -> bool:
        return parts.kill_switches.blocking(card.name, tier=card.tier) is not None

    return ProviderMonitor(
        cards=provider_cards(ground.settings, ground.default_route),
        board=parts.board,
        cooldowns=parts.protection.cooldowns,
        is_killed=is_killed,
        clock=parts.clock,
        seen_elsewhere=peers.attempts.of_others,
        open_elsewhere=lambda name: peers.circuits.open_elsewhere(provider_key(name)),
    )


async def _checkpointer(ground: _Ground, stack: AsyncExitStack) -> Any:
    settings = ground.settings
    url = settings.database_url.get_secret_value()
    saver = await stack.enter_async_context(
        open_checkpointer(url, settings.checkpoint_path, connections=settings.database.checkpoint_connections)
    )
    await watch_for_leaks(saver, ground.storage.engine, clock=ground.clock, stack=stack)
    return saver


async def _calls(
    ground: _Ground, observers: Sequence[Callable[[Attempt], None]], stack: AsyncExitStack
) -> tuple[ChatAttempts, Recovery]:
    """Make what asks the providers for runs and for the gateway: one pipeline, so that both learn from each other."""
    settings, parts = ground.settings, ground.parts
    lag = await stack.enter_async_context(LoopLag(parts.clock))
    pipeline = AttemptPipeline(
        protection=parts.protection,
        clock=parts.clock,
        observe=[Hooks(*observers, ground.watch.metrics.attempt)],
        observe_streams=[Hooks(parts.first_tokens.observe)],
        was_late=lag.was_late_since,
        prices=prices_of(settings),
        redactor=Redactor(configured_secrets(settings)),
    )
    models = ChatAttempts(providers=await build_providers(settings, parts.clock, stack), pipeline=pipeline)
    recovery = Recovery(
        pipeline=pipeline, planner=parts.planner, gate=parts.gate, hedges=parts.hedges, clock=parts.clock
    )
    return models, recovery


def _runner(ground: _Ground, *, leases: Leases, graph: AgentGraph, models: ChatAttempts, tools: ToolDesk) -> Runner:
    settings, parts, storage = ground.settings, ground.parts, ground.storage
    collaborators = Collaborators(
        models=models,
        planner=parts.planner,
        gate=parts.gate,
        hedges=parts.hedges,
        tools=tools.router,
        clock=parts.clock,
        system_prompt=_SYSTEM_PROMPT,
        tool_budget=run_budget(settings),
    )
    return Runner(
        runs=storage.runs,
        leases=leases,
        events=storage.events,
        journal=storage.journal,
        graph=graph,
        parts=collaborators,
        routes=settings.routes,
        clock=parts.clock,
        options=RunnerOptions(max_takeovers=settings.runs.max_takeovers),
        listeners=ground.watch.runs,
    )


def _run_service(ground: _Ground, queue: RunQueue) -> RunService:
    return RunService(
        runs=ground.storage.runs,
        live=ground.storage.live,
        queue=queue,
        routes=ground.settings.routes,
        clock=ground.clock,
        ids=ground.ids,
        max_input_chars=ground.settings.limits.max_input_chars,
    )


def _services(
    ground: _Ground, *, controls: OperatorControls, monitor: ProviderMonitor, tools: ToolDesk, queue: RunQueue
) -> Services:
    settings, parts, storage = ground.settings, ground.parts, ground.storage
    return Services(
        runs=_run_service(ground, queue),
        threads=storage.threads,
        requests=storage.requests,
        incidents=ground.watch.incidents,
        controls=controls,
        board=parts.board,
        providers=monitor,
        metrics=build_exposition(
            ground.watch.metrics,
            parts,
            storage=storage,
            queue=queue,
            tools=tools.registry,
            targets=sorted(configured_targets(settings)),
            default_route=ground.default_route,
        ),
        health=build_health(storage, monitor=monitor, tools=tools, queue=queue),
        tools=tools,
        tool_calls=storage.tool_calls,
        clock=parts.clock,
        ids=ground.ids,
        routes=settings.routes,
        explainer=parts.explainer,
        info=_info(settings),
    )


def _info(settings: Settings) -> dict[str, Any]:
    return {
        "version": __version__,
        "environment": settings.environment,
        "simulated": settings.simulated,
        "chaos_enabled": settings.chaos_enabled,
        "routes": [
            {
                "name": route.name,
                "targets": [str(target) for target in route.targets],
                "policy": route.policy.value,
                "midstream": route.midstream.value,
            }
            for route in settings.routes.values()
        ],
        "limits": {"max_input_chars": settings.limits.max_input_chars},
    }
