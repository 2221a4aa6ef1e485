"""`/mcp` of the real server, by the official SDK's client in both eras and by raw requests."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client import Client
from mcp.shared.exceptions import MCPError
from mcp_types import CallToolResult, Tool

from tests.support.server import Serve, Server

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning")
ERAS = ["2026-07-28", "legacy"]
MISBEHAVING = Path(__file__).parents[1] / "tools" / "servers" / "misbehaving.py"
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
ACCEPT = {"accept": "application/json, text/event-stream"}


class Agent:
    """An agent outside, that connects anew for everything it does."""

    def __init__(self, url: str, era: str) -> None:
        self._url = url
        self._era = era

    async def tools(self) -> dict[str, Tool]:
        async with Client(self._url, mode=self._era) as client:
            return {tool.name: tool for tool in (await client.list_tools()).tools}

    async def call(self, name: str, **arguments: object) -> CallToolResult:
        async with Client(self._url, mode=self._era) as client:
            try:
                return await client.call_tool(name, arguments)
            except MCPError as error:
                refused = error  # raised in here, it would come out wrapped in groups of errors
        raise refused


@pytest.fixture(params=ERAS)
async def agent(request: pytest.FixtureRequest, gateway_server: Server, api: httpx.AsyncClient) -> Agent:
    """An agent of either era, at a gateway whose tool servers have all started."""
    async with asyncio.timeout(20):
        while (await api.get("/health")).json()["checks"]["tools"]["status"] != "healthy":
            await asyncio.sleep(0.02)
    return Agent(f"{gateway_server.url}/mcp", request.param)


def facts_of(result: CallToolResult) -> dict[str, Any]:
    assert result.meta is not None
    return dict(result.meta)


def text_of(result: Any) -> str:
    return str(result.content[0].text)


async def test_every_tool_is_listed_with_what_it_does(agent: Agent) -> None:
    tools = await agent.tools()
    assert {"calculator__evaluate", "clock__now", "knowledge__search"} <= set(tools)
    evaluate = tools["calculator__evaluate"]
    assert "expression" in evaluate.input_schema["properties"]
    assert evaluate.annotations is not None
    assert (evaluate.annotations.read_only_hint, evaluate.annotations.destructive_hint) == (True, False)


async def test_a_call_goes_to_the_tool_and_says_which_answered(agent: Agent) -> None:
    result = await agent.call("calculator__evaluate", expression="6 * 7")
    assert (text_of(result), result.is_error) == ("42", False)
    assert (facts_of(result)["tool"], facts_of(result)["fallback_used"]) == ("calculator/evaluate", False)


async def test_a_tool_that_fails_is_a_result_that_says_so(agent: Agent) -> None:
    result = await agent.call("calculator__evaluate", expression="1 / 0")
    assert result.is_error
    assert (facts_of(result)["kind"], facts_of(result)["executed"]) == ("tool_error", True)


async def test_a_tool_that_is_not_there_is_an_error_of_the_protocol(agent: Agent) -> None:
    with pytest.raises(MCPError, match="There is no tool 'nobody__nothing'") as refused:
        await agent.call("nobody__nothing")
    assert refused.value.error.code == -32602
    assert "There are: calculate, " in refused.value.error.message  # capabilities are what is best to call


async def test_a_tool_that_is_off_stays_listed_and_its_call_says_that_nothing_was_done(
    agent: Agent, api: httpx.AsyncClient
) -> None:
    await api.put("/api/chaos/kill-switch/tool:clock/now", json={"active": True})
    assert "clock__now" in await agent.tools()
    result = await agent.call("clock__now")
    assert result.is_error
    assert (facts_of(result)["kind"], facts_of(result)["executed"]) == ("kill_switch", False)


async def test_an_equivalent_answers_for_a_tool_that_is_off(agent: Agent, api: httpx.AsyncClient) -> None:
    await api.put("/api/chaos/kill-switch/tool:calculator/evaluate", json={"active": True})
    for name in ("calculate", "calculator__evaluate"):
        result = await agent.call(name, expression="6 * 7")
        assert text_of(result) == "42"
        assert (facts_of(result)["tool"], facts_of(result)["fallback_used"]) == ("calculator_backup/calc", True)


async def test_an_open_circuit_says_when_to_come_back(agent: Agent, api: httpx.AsyncClient) -> None:
    assert not (await agent.call("clock__now")).is_error  # the circuit is there from the first call on
    key = {"key": "tool:clock/now", "reason": "drill"}
    assert (await api.post("/api/breakers/trip", json=key)).status_code == 200
    try:
        result = await agent.call("clock__now")
        assert "clock__now" in await agent.tools()
    finally:
        await api.post("/api/breakers/reset", json=key)
    assert result.is_error
    assert (facts_of(result)["kind"], facts_of(result)["executed"]) == ("circuit_open", False)
    assert 0 < facts_of(result)["retry_after_ms"] <= 60_000


async def test_many_calls_at_once_each_get_their_own_answer(agent: Agent) -> None:
    results = await asyncio.gather(*(agent.call("calculator__evaluate", expression=f"{n} * {n}") for n in range(6)))
    assert [text_of(result) for result in results] == ["0", "1", "4", "9", "16", "25"]


async def test_a_call_is_kept_with_its_caller_and_counted(agent: Agent, api: httpx.AsyncClient) -> None:
    await agent.call("calculator__evaluate", expression="6 * 7.25")
    call: dict[str, Any] = {}
    async with asyncio.timeout(10):
        while call.get("arguments") != {"expression": "6 * 7.25"}:  # written behind the call's back
            await asyncio.sleep(0.02)
            kept = (await api.get("/api/tools/calls", params={"origin": "mcp", "limit": 1})).json()["items"]
            call = kept[0] if kept else {}
    assert (call["server"], call["tool"], call["result"]) == ("calculator", "evaluate", "43.5")
    assert (call["run_id"], call["is_error"]) == (None, False)
    assert call["caller"].endswith("(127.0.0.1)")
    labels = 'cause="none",class="success",origin="mcp",server="calculator",tool="evaluate"'
    assert f"sentinel_tool_calls_total{{{labels}}}" in (await api.get("/metrics")).text
    assert (await api.get("/api/metrics")).json()["counts"]["tool_calls"]["success"] >= 1


async def test_no_session_is_needed(api: httpx.AsyncClient) -> None:
    body = {"jsonrpc": "2.0", "id": 3, "method": "tools/list", "params": {}}
    answer = await api.post("/mcp", json=body, headers=ACCEPT)
    assert answer.status_code == 200
    assert "mcp-session-id" not in answer.headers


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
async def test_pages_of_other_origins_are_refused(api: httpx.AsyncClient, method: str) -> None:
    headers = ACCEPT | {"origin": "https://evil.example", "content-type": "application/json"}
    assert (await api.request(method, "/mcp", headers=headers, content=b"{}")).status_code == 403


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_another_host_is_refused(api: httpx.AsyncClient, method: str) -> None:
    headers = ACCEPT | {"host": "evil.example", "content-type": "application/json"}
    assert (await api.request(method, "/mcp", headers=headers, content=b"{}")).status_code == 421


async def test_a_body_over_the_limit_is_refused(api: httpx.AsyncClient) -> None:
    body = INITIALIZE | {"padding": "x" * 200_000}
    assert (await api.post("/mcp", json=body, headers=ACCEPT)).status_code == 413


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"jsonrpc":"2.0"}', b"\xff\xfe"])
async def test_what_is_no_request_is_refused_without_harm(api: httpx.AsyncClient, content: bytes) -> None:
    answer = await api.post("/mcp", content=content, headers=ACCEPT | {"content-type": "application/json"})
    assert answer.status_code == 400


async def test_the_event_stream_wants_a_client_that_reads_events(api: httpx.AsyncClient) -> None:
    assert (await api.get("/mcp", headers={"accept": "application/json"})).status_code == 406


async def test_newer_clients_have_no_event_stream_of_their_own(api: httpx.AsyncClient) -> None:
    answer = await api.get("/mcp", headers=ACCEPT | {"mcp-protocol-version": "2026-07-28"})
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_older_clients_hear_that_tools_have_gone(serve: Serve) -> None:
    """Over the event stream of their era, which needs no session."""
    server = await serve(config=f"mcpServers: {{odd: {{command: python, args: [{json.dumps(str(MISBEHAVING))}]}}}}")
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http:
        announced = await http.post("/mcp", json=INITIALIZE, headers=ACCEPT)
        assert '"listChanged":true' in announced.text.replace(" ", "")
        async with http.stream("GET", "/mcp", headers={"accept": "text/event-stream"}) as stream:
            assert stream.status_code == 200
            call = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": {"name": "odd__die", "arguments": {}}}
            await http.post("/mcp", json=call, headers=ACCEPT)
            async with asyncio.timeout(15):
                async for line in stream.aiter_lines():
                    if line.startswith("data:"):
                        break
    assert json.loads(line.removeprefix("data:"))["method"] == "notifications/tools/list_changed"


async def test_listeners_do_not_keep_the_server_from_stopping(serve: Serve) -> None:
    server = await serve({})
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http,
        http.stream("GET", "/mcp", headers={"accept": "text/event-stream"}) as stream,
    ):
        assert stream.status_code == 200
        assert await asyncio.to_thread(server.stop) == 0


@pytest.mark.parametrize(("seconds", "is_cut"), [(1.5, False), (60.0, True)])
async def test_a_stopping_server_lets_calls_finish_and_tells_those_that_it_cuts_short(
    serve: Serve, tmp_path: Path, *, seconds: float, is_cut: bool
) -> None:
    """The record says the same as the answer: it was not the caller who left."""
    begun = tmp_path / "begun"
    odd = {"command": "python", "args": [str(MISBEHAVING)], "env": {"COUNT_FILE": str(begun)}}
    server = await serve(
        config=json.dumps({"mcpServers": {"odd": odd}, "runs": {"drain_seconds": 1 if is_cut else 10}})
    )
    params = {"name": "odd__count_and_rest", "arguments": {"seconds": seconds}}
    body = {"jsonrpc": "2.0", "id": 5, "method": "tools/call", "params": params}
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http, asyncio.timeout(60):
        call = asyncio.create_task(http.post("/mcp", json=body, headers=ACCEPT))
        while not begun.exists():
            await asyncio.sleep(0.02)
        assert await asyncio.to_thread(server.stop) == 0
        lines = (await call).text.splitlines()
    (answer,) = (json.loads(line.removeprefix("data:")) for line in lines if line.startswith("data: {"))
    result = answer["result"]
    assert (result["isError"], result["_meta"].get("kind")) == (is_cut, "interrupted" if is_cut else None)
    await server.restart()
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http:
        (kept,) = (await http.get("/api/tools/calls", params={"origin": "mcp"})).json()["items"]
    assert (kept["cause"], kept["executed"]) == (("interrupted", "unknown") if is_cut else (None, "yes"))
