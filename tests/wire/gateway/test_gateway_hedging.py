"""Hedged streams over real sockets: the caller hears one target, and the other one's connection is closed at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from sentinel.domain.requests import RequestOutcome
from sentinel.domain.routes import HedgePolicy
from sentinel.errors import Outcome
from simulator.server import Simulator
from tests.support.gateway import FALLBACK, PRIMARY, Gateway, over, route, running_gateway
from tests.support.openai_wire import HELLO, Heard, ask, client_of, hear

SOON = HedgePolicy(enabled=True, min_seconds=0.05, share=1.0)
TOOL = {"type": "function", "function": {"name": "look", "parameters": {"type": "object", "properties": {}}}}


@asynccontextmanager
async def hedging(simulator: Simulator, **changes: Any) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    """A gateway whose primary is known to begin in 0.05 s, and a caller."""
    plan = over(simulator, **{"routes": route(hedge=SOON), "paces": {PRIMARY: 0.05}} | changes)
    async with running_gateway(plan) as gateway, client_of(gateway.base_url) as client:
        yield gateway, client


async def reference(simulator: Simulator, model: str) -> str:
    """Give the answer that a target gives to everybody."""
    url = simulator.openai_base_url if model == PRIMARY.model else f"{simulator.ollama_base_url}/v1"
    async with client_of(url) as client:
        heard = await hear(client, model=model)
    simulator.requests.clear()
    return heard.text


def causes(gateway: Gateway) -> list[tuple[int, str, str | None, bool]]:
    (record,) = gateway.records
    return [(row.number, row.target.provider, row.cause, row.hedge) for row in record.attempts]


def is_at_rest(gateway: Gateway) -> bool:
    return all(gateway.protection.bulkheads.in_flight(target) == 0 for target in (PRIMARY, FALLBACK))


async def test_a_silent_primary_is_answered_by_the_hedge_and_let_go(simulator: Simulator) -> None:
    wanted = await reference(simulator, FALLBACK.model)
    simulator.openai.arm("no_response")
    async with hedging(simulator) as (gateway, client):
        body = {"model": "default", "messages": HELLO, "stream": True, "stream_options": {"include_usage": True}}
        async with client.stream("POST", "/chat/completions", json=body) as response:
            parts = response.aiter_raw()
            raw = await anext(parts)
            spoke_at = asyncio.get_running_loop().time()
            await simulator.requests.wait_for(1, wire="openai", outcome="client_closed")
            assert asyncio.get_running_loop().time() - spoke_at < 1.0
            raw += b"".join([part async for part in parts])
        heard = Heard(response.status_code, response.headers, raw)
        assert heard.is_whole()
        assert heard.text == wanted
        assert heard.headers["x-sentinel-provider"] == "fallback"
        assert (heard.headers["x-sentinel-attempts"], heard.headers["x-sentinel-failover"]) == ("2", "false")
        note = {"event": "hedge", "hedge": "fallback/sim-small", "served": "fallback/sim-small"}
        assert heard.comments == [note | {"cause": None, "class": "success"}]
        await gateway.recorded()
        assert causes(gateway) == [(1, "primary", "hedge_lost", False), (2, "fallback", None, True)]
        assert gateway.failures(PRIMARY) == 0
        assert is_at_rest(gateway)


async def test_the_question_that_both_have_read_is_in_the_usage(simulator: Simulator) -> None:
    simulator.openai.arm("no_response")
    async with hedging(simulator) as (gateway, client):
        heard = await hear(client)
        (record,) = await gateway.recorded()
    lost, won = record.attempts
    assert lost.usage is not None
    assert won.usage is not None
    assert (lost.usage.output_tokens, lost.usage.estimated, won.usage.estimated) == (0, True, False)
    assert heard.usages[0]["prompt_tokens"] == lost.usage.input_tokens + won.usage.input_tokens
    assert heard.usages[0]["estimated"] is True
    assert record.usage == lost.usage + won.usage


async def test_a_primary_that_speaks_before_its_hedge_lets_that_go(simulator: Simulator) -> None:
    wanted = await reference(simulator, PRIMARY.model)
    simulator.openai.arm("slow_first_token", seconds=0.5)
    simulator.ollama.arm("no_response")
    async with hedging(simulator) as (gateway, client):
        heard = await hear(client)
        await simulator.requests.wait_for(1, wire="ollama", outcome="client_closed")
        assert heard.is_whole()
        assert heard.text == wanted
        assert heard.headers["x-sentinel-provider"] == "primary"
        assert (heard.headers["x-sentinel-attempts"], heard.headers["x-sentinel-failover"]) == ("2", "false")
        assert heard.comments[0]["cause"] == "hedge_lost"
        (record,) = await gateway.recorded()
        assert causes(gateway) == [(1, "primary", None, False), (2, "fallback", "hedge_lost", True)]
        assert (record.serving, record.failover_chain) == (PRIMARY, ("primary/sim-large",))
        assert is_at_rest(gateway)


async def test_a_caller_who_leaves_takes_both_upstream_requests_with_it(simulator: Simulator) -> None:
    simulator.openai.arm("no_response")
    simulator.ollama.arm("no_response")
    async with hedging(simulator) as (gateway, client):
        asking = asyncio.create_task(hear(client))
        await simulator.requests.wait_for(2, outcome="in_progress")
        left_at = asyncio.get_running_loop().time()
        asking.cancel()
        await simulator.requests.wait_for(2, outcome="client_closed")
        assert asyncio.get_running_loop().time() - left_at < 1.0
        (record,) = await gateway.recorded()
        assert record.outcome is RequestOutcome.CANCELLED
        assert causes(gateway) == [(1, "primary", "cancelled", False), (2, "fallback", "cancelled", True)]
        assert record.failover_chain == ("primary/sim-large",)
        assert is_at_rest(gateway)


async def test_a_hedge_that_fails_is_no_failover(simulator: Simulator) -> None:
    simulator.openai.arm("slow_first_token", seconds=0.5)
    simulator.ollama.arm("status", code=500)
    async with hedging(simulator) as (gateway, client):
        heard = await hear(client)
        assert heard.is_whole()
        assert heard.headers["x-sentinel-provider"] == "primary"
        assert (heard.headers["x-sentinel-attempts"], heard.headers["x-sentinel-failover"]) == ("2", "false")
        await gateway.recorded()
        assert causes(gateway) == [(1, "primary", None, False), (2, "fallback", "server_error", True)]
        assert gateway.failures(FALLBACK) == 1


async def test_when_both_fail_the_caller_hears_of_both_and_nobody_else_is_asked(simulator: Simulator) -> None:
    simulator.openai.arm("empty")
    simulator.ollama.arm("status", code=500)
    simulator.openai.arm("slow_first_token", seconds=0.5)
    async with hedging(simulator, max_attempts=2) as (gateway, client):
        response = await ask(client, stream=True)
        assert response.status_code in {502, 503}
        tried = [(row["attempt"], row["provider"]) for row in response.json()["error"]["attempts"]]
        assert tried == [(1, "primary"), (2, "fallback")]
        assert len(simulator.requests.find()) == 2
        assert is_at_rest(gateway)


async def test_the_one_that_lost_goes_on_when_the_winner_breaks_off(simulator: Simulator) -> None:
    wanted = await reference(simulator, PRIMARY.model)
    simulator.openai.arm("slow_first_token", seconds=0.5)
    simulator.openai.arm("cut", after=10)
    simulator.ollama.arm("no_response", times=1)
    async with hedging(simulator) as (gateway, client):
        heard = await hear(client)
        await gateway.recorded()
    assert [(number, cause) for number, _, cause, _ in causes(gateway)][1:] == [(2, "hedge_lost"), (3, None)]
    assert heard.is_whole()
    assert [comment["event"] for comment in heard.comments] == ["failover", "hedge"]
    assert len(simulator.requests.find()) == 3
    assert heard.text.startswith(wanted[:20])


@pytest.mark.parametrize(
    "body",
    [{"tools": [TOOL]}, {"functions": [TOOL["function"]]}, {"stream": False}],
    ids=["tools", "functions", "not streamed"],
)
async def test_what_is_not_hedged_waits(simulator: Simulator, body: dict[str, Any]) -> None:
    simulator.openai.arm("slow_first_token", seconds=0.4)
    async with hedging(simulator) as (gateway, client):
        assert (await ask(client, **{"stream": True} | body)).status_code == httpx.codes.OK
        (record,) = await gateway.recorded()
    assert [row.target for row in record.attempts] == [PRIMARY]
    assert len(simulator.requests.find()) == 1


async def test_an_open_circuit_is_no_hedge(simulator: Simulator) -> None:
    simulator.openai.arm("slow_first_token", seconds=0.4)
    async with hedging(simulator) as (gateway, client):
        gateway.protection.board.get(FALLBACK.breaker_keys[0]).trip(actor="test")
        assert (await hear(client)).is_whole()
        (record,) = await gateway.recorded()
    assert [row.target for row in record.attempts] == [PRIMARY]
    assert record.attempts[0].outcome is Outcome.SUCCESS
