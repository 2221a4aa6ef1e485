"""Incidents over HTTP: what failed, what an operator did and what was recovered can be read, also after a restart."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from simulator.faulting.effects import Pace
from simulator.server import Simulator, SimulatorOptions
from tests.support.server import Serve, Server

CONFIG = """
providers:
  good: {{kind: ollama, base_url: "{ollama}"}}
  bad: {{kind: openai, base_url: "{openai}", api_key: some-key}}
routes:
  default: {{targets: [bad/sim-large, good/sim-small]}}
breaker: {{failure_threshold: 2}}
"""
BAD = ("provider:bad", "model:bad/sim-large")


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorOptions(pace=Pace(words_per_second=0))).running() as running:
        yield running


@pytest.fixture
async def failing_server(serve: Serve, simulator: Simulator) -> Server:
    config = CONFIG.format(openai=simulator.openai_base_url, ollama=simulator.ollama_base_url)
    return await serve(config=config)


async def incidents(http: httpx.AsyncClient, **wanted: Any) -> list[dict[str, Any]]:
    """The incidents, oldest first."""
    answer = await http.get("/api/incidents", params=wanted)
    assert answer.status_code == httpx.codes.OK
    items: list[dict[str, Any]] = answer.json()["items"]
    return items[::-1]


def brief(items: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(item["type"], item["key"]) for item in items]


async def complete(http: httpx.AsyncClient) -> str:
    body = {"model": "default", "messages": [{"role": "user", "content": "Hello"}]}
    return (await http.post("/v1/chat/completions", json=body)).headers["x-sentinel-provider"]


async def test_an_outage_its_failovers_and_its_end_are_told_and_outlive_the_process(
    failing_server: Server, simulator: Simulator
) -> None:
    simulator.openai.arm("status", code=500)
    async with httpx.AsyncClient(base_url=failing_server.url, timeout=20, verify=False) as http:
        assert [await complete(http) for _ in range(5)] == ["good"] * 5
        chat = await http.post("/api/chat", json={"messages": [{"role": "user", "content": "Hello"}]})
        assert {item["key"] for item in await incidents(http, type="breaker_opened")} == set(BAD)
        assert brief(await incidents(http, type="outage")) == [("outage", "provider:bad")]
        simulator.openai.plan.armed.clear()
        await http.post("/api/breakers/reset", json={"key": "provider:bad", "reason": "mended"})
        closed = await incidents(http, type="breaker_closed")
        assert [(item["key"], item["actor"], item["reason"]) for item in closed] == [
            (key, "operator", "mended") for key in BAD
        ]
        assert brief(await incidents(http, type="recovery")) == [("recovery", "provider:bad")]
        assert await complete(http) == "bad"
        before = await incidents(http)
        failovers = await incidents(http, type="failover_triggered")
    assert {item["data"]["cause"]: item["count"] for item in failovers} == {"server_error": 2, "circuit_open": 4}
    assert chat.json()["failover_occurred"]
    failing_server.stop()
    await failing_server.restart()
    async with httpx.AsyncClient(base_url=failing_server.url, timeout=20, verify=False) as http:
        assert await incidents(http) == before


async def test_a_refused_key_is_an_incident_without_the_key(failing_server: Server, simulator: Simulator) -> None:
    simulator.openai.arm("status", variant="invalid_api_key", times=1)
    async with httpx.AsyncClient(base_url=failing_server.url, timeout=20, verify=False) as http:
        assert await complete(http) == "good"
        (refused,) = await incidents(http, type="auth_error")
        assert (refused["key"], refused["data"]["cause"]) == ("provider:bad", "auth")
        assert brief(await incidents(http, type="outage")) == [("outage", "provider:bad")]
        assert "some-key" not in (await http.get("/api/incidents")).text


async def test_an_operator_s_kill_switch_is_an_incident(http: httpx.AsyncClient) -> None:
    began = (
        await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": True, "reason": "drill"})
    ).json()
    await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": False})
    on, off = await incidents(http, type="chaos", since=began["since"])
    assert (on["key"], on["actor"], on["reason"], on["severity"]) == (
        "simulated-primary",
        "operator",
        "drill",
        "warning",
    )
    assert (off["data"]["action"], off["severity"]) == ("kill_switch_off", "info")


async def test_incidents_are_given_in_pages(http: httpx.AsyncClient) -> None:
    for active in (True, False, True, False):
        await http.put("/api/chaos/kill-switch/simulated-primary", json={"active": active})
    everything = (await http.get("/api/incidents", params={"limit": 500})).json()["items"]
    page = (await http.get("/api/incidents", params={"limit": 3})).json()
    after = (await http.get("/api/incidents", params={"limit": 1, "cursor": page["next_cursor"]})).json()
    assert [*page["items"], *after["items"]] == everything[:4]


@pytest.mark.parametrize(
    "wanted",
    [{"limit": "0"}, {"limit": "501"}, {"type": "fire"}, {"since": "yesterday"}, {"since": "2026-01-01T00:00:00"},
     {"cursor": "nonsense"}],
)  # fmt: skip
async def test_what_cannot_be_wanted_is_a_problem(http: httpx.AsyncClient, wanted: dict[str, str]) -> None:
    answer = await http.get("/api/incidents", params=wanted)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_request"
