"""Real servers with one PostgreSQL and one Redis between them, and what is left when Redis goes."""

import asyncio
from typing import Any

import httpx

from tests.integration.coordination.conftest import until
from tests.support.redis import RedisServer
from tests.support.server import Serve, Server

_CLOCK = "mcpServers: {clock: {command: python, args: [-m, mcp_servers.clock]}}"


async def _health(server: Server) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=server.url, timeout=10, verify=False) as http:
        report: dict[str, Any] = (await http.get("/health")).json()
    return report


async def _redis_is(server: Server, status: str) -> dict[str, Any]:
    async with asyncio.timeout(10):
        while (check := (await _health(server))["checks"]["redis"])["status"] != status:
            await asyncio.sleep(0.02)
    found: dict[str, Any] = check
    return found


async def test_health_says_how_redis_is_and_nothing_fails_without_it(serve: Serve, own_redis: RedisServer) -> None:
    server = await serve({"REDIS_URL": own_redis.url, "SIMULATED_WORDS_PER_SECOND": "0"})
    assert (await _redis_is(server, "healthy"))["detail"] is None
    own_redis.freeze()
    check = await _redis_is(server, "degraded")
    assert check["detail"] == "no answer in time; this process relies on what it knows itself"
    report = await _health(server)
    assert report["status"] == "degraded"
    async with httpx.AsyncClient(base_url=server.url, timeout=10, verify=False) as http:
        answer = await http.post("/api/chat", json={"messages": [{"role": "user", "content": "Hello"}]})
        assert answer.json()["status"] == "completed"
        assert "sentinel_redis_up 0.0" in (await http.get("/metrics")).text
    own_redis.thaw()
    await _redis_is(server, "healthy")
    await until(lambda: server.log.count("redis_back") == 2)
    assert server.log.count("redis_away") == 1


async def test_a_server_starts_while_redis_is_gone(serve: Serve, own_redis: RedisServer) -> None:
    own_redis.stop()
    server = await serve({"REDIS_URL": own_redis.url})
    assert (await _redis_is(server, "degraded"))["detail"] == (
        "no connection; this process relies on what it knows itself"
    )
    own_redis.start()
    await _redis_is(server, "healthy")


async def test_an_operator_s_reconnect_reaches_the_tool_servers_of_every_process(
    own_redis: RedisServer, fresh_postgres: str, serve: Serve
) -> None:
    environment = {"REDIS_URL": own_redis.url, "DATABASE_URL": fresh_postgres}
    servers = [await serve(environment, config=_CLOCK) for _ in range(2)]
    before = [await _clock(server) for server in servers]
    assert before[0]["process"] != before[1]["process"]
    async with httpx.AsyncClient(base_url=servers[0].url, timeout=10, verify=False) as http:
        (await http.post("/api/tools/clock/reconnect")).raise_for_status()
    for server, old in zip(servers, before, strict=True):
        async with asyncio.timeout(30):
            while (now := await _clock(server))["pid"] in (old["pid"], None):
                await asyncio.sleep(0.05)
        assert (now["restarts"], now["process"]) == (1, old["process"])


async def _clock(server: Server) -> dict[str, Any]:
    """The tool server of one process, with the name of that process."""
    async with httpx.AsyncClient(base_url=server.url, timeout=10, verify=False) as http:
        shown = (await http.get("/api/tools")).json()
    return {**shown["servers"][0], "process": shown["process"]}
