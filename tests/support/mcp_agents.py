"""`/mcp` in this process, over plain functions, with what it records; and requests to it in the words of either era."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
from mcp_types import CLIENT_CAPABILITIES_META_KEY, CLIENT_INFO_META_KEY, PROTOCOL_VERSION_META_KEY

from sentinel.domain.tools import ToolCallRecord
from sentinel.gateway.mcp.call_log import CallLog
from sentinel.gateway.mcp.endpoint import McpEndpoint
from sentinel.ids import IdSource
from sentinel.testing.clock import FakeClock
from sentinel.testing.tools import FakeToolbox

MODERN, LEGACY = "2026-07-28", "2025-11-25"
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}
MAX_BODY_BYTES = 100_000


@dataclass
class Agent:
    """An agent outside, at an endpoint of its own."""

    http: httpx.AsyncClient
    toolbox: FakeToolbox
    changed: list[Callable[[], None]]
    endpoint: McpEndpoint
    records: list[ToolCallRecord] = field(default_factory=list)
    _ids: "count[int]" = field(default_factory=lambda: count(1))

    async def post(self, content: bytes, *, era: str = MODERN, **headers: str) -> httpx.Response:
        """Send any bytes."""
        return await self.http.post("/mcp", content=content, headers=ACCEPT | {"mcp-protocol-version": era} | headers)

    async def ask(
        self, method: str, params: Any = None, *, era: str = MODERN, client: str | None = None, **headers: str
    ) -> httpx.Response:
        """Send a well-formed request."""
        body = {"jsonrpc": "2.0", "id": next(self._ids), "method": method, "params": params or {}}
        if era == MODERN:
            headers = {"mcp-method": method, **_named(params or {}), **headers}
            body["params"] = {**(params or {}), "_meta": _envelope(client)}
        return await self.http.post("/mcp", json=body, headers=ACCEPT | {"mcp-protocol-version": era} | headers)

    async def call(self, name: str, arguments: Any = None, **how: Any) -> httpx.Response:
        """Call a tool."""
        return await self.ask("tools/call", {"name": name, "arguments": arguments or {}}, **how)


def _named(params: Mapping[str, Any]) -> dict[str, str]:
    return {"mcp-name": params["name"]} if isinstance(params.get("name"), str) else {}


def _envelope(client: str | None) -> dict[str, Any]:
    meta: dict[str, Any] = {PROTOCOL_VERSION_META_KEY: MODERN, CLIENT_CAPABILITIES_META_KEY: {}}
    return meta if client is None else meta | {CLIENT_INFO_META_KEY: {"name": client, "version": "1.0"}}


@asynccontextmanager
async def agent_at(toolbox: FakeToolbox, clock: FakeClock) -> AsyncIterator[Agent]:
    """Open an endpoint over `toolbox`, and give an agent at it."""
    records: list[ToolCallRecord] = []
    changed: list[Callable[[], None]] = []
    endpoint = McpEndpoint(
        toolbox,
        log=CallLog(records.append, clock=clock, ids=IdSource(clock)),
        version="1",
        max_body_bytes=MAX_BODY_BYTES,
        on_changed=changed.append,
    )
    transport = httpx.ASGITransport(endpoint, client=("127.0.0.1", 4711))
    async with _running(endpoint), httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        yield Agent(http, toolbox, changed, endpoint, records)


@asynccontextmanager
async def _running(endpoint: McpEndpoint) -> AsyncIterator[None]:
    """Run the endpoint in a task of its own: fixtures are entered and left by different ones, which the SDK forbids."""
    is_up, is_over = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with endpoint.running():
            is_up.set()
            await is_over.wait()

    owner = asyncio.create_task(run())
    await is_up.wait()
    try:
        yield
    finally:
        is_over.set()
        await owner
