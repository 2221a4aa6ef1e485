"""Callers who leave, who are slow, and who come in numbers: the provider is let go at once, and is never blamed."""

import asyncio
import socket
import tracemalloc
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from sentinel.domain.requests import RequestOutcome, RequestRecord
from sentinel.domain.routes import Deadlines
from sentinel.errors import Outcome
from simulator.server import Simulator
from tests.support.bounded import bounded
from tests.support.canned import Canned, CannedProvider, chunk, frames, usage
from tests.support.deaf_port import a_deaf_port
from tests.support.gateway import PRIMARY, Gateway, Plan, over, route, running_gateway
from tests.support.openai_wire import HELLO, ask, client_of, hear


async def seen_closed(simulator: Simulator) -> None:
    """Wait until the primary has seen its caller go; raises TimeoutError."""
    await simulator.requests.wait_for(1, wire="openai", outcome="client_closed")


def blames_nobody(gateway: Gateway) -> bool:
    return gateway.failures(PRIMARY) == 0 and all(a.outcome is not Outcome.FAILURE for a in gateway.attempts)


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_caller_who_leaves_before_the_first_token_takes_the_upstream_request_with_it(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator, is_stream: bool
) -> None:
    simulator.openai.arm("no_response")
    asking = asyncio.create_task((hear if is_stream else ask)(caller))
    await simulator.requests.wait_for(1, wire="openai", outcome="in_progress")
    left_at = asyncio.get_running_loop().time()
    asking.cancel()
    await seen_closed(simulator)
    assert asyncio.get_running_loop().time() - left_at < 1.0
    (record,) = await gateway.recorded()
    assert (record.outcome, record.status_code) == (RequestOutcome.CANCELLED, None)
    assert [(a.outcome, a.cause) for a in record.attempts] == [(Outcome.NEUTRAL, "cancelled")]
    assert blames_nobody(gateway)


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_caller_who_leaves_while_the_provider_is_still_dialled_ends_the_dialling(is_stream: bool) -> None:
    with a_deaf_port() as port:
        plan = Plan(wires={"primary": f"http://127.0.0.1:{port}/v1"}, routes=route(PRIMARY))
        async with running_gateway(plan) as gateway, client_of(gateway.base_url) as caller:
            asking = asyncio.create_task((hear if is_stream else ask)(caller))
            while not gateway.protection.bulkheads.in_flight(PRIMARY):
                await asyncio.sleep(0.01)
            await leaves(asking, gateway)
            assert gateway.protection.bulkheads.in_flight(PRIMARY) == 0
            assert blames_nobody(gateway)


@pytest.mark.parametrize("is_stream", [True, False])
async def test_a_caller_who_leaves_during_a_pause_before_a_retry_ends_the_pause(
    simulator: Simulator, is_stream: bool
) -> None:
    simulator.openai.arm("status", variant="rate_limit", retry_after="1.9")
    async with (
        running_gateway(over(simulator, routes=route(PRIMARY))) as gateway,
        client_of(gateway.base_url) as caller,
    ):
        asking = asyncio.create_task((hear if is_stream else ask)(caller))
        while not gateway.attempts:
            await asyncio.sleep(0.01)
        (record,) = await leaves(asking, gateway)
    assert [(a.outcome, a.cause) for a in record.attempts] == [(Outcome.THROTTLE, "rate_limit")]
    assert len(simulator.requests.find()) == 1


async def leaves(asking: asyncio.Task[Any], gateway: Gateway) -> list[RequestRecord]:
    """Leave, and see that the request is over, as a cancelled one, within a second."""
    assert not gateway.records
    left_at = asyncio.get_running_loop().time()
    asking.cancel()
    records = await gateway.recorded()
    assert asyncio.get_running_loop().time() - left_at < 1.0
    assert [(record.outcome, record.status_code) for record in records] == [(RequestOutcome.CANCELLED, None)]
    return records


async def test_a_caller_who_leaves_in_mid_answer_takes_the_upstream_request_with_it(
    gateway: Gateway, caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    simulator.openai.arm("stall", after=3)
    body = {"model": "default", "messages": HELLO, "stream": True}
    async with caller.stream("POST", "/chat/completions", json=body) as response:
        await anext(response.aiter_raw())
        left_at = asyncio.get_running_loop().time()
    await seen_closed(simulator)
    assert asyncio.get_running_loop().time() - left_at < 1.0
    (record,) = await gateway.recorded()
    assert (record.outcome, record.status_code) == (RequestOutcome.CANCELLED, 200)
    assert [(a.outcome, a.cause) for a in record.attempts] == [(Outcome.NEUTRAL, "cancelled")]
    assert record.usage.estimated
    assert blames_nobody(gateway)


async def test_a_caller_who_leaves_in_the_middle_of_its_own_request_costs_nothing(
    gateway: Gateway, simulator: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    port = int(gateway.url.rpartition(":")[2])
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    head = "POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 1000\r\n\r\n"
    writer.write(head.encode() + b'{"model"')
    await writer.drain()
    writer.transport.abort()
    async with client_of(gateway.base_url) as other:
        assert (await ask(other)).status_code == httpx.codes.OK
    assert len(simulator.requests.find()) == 1
    assert "Exception" not in caplog.text


async def test_a_request_that_our_own_end_cuts_off_is_kept_as_cancelled(gateway: Gateway, simulator: Simulator) -> None:
    """As the server does with what is still under way when its time to stop is over."""
    simulator.openai.arm("stall", after=3)
    body = orjson.dumps({"model": "default", "messages": HELLO, "stream": True})
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return messages.pop() if messages else await asyncio.Future()

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    headers = [(b"host", b"127.0.0.1")]
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers, "query_string": b""}
    serving = asyncio.ensure_future(gateway.asgi(scope, receive, send))
    await simulator.requests.wait_for(1, outcome="in_progress")
    serving.cancel()
    await asyncio.wait({serving})
    (record,) = await gateway.recorded()
    assert record.outcome is RequestOutcome.CANCELLED
    assert [(a.outcome, a.cause) for a in record.attempts] == [(Outcome.NEUTRAL, "cancelled")]
    await seen_closed(simulator)


async def test_many_callers_at_once_get_each_their_own_answer(caller: httpx.AsyncClient) -> None:
    questions = [f"Write {words} words" for words in range(60, 90)]
    answers = await asyncio.gather(*(hear(caller, messages=[{"role": "user", "content": q}]) for q in questions))
    assert all(answer.is_whole() for answer in answers)
    assert len({answer.text for answer in answers}) == len(questions)
    assert len({answer.chunks[0]["id"] for answer in answers}) == len(questions)


async def test_one_who_leaves_does_not_disturb_another(caller: httpx.AsyncClient, simulator: Simulator) -> None:
    simulator.openai.arm("no_response", times=1)
    leaving = asyncio.create_task(hear(caller))
    await simulator.requests.wait_for(1, outcome="in_progress")
    staying = asyncio.create_task(hear(caller))
    leaving.cancel()
    assert (await staying).is_whole()


LONG = frames(*[chunk({"role": "assistant", "content": "x" * 10_000})] * 3_000, chunk(finish="stop"), usage(), "[DONE]")
"""Thirty megabytes, more than all buffers between the two ends hold."""


@asynccontextmanager
async def slow_reader(gateway: Gateway) -> AsyncIterator[asyncio.StreamReader]:
    """A caller that has asked, and reads nothing until it is told to."""
    raw = socket.socket()
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
    raw.connect(("127.0.0.1", int(gateway.url.rpartition(":")[2])))
    reader, writer = await asyncio.open_connection(sock=raw, limit=16_384)
    body = orjson.dumps({"model": "default", "messages": HELLO, "stream": True})
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {len(body)}\r\n\r\n"
    writer.write(head.encode() + body)
    try:
        yield reader
    finally:
        writer.transport.abort()


@asynccontextmanager
async def before(answer: Canned, **limits: float) -> AsyncIterator[Gateway]:
    provider = CannedProvider(answer)
    deadlines = Deadlines(**limits)
    async with (
        provider.running() as primary,
        running_gateway(Plan(wires={"primary": primary}, routes=route(PRIMARY, deadlines=deadlines))) as gateway,
    ):
        yield gateway


async def test_a_slow_reader_is_waited_for_without_blaming_the_provider_and_without_filling_the_memory() -> None:
    async with before(LONG, stall_seconds=0.2) as gateway, slow_reader(gateway) as reader:
        await reader.readuntil(b"\r\n\r\n")
        tracemalloc.start()
        try:
            await bounded(_stalls(gateway), 10)
            kept, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert kept < 15_000_000
        assert gateway.attempts == []
        while await reader.read(1_000_000):
            if gateway.records:
                break
        (record,) = await gateway.recorded()
    assert record.outcome is RequestOutcome.COMPLETED
    assert blames_nobody(gateway)


async def _stalls(gateway: Gateway) -> None:
    """Wait longer than the stall limit, in which nobody reads."""
    loop = asyncio.get_running_loop()
    end = loop.time() + 0.6
    while loop.time() < end:
        await asyncio.sleep(0.02)
    assert gateway.records == []


async def test_a_reader_who_takes_nothing_for_too_long_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sentinel.gateway.outgoing.SEND_SECONDS", 0.2)
    async with before(LONG) as gateway, slow_reader(gateway):
        (record,) = await gateway.recorded()
    assert record.outcome is RequestOutcome.CANCELLED
    assert [(a.outcome, a.cause) for a in record.attempts] == [(Outcome.NEUTRAL, "cancelled")]
    assert blames_nobody(gateway)


async def test_the_connection_of_a_stream_that_ended_well_is_used_again(
    caller: httpx.AsyncClient, simulator: Simulator
) -> None:
    for _ in range(3):
        assert (await hear(caller)).is_whole()
        await ask(caller)
    assert len(simulator.openai._connections) == 1
