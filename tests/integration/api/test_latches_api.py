"""Credentials and throttles as an operator sees them: one server with a provider that refuses."""

from collections.abc import AsyncIterator

import httpx
import pytest

from simulator.faulting.effects import Pace
from simulator.server import Simulator, SimulatorOptions
from tests.support.server import Serve, Server

CONFIG = """
providers:
  good: {{kind: ollama, base_url: "{ollama}"}}
  picky: {{kind: openai, base_url: "{openai}", api_key: wrong}}
routes:
  default: {{targets: [picky/sim-large, good/sim-small]}}
"""


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    async with Simulator(SimulatorOptions(pace=Pace(words_per_second=0))).running() as running:
        yield running


@pytest.fixture
async def server(serve: Serve, simulator: Simulator) -> Server:
    config = CONFIG.format(openai=simulator.openai_base_url, ollama=simulator.ollama_base_url)
    return await serve(config=config)


async def answer(http: httpx.AsyncClient) -> dict[str, object]:
    response = await http.post("/api/chat", json={"messages": [{"role": "user", "content": "Hello"}]})
    body: dict[str, object] = response.json()
    return body


async def test_a_refused_credential_is_not_used_again_until_somebody_mends_it(
    server: Server, simulator: Simulator
) -> None:
    simulator.openai.arm("status", variant="invalid_api_key", times=1)
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http:
        assert [(await answer(http))["provider_used"] for _ in range(3)] == ["good"] * 3
        assert len(simulator.requests.find(wire="openai")) == 1
        status = (await http.get("/api/providers/status")).json()["picky"]
        assert status["status"] == "auth_error"
        assert status["cooldown_until"] is not None
        await http.post("/api/breakers/reset", json={"key": "provider:picky", "reason": "new key"})
        assert (await answer(http))["provider_used"] == "picky"


async def test_a_throttled_target_rests_for_as_long_as_it_asked(server: Server, simulator: Simulator) -> None:
    simulator.openai.arm("status", code=429, retry_after="60", times=1)
    async with httpx.AsyncClient(base_url=server.url, timeout=20, verify=False) as http:
        assert [(await answer(http))["provider_used"] for _ in range(2)] == ["good"] * 2
        assert len(simulator.requests.find(wire="openai")) == 1
        plan = (await http.get("/api/routes/default/explain")).json()
        assert plan["targets"][0]["cause"] == "cooldown"
        assert 50 < plan["targets"][0]["retry_after_seconds"] <= 60
        status = (await http.get("/api/providers/status")).json()["picky"]
        assert status["circuit_breaker"]["failures"] == 0
