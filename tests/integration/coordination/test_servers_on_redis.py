"""Real servers with one PostgreSQL and one Redis between them, and what is left when Redis goes."""

import asyncio
from typing import Any

import httpx

from tests.integration.coordination.conftest import until
from tests.support.redis import RedisServer
from tests.support.server import Serve, Server


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
