"""The MCP servers of `mcp_servers/` that are started where none is configured, and which of their tools are equivalent.

A server that needs an address, a key or a folder is started when the environment gives it one.
"""

import sys
from collections.abc import Mapping
from typing import Final

from pydantic import SecretStr

from sentinel.settings.environment import Environment
from sentinel.settings.tool_sections import CapabilityMember, CapabilitySettings, McpServerSettings

_PYTHONS: Final = {"python", "python3"}
_NEED_NOTHING: Final = ("calculator", "calculator_backup", "knowledge", "clock", "http_fetch")
_CALCULATE: Final = CapabilitySettings(
    members=[
        CapabilityMember(tool="calculator/evaluate"),
        CapabilityMember(tool="calculator_backup/calc", arguments={"expression": "expr"}),
    ]
)
_SEARCHES: Final = ("searxng", "tavily")
OWN_SERVERS: Final = (*_NEED_NOTHING, "files", *_SEARCHES)
"""All that may run where none is configured; some only with an address, a key or a folder."""


def tool_servers(
    configured: Mapping[str, McpServerSettings] | None, environment: Environment
) -> dict[str, McpServerSettings]:
    """Give the configured MCP servers, or our own; `python` is the interpreter that runs us."""
    if configured is None:
        return _own_servers(environment)
    return {
        name: server.model_copy(update={"command": sys.executable}) if server.command in _PYTHONS else server
        for name, server in configured.items()
    }


def _own_servers(environment: Environment) -> dict[str, McpServerSettings]:
    servers = {name: _server(name) for name in _NEED_NOTHING}
    if environment.files_roots:
        servers["files"] = _server("files", FILES_ROOTS=SecretStr(environment.files_roots))
    if environment.searxng_url:
        servers["searxng"] = _server("web_search", SEARXNG_URL=SecretStr(environment.searxng_url))
    if environment.tavily_api_key:
        servers["tavily"] = _server("web_search", "--engine", "tavily", TAVILY_API_KEY=environment.tavily_api_key)
    return servers


def _server(module: str, *options: str, **variables: SecretStr) -> McpServerSettings:
    arguments = ["-m", f"mcp_servers.{module}", *options]
    return McpServerSettings(command=sys.executable, args=arguments, env=variables, trusted=True, pinned=False)


def tool_capabilities(
    configured: Mapping[str, CapabilitySettings],
    servers: Mapping[str, McpServerSettings] | None,
    environment: Environment,
) -> dict[str, CapabilitySettings]:
    """Give the configured capabilities, under them those of our own servers if it is these that are started."""
    if servers is not None:
        return dict(configured)
    return {"calculate": _CALCULATE} | _search(_own_servers(environment)) | dict(configured)


def _search(servers: Mapping[str, McpServerSettings]) -> dict[str, CapabilitySettings]:
    """Search engines stand in for each other, and the documentation for both; alone it is no search of the web.

    An engine that is down or refuses the key says so in a result of its tool: that is a reason to ask the next one.
    """
    engines = [name for name in _SEARCHES if name in servers]
    members = [CapabilityMember(tool=f"{name}/search") for name in [*engines, "knowledge"]]
    return {"web_search": CapabilitySettings(members=members, fallback_on_error=True)} if engines else {}
