"""From the configured MCP servers to the tool registry."""

import random
from collections.abc import Mapping

from sentinel import __version__
from sentinel.chaos.kill_switches import KillSwitches
from sentinel.clock import Clock
from sentinel.gateway.mcp.endpoint import McpEndpoint
from sentinel.resilience.breaker_board import BreakerBoard
from sentinel.settings import McpServerSettings, Settings
from sentinel.settings import ToolOverride as OverrideSettings
from sentinel.tools.config import Effect, ServerConfig, ToolLimits, ToolOverride, ToolsConfig
from sentinel.tools.registry import ToolRegistry


def tool_registry(
    settings: Settings,
    *,
    board: BreakerBoard,
    kill_switches: KillSwitches,
    clock: Clock,
    environment: Mapping[str, str],
) -> ToolRegistry:
    """Make the registry; entering it starts the servers."""

    def is_killed(target: str) -> bool:
        server, _, tool = target.removeprefix("tool:").partition("/")
        return kill_switches.blocking_tool(server, tool) is not None

    config = ToolsConfig(
        servers={name: _server(chosen) for name, chosen in settings.mcp_servers.items()},
        limits=ToolLimits(**settings.tool_defaults.model_dump()),
        overrides={name: _override(chosen) for name, chosen in settings.tool_overrides.items()},
    )
    return ToolRegistry(
        config,
        clock=clock,
        rng=random.random,  # noqa: S311 - spreads reconnects over time, protects no secret
        board=board,
        environment=environment,
        kill_switch=is_killed,
    )


def mcp_endpoint(settings: Settings, registry: ToolRegistry) -> McpEndpoint:
    """Make the gateway through which agents outside use the same tools."""
    return McpEndpoint(
        registry, version=__version__, max_body_bytes=settings.limits.max_body_bytes, on_changed=registry.subscribe
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
    )


def _override(chosen: OverrideSettings) -> ToolOverride:
    return ToolOverride(
        **chosen.model_dump(exclude={"effect"}), effect=Effect(chosen.effect) if chosen.effect else None
    )
