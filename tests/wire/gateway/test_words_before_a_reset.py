"""Words that arrive right before the connection fails are words that arrived."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import aiohttp
import pytest

from sentinel.gateway.http_upstream import HttpUpstream, upstream_sessions
from tests.support.canned import Canned, chunk, frames

WORDS = [f"word{index} " for index in range(20)]
BODY = b"".join(frames(*(chunk({"content": word}) for word in WORDS)).body)


def reset(writer: asyncio.StreamWriter) -> None:
    """End the connection as a crashed server does, behind what was sent."""
    linger = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
    writer.transport.abort()


def fin(writer: asyncio.StreamWriter) -> None:
    """End the connection in order, within a body of a promised length."""
    writer.close()


class Breaking:
    """A server that sends an incomplete body, and breaks off when it is told that all of it has arrived."""

    def __init__(self, ends: Callable[[asyncio.StreamWriter], None]) -> None:
        self._ends = ends
        self.has_arrived = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0]))
        promised = b"content-length: %d\r\nconnection: close" % (len(BODY) + 1_000)
        writer.write(Canned([]).head.replace(b"connection: close", promised) + BODY)
        await writer.drain()
        await self.has_arrived.wait()
        self._ends(writer)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[HttpUpstream]:
        server = await asyncio.start_server(self.serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server, upstream_sessions() as sessions:
            yield HttpUpstream(sessions=sessions, base_url=f"http://127.0.0.1:{port}/v1")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0)


async def all_of(parts: AsyncIterator[bytes]) -> bytes:
    """Read until the end or an error, and give what came before it; raises AssertionError where there is no error."""
    came = b""
    try:
        async for part in parts:
            came += part
    except aiohttp.ClientError:
        with pytest.raises(aiohttp.ClientError):  # and it stays failed
            await anext(parts)
        return came
    message = "the body was incomplete, and nobody said so"
    raise AssertionError(message)


@pytest.mark.parametrize("ends", [reset, fin])
async def test_what_had_arrived_before_the_connection_failed_is_read(
    ends: Callable[[asyncio.StreamWriter], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    contents: list[aiohttp.StreamReader] = []
    whole = aiohttp.ClientResponse.start

    async def start(self: aiohttp.ClientResponse, connection: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        response = await whole(self, connection)
        contents.append(response.content)
        return response

    monkeypatch.setattr(aiohttp.ClientResponse, "start", start)
    provider = Breaking(ends)
    async with (
        provider.running() as upstream,
        upstream.post("/chat/completions", {}, connect_seconds=5) as response,
    ):
        await until(lambda: contents[0].total_bytes == len(BODY))
        provider.has_arrived.set()
        await until(contents[0].exception)
        assert await all_of(response.content.iter_any()) == BODY


@pytest.mark.parametrize("ends", [reset, fin])
async def test_a_failure_behind_words_that_were_read_is_told_at_once(
    ends: Callable[[asyncio.StreamWriter], None],
) -> None:
    provider = Breaking(ends)
    async with (
        provider.running() as upstream,
        upstream.post("/chat/completions", {}, connect_seconds=5) as response,
    ):
        parts = response.content.iter_any()
        came = b""
        while len(came) < len(BODY):
            came += await anext(parts)
        provider.has_arrived.set()
        assert await all_of(parts) == b""
        assert came == BODY
