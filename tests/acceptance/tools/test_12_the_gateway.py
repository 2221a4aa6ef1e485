"""Must-have 12: `/mcp` stays honest while tools fail: listed, refused with the reason, and nobody's token passed on.

The official conformance suite runs against it in `tests/integration/gateway/test_mcp_conformance.py`, in both eras.
"""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from mcp.client import Client
from mcp_types import CallToolResult

from tests.acceptance.tools.addresses import Start, misbehaving_over_http
from tests.support.server import Serve, Server

ERAS = ["2026-07-28", "legacy"]
BOUND = 40.0
THRESHOLD = 3
ACCEPT = {"accept": "application/json, text/event-stream", "content-type": "application/json"}


@pytest.fixture
async def gateway(serve: Serve, start: Start) -> Server:
    """The real server, before a tool server at an address."""
    web = start(misbehaving_over_http)
    tools = {"overrides": {"web/cut": {"effect": "read_only"}}}
    server = await serve(
        {}, config=yaml.safe_dump({"mcpServers": {"web": {"url": web.config.url, "trusted": True}}, "tools": tools})
    )
    async with httpx.AsyncClient(base_url=server.url, verify=False) as http, asyncio.timeout(BOUND):
        while (await http.get("/health")).json()["checks"]["tools"]["status"] != "healthy":
            await asyncio.sleep(0.02)
    return server


async def called(server: Server, era: str, name: str) -> CallToolResult:
    async with Client(f"{server.url}/mcp", mode=era) as client:
        return await client.call_tool(name, {})


@pytest.mark.parametrize("era", ERAS)
async def test_a_tool_stays_listed_while_its_circuit_is_open_and_its_call_says_why(
    gateway: Server, era: str, tmp_path: Path
) -> None:
    """The kind, that it was not executed, when to come back, and that nobody stood in; nothing reaches the tool."""
    facts = [facts_of(await called(gateway, era, "web__count_and_fail")) for _ in range(THRESHOLD + 1)]
    assert [each["kind"] for each in facts] == [*["server_error"] * THRESHOLD, "circuit_open"]
    assert (facts[-1]["executed"], facts[-1]["fallback_used"]) == (False, False)
    assert facts[-1]["retry_after_ms"] > 0
    assert (tmp_path / "count").read_text() == "x" * THRESHOLD
    async with Client(f"{gateway.url}/mcp", mode=era) as client:
        assert "web__count_and_fail" in {tool.name for tool in (await client.list_tools()).tools}
    assert not (await called(gateway, era, "web__echo")).is_error


async def test_what_may_have_been_done_is_said_to_be_unknown(gateway: Server, tmp_path: Path) -> None:
    """Not executed, executed and unknown are three answers; in both eras, and without a second call."""
    for calls, era in enumerate(ERAS, start=1):
        facts = facts_of(await called(gateway, era, "web__count_and_cut"))
        assert (facts["kind"], facts.get("executed")) == ("transport", None)
        assert (tmp_path / "count").read_text() == "x" * calls


async def test_callers_are_held_apart_from_tool_servers(gateway: Server) -> None:
    """The server behind tells all headers that it got: no credential. Other origins and hosts get nowhere."""
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "web__headers", "arguments": {}}}
    secrets = {"authorization": "Bearer s3cret-token", "cookie": "session=s3cret-cookie", "x-api-key": "s3cret-key"}
    async with httpx.AsyncClient(base_url=gateway.url, timeout=BOUND, verify=False) as http:
        answer = await http.post("/mcp", json=call, headers=ACCEPT | secrets)
        assert (answer.status_code, "s3cret" in answer.text) == (200, False)
        assert "host" in answer.text
        for header, status in (({"origin": "https://evil.example"}, 403), ({"host": "evil.example"}, 421)):
            assert (await http.post("/mcp", json=call, headers=ACCEPT | header)).status_code == status


def facts_of(result: CallToolResult) -> dict[str, Any]:
    """What a failed result says of the call."""
    assert result.is_error
    assert result.meta is not None
    return dict(result.meta)
