"""Three real servers on one PostgreSQL database: what an operator does at one, and what one finds, holds at all."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import httpx
import pytest

from tests.support.processes import free_port
from tests.support.redis import RedisServer
from tests.support.server import Serve, Server

_PROVIDER, _MODEL = "provider:openai", "model:openai/gpt-4o-mini"
_QUESTION = {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "Hello"}]}


class House:
    """The servers, and who asks them."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers
        self.http = [httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) for server in servers]

    async def circuit(self, number: int, key: str = _PROVIDER) -> dict[str, Any]:
        """How a circuit is at one of them."""
        items = (await self.http[number].get("/api/breakers")).json()["items"]
        found: dict[str, Any] = next(item for item in items if item["key"] == key)
        return found

    async def switches(self, number: int) -> list[str]:
        """Which kill switches are on there."""
        return [switch["target"] for switch in (await self.http[number].get("/api/chaos")).json()["kill_switches"]]

    async def fail(self, number: int) -> None:
        """Ask often enough for its circuit to open."""
        while (await self.circuit(number))["state"] == "closed":
            await self.http[number].post("/v1/chat/completions", json=_QUESTION)

    async def aclose(self) -> None:
        """Close the connections."""
        for client in self.http:
            await client.aclose()


async def within(seconds: float, holds: Callable[[], Awaitable[bool]]) -> None:
    """Ask until it holds."""
    async with asyncio.timeout(seconds):
        while not await holds():
            await asyncio.sleep(0.02)


Build = Callable[..., Awaitable[House]]


@pytest.fixture
async def build(fresh_postgres: str, serve: Serve) -> AsyncIterator[Build]:
    """Starts servers whose only provider refuses connections."""
    houses: list[House] = []

    async def start(count: int, redis_url: str | None) -> House:
        environment = {
            "DATABASE_URL": fresh_postgres,
            "OPENAI_API_KEY": "sk-test",
            "OPENAI_BASE_URL": f"http://127.0.0.1:{free_port()}/v1",
            "RETRY_MAX_ATTEMPTS": "1",
        } | ({"REDIS_URL": redis_url} if redis_url else {})
        houses.append(House([await serve(environment) for _ in range(count)]))
        return houses[-1]

    yield start
    for house in houses:
        await house.aclose()


async def test_what_holds_at_one_server_holds_at_all(build: Build, own_redis: RedisServer) -> None:
    house = await build(3, own_redis.url)

    async def knows_all(number: int) -> bool:
        return "sentinel_processes 3.0" in (await house.http[number].get("/metrics")).text

    for number in range(3):
        await within(10, lambda number=number: knows_all(number))  # type: ignore[misc]
    await _kill_switches_hold_everywhere(house, seconds=1)
    await _trips_and_resets_hold_everywhere(house)
    await _a_quorum_opens_the_circuit_of_the_third(house)
    await _who_has_called_nobody_knows_how_the_provider_does(house)
    own_redis.stop()
    answer = await house.http[2].post("/v1/chat/completions", json=_QUESTION)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    await _kill_switches_hold_everywhere(house, seconds=5)


async def _kill_switches_hold_everywhere(house: House, *, seconds: float) -> None:
    for active in (True, False):
        body = {"active": active, "reason": "drill"}
        (await house.http[0].put("/api/chaos/kill-switch/openai", json=body)).raise_for_status()
        expected = ["openai"] if active else []
        for number in (1, 2):

            async def is_there(number: int = number, expected: list[str] = expected) -> bool:
                return await house.switches(number) == expected

            await within(seconds, is_there)


async def _trips_and_resets_hold_everywhere(house: House) -> None:
    await house.http[1].post("/api/breakers/trip", json={"key": _PROVIDER, "reason": "drill", "ttl_seconds": 600})
    for number in (0, 2):
        await within(1, lambda number=number: _is(house, number, "open"))  # type: ignore[misc]
    circuit = await house.circuit(2)
    assert (circuit["rule"], circuit["reason"]) == ("manual", "drill")
    await house.http[2].post("/api/breakers/reset", json={"key": _PROVIDER, "reason": "over"})
    for number in (0, 1):
        await within(1, lambda number=number: _is(house, number, "closed"))  # type: ignore[misc]


async def _a_quorum_opens_the_circuit_of_the_third(house: House) -> None:
    await house.fail(0)
    await _all_know_what_it_has_said(house, 0)
    assert (await house.circuit(2))["state"] == "closed"  # one alone is not believed
    await house.fail(1)
    await within(1, lambda: _is(house, 2, "open"))
    circuit = await house.circuit(2)
    assert (circuit["rule"], circuit["failures"]) == ("shared", 0)
    assert circuit["reason"] == "found by 2 of 3 processes: connection_refused"


async def _who_has_called_nobody_knows_how_the_provider_does(house: House) -> None:
    async def knows() -> bool:
        status = (await house.http[2].get("/api/providers/status")).json()["openai"]
        circuit = status["circuit_breaker"]
        return (status["success_rate_pct"], circuit["failures"], circuit["open_elsewhere"]) == (0.0, 0, 2)

    await within(5, knows)


async def _all_know_what_it_has_said(house: House, teller: int) -> None:
    """What one says arrives in order: where an operator's act there holds, all that was said before is known."""
    for act, more, state in (("trip", {"ttl_seconds": 600}, "open"), ("reset", {}, "closed")):
        body = {"key": _MODEL, "reason": "drill", **more}
        (await house.http[teller].post(f"/api/breakers/{act}", json=body)).raise_for_status()
        for number in range(len(house.http)):
            await within(5, lambda number=number, state=state: _is(house, number, state, _MODEL))  # type: ignore[misc]


async def _is(house: House, number: int, state: str, key: str = _PROVIDER) -> bool:
    return bool((await house.circuit(number, key))["state"] == state)


async def _incidents_are_the_same_everywhere(house: House) -> None:
    async def at(number: int) -> list[str]:
        items = (await house.http[number].get("/api/incidents")).json()["items"]
        return [item["incident_id"] for item in items]

    async def agree() -> bool:
        first, *others = [await at(number) for number in range(len(house.http))]
        return bool(first) and all(other == first for other in others)

    await within(5, agree)


async def test_without_redis_kill_switches_and_incidents_are_found_in_the_database(build: Build) -> None:
    house = await build(2, None)
    house.servers.append(house.servers[1])
    house.http.append(house.http[1])
    await _kill_switches_hold_everywhere(house, seconds=5)
    await _incidents_are_the_same_everywhere(house)
