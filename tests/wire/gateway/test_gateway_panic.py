"""Requests that find the circuits of all targets open."""

import asyncio

import pytest

from sentinel.resilience.breaker_view import BreakerState
from sentinel.resilience.planner import Panic
from simulator.server import Simulator
from tests.support.gateway import FALLBACK, PRIMARY, Gateway, over, running_gateway
from tests.support.openai_wire import ask, client_of, hear


def open_all(gateway: Gateway) -> None:
    """Let the circuits of both providers open by themselves."""
    for target in (PRIMARY, FALLBACK):
        for _ in range(5):
            gateway.protection.board.acquire(target.breaker_keys[:1]).failure("server_error")


async def test_by_default_the_caller_is_told_when_the_first_circuit_may_be_tried(simulator: Simulator) -> None:
    async with running_gateway(over(simulator)) as gateway, client_of(gateway.base_url) as caller:
        open_all(gateway)
        answer = await ask(caller)
    assert answer.status_code == 503
    assert 29 <= int(answer.headers["retry-after"]) <= 36
    assert not simulator.requests.find()


@pytest.mark.parametrize("is_stream", [True, False])
async def test_with_probe_one_call_goes_through_and_its_receipt_says_so(simulator: Simulator, is_stream: bool) -> None:
    async with (
        running_gateway(over(simulator, panic=Panic.PROBE)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        open_all(gateway)
        assert (await (hear if is_stream else ask)(caller)).headers["x-sentinel-provider"] == "primary"
        (record,) = await gateway.recorded()
        assert gateway.protection.board.get("provider:primary").state is BreakerState.HALF_OPEN
        assert (await ask(caller)).headers["x-sentinel-provider"] == "primary"
        assert gateway.protection.board.get("provider:primary").state is BreakerState.CLOSED
    called = [attempt for attempt in record.attempts if not attempt.skipped]
    assert [(attempt.target, attempt.breaker_state) for attempt in called] == [(PRIMARY, "open")]


async def test_of_many_requests_at_once_one_goes_to_each_provider(simulator: Simulator) -> None:
    simulator.openai.arm("no_response")
    simulator.ollama.arm("no_response")
    async with (
        running_gateway(over(simulator, panic=Panic.PROBE)) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        open_all(gateway)
        first, second = (asyncio.create_task(ask(caller)) for _ in range(2))
        while len(simulator.requests.find(outcome="in_progress")) < 2:
            await asyncio.sleep(0.01)
        refused = await asyncio.gather(*(ask(caller) for _ in range(10)))
        assert {answer.status_code for answer in refused} == {503}
        assert {len(simulator.requests.find(wire=wire)) for wire in ("openai", "ollama")} == {1}
        for task in (first, second):
            task.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        await gateway.recorded(12)
        assert all(gateway.protection.panics.is_free(target.provider) for target in (PRIMARY, FALLBACK))
