"""The proxy in front of replicas: turns, health, and what may be sent again."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from scripts.cluster.proxy import Proxy
from tests.support.bounded import bounded
from tests.support.processes import free_port


class _Backend:
    """A server that counts what comes, and answers with its name; `leaves`: it hangs up instead."""

    def __init__(self, name: str, *, is_ready: bool = True, leaves: bool = False) -> None:
        self.name = name
        self.is_ready = is_ready
        self.leaves = leaves
        self.heads: list[bytes] = []
        self.port = 0
        self.caller_left = asyncio.Event()
        self.streams = False

    async def answer(self, reader: StreamReader, writer: StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"GET /health/ready "):
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n" if self.is_ready else b"HTTP/1.1 503 No\r\n\r\n")
        else:
            self.heads.append(head)
            if not self.leaves:
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + self.name.encode())
            if self.streams:
                await reader.read()
                self.caller_left.set()
        writer.close()


@asynccontextmanager
async def _proxy(*backends: _Backend) -> AsyncIterator[tuple[Proxy, int]]:
    """A proxy over these backends."""
    async with AsyncExitStack() as stack:
        for backend in backends:
            server = await stack.enter_async_context(await asyncio.start_server(backend.answer, "127.0.0.1", 0))
            backend.port = server.sockets[0].getsockname()[1]
        proxy, port = Proxy([backend.port for backend in backends]), free_port()
        await stack.enter_async_context(await proxy.serve(port))
        yield proxy, port


async def _ask(port: int) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
    answer = await bounded(reader.read(), 5)
    writer.close()
    return answer


async def _check(proxy: Proxy) -> None:
    await asyncio.gather(*(replica.check() for replica in proxy.replicas))


async def test_replicas_take_turns() -> None:
    one, two = _Backend("one"), _Backend("two")
    async with _proxy(one, two) as (_, port):
        answers = [await _ask(port) for _ in range(4)]
    assert [answer[-3:] for answer in answers] == [b"one", b"two", b"one", b"two"]


async def test_a_replica_that_is_not_ready_is_passed_over_until_it_is() -> None:
    one, two = _Backend("one", is_ready=False), _Backend("two")
    async with _proxy(one, two) as (proxy, port):
        await _check(proxy)
        while_away = [await _ask(port) for _ in range(2)]
        one.is_ready = True
        await _check(proxy)
        back = [await _ask(port) for _ in range(2)]
    assert [answer[-3:] for answer in while_away] == [b"two", b"two"]
    assert {answer[-3:] for answer in back} == {b"one", b"two"}


async def test_a_replica_that_cannot_be_reached_costs_its_callers_nothing() -> None:
    gone, two = _Backend("gone"), _Backend("two")
    async with _proxy(gone, two) as (proxy, port):
        proxy.replicas[0].port = free_port()
        assert [(await _ask(port))[-3:] for _ in range(2)] == [b"two", b"two"]
        assert not proxy.replicas[0].is_ready


async def test_what_was_sent_is_not_sent_to_another_replica() -> None:
    leaving, two = _Backend("leaving", leaves=True), _Backend("two")
    async with _proxy(leaving, two) as (_, port):
        assert await _ask(port) == b""
    assert (len(leaving.heads), two.heads) == (1, [])


async def test_where_no_replica_is_left_callers_are_told_to_come_back() -> None:
    async with _proxy(_Backend("gone")) as (proxy, port):
        proxy.replicas[0].port = free_port()
        answer = await _ask(port)
    assert answer.startswith(b"HTTP/1.1 503")
    assert b"Retry-After: 1" in answer
    head, _, body = answer.partition(b"\r\n\r\n")
    assert f"Content-Length: {len(body)}".encode() in head


async def test_a_replica_learns_at_once_of_a_caller_that_went_away() -> None:
    backend = _Backend("one")
    backend.streams = True
    async with _proxy(backend) as (_, port):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        await reader.readuntil(b"one")
        writer.close()
        await bounded(backend.caller_left.wait(), 5)
