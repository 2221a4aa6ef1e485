"""Everything that exists, joined: settings → stores → resilience → providers and tools → graph → runs → services.

Read this file to see what the process is made of. What is opened first is closed last.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sentinel import __version__
from sentinel.api.services import Services
from sentinel.chaos.controls import OperatorControls
from sentinel.chaos.stored_switches import StoredSwitches
from sentinel.clock import Clock, SystemClock
from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.queues import RunQueue
from sentinel.domain.routes import Route
from sentinel.gateway.call import Recovery
from sentinel.gateway.endpoints import GatewayApp
from sentinel.gateway.mcp.endpoint import McpEndpoint
from sentinel.graph.builder import AgentGraph, build_graph
from sentinel.graph.context import Collaborators
from sentinel.health.checks import CheckResult, Health, HealthService
from sentinel.health.providers import ProviderCard, ProviderHealth, ProviderMonitor
from sentinel.ids import IdSource
from sentinel.main.gateway import build_gateway
from sentinel.main.leasing import open_leases
from sentinel.main.metrics import build_exposition
from sentinel.main.providers import build_providers, configured_targets, kill_switch_targets, provider_cards
from sentinel.main.queueing import open_queue, queue_check
from sentinel.main.resilience import Resilience, build_resilience, prices_of
from sentinel.main.sharing import joined, open_sharing, redis_check
from sentinel.main.storage import Storage, open_storage
from sentinel.main.tools import mcp_endpoint, open_tools, run_budget
from sentinel.main.upkeep import watch_for_leaks
from sentinel.main.watching import Watch, watch_over
from sentinel.persistence.checkpointer import open_checkpointer
from sentinel.persistence.patient_saver import PatientSaver
from sentinel.providers.attempt import AttemptPipeline
from sentinel.providers.chat import ChatAttempts
from sentinel.providers.loop_lag import LoopLag
from sentinel.redaction import Redactor
from sentinel.runs.leases import Leases
from sentinel.runs.runner import Runner, RunnerOptions
from sentinel.runs.service import RunService
from sentinel.settings import Settings, configured_secrets
from sentinel.telemetry.hooks import Hooks
from sentinel.telemetry.logging import get_logger
from sentinel.tools.desk import ToolDesk
from sentinel.tools.supervisor import ServerState

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


@asynccontextmanager
async def running_services(settings: Settings, environment: Mapping[str, str]) -> AsyncIterator[Running]:
    """Put everything together, resume the runs that an earlier process left, and take it apart at the end.

    `environment` is the process's own, of which tool servers get a small part.

    Raises:
        ConfigurationError, StoreUnavailableError: the process cannot work; the message says what to mend.
    """
    async with AsyncExitStack() as stack:
        clock = SystemClock()
        ids = IdSource(clock)
        parts = build_resilience(settings, clock)
        shared = await open_sharing(settings, clock, ids=ids, stack=stack)
        storage = await open_storage(settings, clock, stack, shared=shared)
        watch = await watch_over(settings, parts, storage=storage, ids=ids)
        controls = _controls(settings, parts, storage=storage, watch=watch)
        await controls.switches.restore()
        controls = await stack.enter_async_context(joined(settings, parts, shared, controls=controls))
        monitor = _monitor(settings, parts)
        tools = await stack.enter_async_context(
            open_tools(settings, parts, storage=storage, watch=watch, environment=environment)
        )
        graph = build_graph(PatientSaver(await _checkpointer(settings, storage, clock=clock, stack=stack)))
        models, recovery = await _calls(settings, parts, monitor=monitor, watch=watch, stack=stack)
        gateway = await build_gateway(
            settings, recovery, providers=models.providers, ids=ids, observe=watch.request_over, stack=stack
        )
        leases = await open_leases(settings, storage=storage, clock=clock, ids=ids, stack=stack)
        runner = _runner(
            settings=settings,
            parts=parts,
            storage=storage,
            leases=leases,
            watch=watch,
            graph=graph,
            models=models,
            tools=tools,
        )
        queue = await open_queue(settings, runner, leases=leases, storage=storage, clock=clock, stack=stack)
        services = _services(
            settings=settings,
            parts=parts,
            storage=storage,
            watch=watch,
            controls=controls,
            monitor=monitor,
            tools=tools,
            runs=_run_service(settings, parts, storage=storage, ids=ids, queue=queue),
        )
        mcp = mcp_endpoint(settings, tools, watch=watch, ids=ids)
        await stack.enter_async_context(mcp.running())
        yield Running(services=services, gateway=gateway, mcp=mcp, queue=queue, live=storage.live)


async def _calls(
    settings: Settings, parts: Resilience, *, monitor: ProviderMonitor, watch: Watch, stack: AsyncExitStack
) -> tuple[ChatAttempts, Recovery]:
    """Make what asks the providers for runs and for the gateway: one pipeline, so that both learn from each other."""
    lag = await stack.enter_async_context(LoopLag(parts.clock))
    pipeline = AttemptPipeline(
        protection=parts.protection,
        clock=parts.clock,
        observe=[Hooks(monitor.observe, watch.metrics.attempt)],
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


async def _checkpointer(settings: Settings, storage: Storage, *, clock: Clock, stack: AsyncExitStack) -> Any:
    url = settings.database_url.get_secret_value()
    saver = await stack.enter_async_context(
        open_checkpointer(url, settings.checkpoint_path, connections=settings.database.checkpoint_connections)
    )
    await watch_for_leaks(saver, storage.engine, clock=clock, stack=stack)
    return saver


def _controls(settings: Settings, parts: Resilience, *, storage: Storage, watch: Watch) -> OperatorControls:
    return OperatorControls(
        board=parts.board,
        cooldowns=parts.protection.cooldowns,
        switches=StoredSwitches(parts.kill_switches, storage.faults, clock=parts.clock),
        audit=storage.audit,
        clock=parts.clock,
        targets=kill_switch_targets(settings),
        enabled=settings.chaos_enabled,
        observe=watch.act,
    )


def _monitor(settings: Settings, parts: Resilience) -> ProviderMonitor:
    def is_killed(card: ProviderCard) -> bool:
        return parts.kill_switches.blocking(card.name, tier=card.tier) is not None

    cards = provider_cards(settings, _default_route(settings))
    return ProviderMonitor(
        cards=cards,
        board=parts.board,
        cooldowns=parts.protection.cooldowns,
        is_killed=is_killed,
        clock=parts.clock,
    )


def _default_route(settings: Settings) -> Route:
    return settings.routes.get("default") or next(iter(settings.routes.values()))


def _runner(
    *,
    settings: Settings,
    parts: Resilience,
    storage: Storage,
    leases: Leases,
    watch: Watch,
    graph: AgentGraph,
    models: ChatAttempts,
    tools: ToolDesk,
) -> Runner:
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
        listeners=watch.runs,
    )


def _run_service(
    settings: Settings, parts: Resilience, *, storage: Storage, ids: IdSource, queue: RunQueue
) -> RunService:
    return RunService(
        runs=storage.runs,
        live=storage.live,
        queue=queue,
        routes=settings.routes,
        clock=parts.clock,
        ids=ids,
        max_input_chars=settings.limits.max_input_chars,
    )


def _services(
    *,
    settings: Settings,
    parts: Resilience,
    storage: Storage,
    watch: Watch,
    controls: OperatorControls,
    monitor: ProviderMonitor,
    tools: ToolDesk,
    runs: RunService,
) -> Services:
    return Services(
        runs=runs,
        threads=storage.threads,
        requests=storage.requests,
        incidents=watch.incidents,
        controls=controls,
        board=parts.board,
        providers=monitor,
        metrics=build_exposition(
            watch.metrics,
            parts,
            storage=storage,
            queue=runs.queue,
            tools=tools.registry,
            targets=sorted(configured_targets(settings)),
            default_route=_default_route(settings),
        ),
        health=_health(parts.clock, storage, monitor=monitor, tools=tools, queue=runs.queue),
        tools=tools,
        tool_calls=storage.tool_calls,
        clock=parts.clock,
        ids=runs.ids,
        routes=settings.routes,
        explainer=parts.explainer,
        info=_info(settings),
    )


def _health(
    clock: Clock, storage: Storage, *, monitor: ProviderMonitor, tools: ToolDesk, queue: RunQueue
) -> HealthService:
    async def database() -> CheckResult:
        await storage.engine.ping()
        if not storage.journal_state.can_write:
            return CheckResult(Health.UNHEALTHY, "it cannot be written; events wait in memory")
        return CheckResult(Health.HEALTHY)

    async def redis() -> CheckResult:
        return redis_check(storage.shared)

    async def providers() -> CheckResult:
        bad = [name for name in monitor.cards if monitor.health(name) in _BAD]
        if not bad:
            return CheckResult(Health.HEALTHY)
        status = Health.UNHEALTHY if len(bad) == len(monitor.cards) else Health.DEGRADED
        return CheckResult(status, f"not well: {', '.join(bad)}")

    async def tool_servers() -> CheckResult:
        down = [server.name for server in tools.registry.status() if server.state is not ServerState.READY]
        return CheckResult(Health.DEGRADED, f"not ready: {', '.join(down)}") if down else CheckResult(Health.HEALTHY)

    return HealthService(
        checks={
            "database": database,
            "redis": redis,
            "queue": queue_check(queue),
            "providers": providers,
            "tools": tool_servers,
        },
        essential=frozenset({"database"}),
        clock=clock,
        started_at=clock.monotonic(),
        is_draining=lambda: queue.is_draining,
    )


_BAD = (ProviderHealth.DOWN, ProviderHealth.AUTH_ERROR)


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
