"""Hedging as an operator turns it on: the real server learns its targets' pace from streams, and then hedges."""

import asyncio
from typing import Any

import httpx

from simulator.faulting.effects import Pace
from simulator.server import Simulator, SimulatorOptions
from tests.support.openai_wire import ask, client_of, hear
from tests.support.server import Serve

ENOUGH_TO_KNOW = 20


def hedging(simulator: Simulator) -> str:
    return f"""
providers:
  first: {{kind: openai, base_url: "{simulator.openai_base_url}"}}
  second: {{kind: ollama, base_url: "{simulator.ollama_base_url}"}}
routes:
  default:
    targets: [first/sim-large, second/sim-small]
    hedge: {{enabled: true, min_seconds: 0.3, share: 1}}
"""


async def outlook(api: httpx.AsyncClient) -> dict[str, Any]:
    """What the server says of the route's hedge."""
    plan: dict[str, Any] = (await api.get("/api/routes/default/explain")).json()
    return plan["hedge"]  # type: ignore[no-any-return]


async def test_a_server_hedges_what_it_knows_to_be_slow(serve: Serve) -> None:
    async with Simulator(SimulatorOptions(pace=Pace(words_per_second=0), seed=7)).running() as simulator:
        server = await serve({}, config=hedging(simulator))
        async with client_of(f"{server.url}/v1") as client, client_of(server.url) as api:
            assert (await outlook(api))["why_not"] == "share_spent"
            for _ in range(ENOUGH_TO_KNOW):
                assert (await ask(client)).is_success
            assert (await hear(client)).is_whole()
            assert (await outlook(api))["why_not"] == "pace_unknown", "whole answers tell nothing"
            for _ in range(ENOUGH_TO_KNOW):
                assert (await hear(client)).is_whole()
            told = await outlook(api)
            assert (told["target"], told["after_seconds"], told["why_not"]) == ("second/sim-small", 0.3, None)
            simulator.openai.arm("no_response")
            await _streams(client, simulator)
            await _runs(api, simulator)


async def _streams(client: httpx.AsyncClient, simulator: Simulator) -> None:
    heard = await hear(client)
    assert heard.is_whole()
    assert (heard.headers["x-sentinel-provider"], heard.headers["x-sentinel-attempts"]) == ("second", "2")
    await simulator.requests.wait_for(1, wire="openai", outcome="client_closed", seconds=1.0)


async def _runs(api: httpx.AsyncClient, simulator: Simulator) -> None:
    answer = (await api.post("/api/chat", json={"messages": [{"role": "user", "content": "Hello"}]})).json()
    await simulator.requests.wait_for(2, wire="openai", outcome="client_closed", seconds=1.0)
    run = (await api.get(f"/api/runs/{answer['run_id']}")).json()
    assert (answer["provider_used"], run["failover_occurred"]) == ("second", False)
    assert [(row["attempt"], row["cause"], row["hedge"]) for row in run["attempts"]] == [
        (1, "hedge_lost", False),
        (2, None, True),
    ]
    async with asyncio.timeout(5):
        while not (kept := (await api.get("/api/requests", params={"limit": 1})).json()["items"]):
            await asyncio.sleep(0.05)
    assert [row["hedge"] for row in kept[0]["attempts"]] == [False, True]
