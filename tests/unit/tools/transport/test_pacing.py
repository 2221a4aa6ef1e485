"""A server cannot have its streams opened as often as it likes."""

import asyncio

import httpx2

from sentinel.testing.clock import FakeClock
from sentinel.tools.transport.pacing import PacedTransport

URL = "http://127.0.0.1/mcp"


class Counting(httpx2.AsyncBaseTransport):
    """Answers everything, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(request.method)
        return httpx2.Response(200)


async def ask_for_ever(transport: PacedTransport) -> None:
    while True:
        await transport.handle_async_request(httpx2.Request("GET", URL))
        await asyncio.sleep(0)


async def test_a_stream_that_always_ends_at_once_is_opened_once_a_second() -> None:
    clock, inner = FakeClock(), Counting()
    task = asyncio.create_task(ask_for_ever(PacedTransport(inner, clock=clock)))
    await clock.elapse(30.0)
    task.cancel()
    assert 30 <= len(inner.asked) <= 35


async def test_calls_are_not_paced() -> None:
    clock, inner = FakeClock(), Counting()
    transport = PacedTransport(inner, clock=clock)
    for _ in range(50):
        await transport.handle_async_request(httpx2.Request("POST", URL))
    assert (len(inner.asked), clock.sleepers) == (50, 0)


async def test_who_has_left_the_queue_keeps_nobody_waiting() -> None:
    clock, inner = FakeClock(), Counting()
    transport = PacedTransport(inner, clock=clock)
    left = [asyncio.create_task(transport.handle_async_request(httpx2.Request("GET", URL))) for _ in range(100)]
    await clock.elapse(0.0)
    for task in left:
        task.cancel()
    one = asyncio.create_task(transport.handle_async_request(httpx2.Request("GET", URL)))
    await clock.elapse(10.0)
    assert one.done()
