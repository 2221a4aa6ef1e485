"""From the configured MCP servers and capabilities to the tools that runs and callers have."""

import asyncio
import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial

from sentinel import __version__
from sentinel.chaos.kill_switches import KillSwitches
from sentinel.coordination.shared_reconnects import SharedReconnects
from sentinel.errors import UnknownToolError
from sentinel.gateway.mcp.call_log import CallLog
from sentinel.gateway.mcp.endpoint import McpEndpoint
from sentinel.ids import IdSource
from sentinel.main.process_name import process_name
from sentinel.main.resilience import Resilience
from sentinel.main.storage import Storage
from sentinel.main.tool_log import ToolLog
from sentinel.main.watching import Watch
from sentinel.persistence.database_url import is_sqlite
from sentinel.redaction import Redactor, redact_text
from sentinel.settings import CapabilitySettings, McpServerSettings, Settings, configured_secrets
from sentinel.settings import ToolOverride as OverrideSettings
from sentinel.tasks import ended
from sentinel.telemetry.hooks import Hooks
from sentinel.telemetry.survival import repeated
from sentinel.tools.catalogue.pinning import LOOK_SECONDS
from sentinel.tools.config import (
    CapabilityConfig,
    Effect,
    MemberConfig,
    RunBudget,
    ServerConfig,
    ToolLimits,
    ToolOverride,
    ToolsConfig,
)
from sentinel.tools.operators.desk import ToolDesk
from sentinel.tools.routing.offer import withheld_from_models
from sentinel.tools.routing.registry import ToolRegistry
from sentinel.tools.routing.router import CapabilityRouter, Fallback


@asynccontextmanager
async def open_tools(
    settings: Settings, parts: Resilience, *, storage: Storage, watch: Watch, environment: Mapping[str, str]
) -> AsyncIterator[ToolDesk]:
    """Start the servers, and stop them at the end; raises StoreUnavailableError."""
    config, log = _config(settings), ToolLog(watch.tool_server_refused, clock=parts.clock)
    registry = ToolRegistry(
        config,
        clock=parts.clock,
        rng=random.random,  # noqa: S311 - spreads reconnects over time, protects no secret
        board=parts.board,
        environment=environment,
        kill_switch=partial(_is_killed, parts.kill_switches),
        pins=storage.tool_pins,
        on_change=lambda status: log.changed(status, registry.listed(status.name), registry.left_out(status.name)),
    )
    registry.watch_calls(watch.tool_call)
    registry.watch_refusals(lambda tool, why: watch.tool_forbidden(tool.target, redact_text(why)))

    def fell_back(fallback: Fallback) -> None:
        watch.metrics.tool_fallback(fallback.failed.label, fallback.next.label, cause=fallback.cause)

    reconnects = SharedReconnects(storage.shared.facts, partial(_reconnect, registry))
    router = CapabilityRouter(registry, capabilities=config.capabilities, clock=parts.clock, observe=Hooks(fell_back))
    registry.subscribe(lambda: log.offered(withheld_from_models(router.tools())))
    async with registry:
        looks = repeated("look for approvals", registry.catch_up, clock=parts.clock, every_seconds=LOOK_SECONDS)
        looking = asyncio.create_task(looks, name="tools:trust")
        try:
            yield ToolDesk(
                config=config,
                registry=registry,
                router=router,
                board=parts.board,
                audit=storage.audit,
                clock=parts.clock,
                process=None if is_sqlite(storage.engine.url) else process_name(),
                tell_reconnect=reconnects.tell,
            )
        finally:
            log.close()
            await ended(looking)


def _reconnect(registry: ToolRegistry, server: str) -> None:
    with suppress(UnknownToolError):  # the other process may be configured otherwise
        registry.reconnect(server)


def _is_killed(kill_switches: KillSwitches, target: str) -> bool:
    server, _, tool = target.removeprefix("tool:").partition("/")
    return kill_switches.blocking_tool(server, tool) is not None


def _config(settings: Settings) -> ToolsConfig:
    return ToolsConfig(
        redactor=Redactor(configured_secrets(settings)),
        servers={name: _server(chosen) for name, chosen in settings.mcp_servers.items()},
        limits=ToolLimits(**settings.tool_defaults.model_dump()),
        overrides={name: _override(chosen) for name, chosen in settings.tool_overrides.items()},
        capabilities={name: _capability(chosen) for name, chosen in settings.capabilities.items()},
    )


def run_budget(settings: Settings) -> RunBudget:
    """Give what the tool calls of one run may cost."""
    return RunBudget(**settings.tool_budget.model_dump())


def _capability(chosen: CapabilitySettings) -> CapabilityConfig:
    members = []
    for member in chosen.members:
        server, _, tool = member.tool.partition("/")
        members.append(
            MemberConfig(
                server=server,
                tool=tool,
                arguments=member.arguments,
                constants=member.constants,
                result=member.result or "",
                error_means_no_effect=member.error_means_no_effect,
            )
        )
    return CapabilityConfig(
        members=tuple(members),
        description=chosen.description or "",
        fallback_on_error=chosen.fallback_on_error,
    )


def mcp_endpoint(settings: Settings, tools: ToolDesk, *, watch: Watch, ids: IdSource) -> McpEndpoint:
    """Make the gateway through which agents outside use the same tools and capabilities."""
    return McpEndpoint(
        tools.router,
        log=CallLog(watch.outside_call, clock=tools.clock, ids=ids),
        version=__version__,
        max_body_bytes=settings.limits.max_body_bytes,
        on_changed=tools.registry.subscribe,
    )


def _server(chosen: McpServerSettings) -> ServerConfig:
    return ServerConfig(
        command=chosen.command,
        args=tuple(chosen.args),
        env={name: value.get_secret_value() for name, value in chosen.env.items()},
        cwd=chosen.cwd,
        url=chosen.url,
        headers={name: value.get_secret_value() for name, value in chosen.headers.items()},
        trusted=chosen.trusted,
        pinned=chosen.pinned,
    )


def _override(chosen: OverrideSettings) -> ToolOverride:
    return ToolOverride(
        **chosen.model_dump(exclude={"effect", "infrastructure_errors", "input_errors"}),
        effect=Effect(chosen.effect) if chosen.effect else None,
        infrastructure_errors=tuple(chosen.infrastructure_errors),
        input_errors=tuple(chosen.input_errors),
    )
