"""HTTP/1.1 as raw bytes: framing, keep-alive, limits, and what a broken request gets."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from simulator.server import Simulator
from simulator.transport.http_messages import BadRequestError, RequestParser
from tests.support.bounded import bounded

CHAT = b'{"model":"sim-large","messages":[{"role":"user","content":"Hello"}],"max_tokens":2}'


@dataclass
class Peer:
    """A bare TCP client."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.writer.write(data)
        await self.writer.drain()

    async def receive(self) -> tuple[int, dict[str, str], bytes]:
        """Return status, headers and body of a response with a length."""
        head = await bounded(self.reader.readuntil(b"\r\n\r\n"), 5)
        status_line, *lines = head.decode().strip().split("\r\n")
        headers = dict(line.lower().split(": ", 1) for line in lines)
        body = await bounded(self.reader.readexactly(int(headers.get("content-length", "0"))), 5)
        return int(status_line.split()[1]), headers, body

    async def receive_all(self) -> bytes:
        """Return everything until the other side closes."""
        return await bounded(self.reader.read(), 5)


@pytest.fixture
async def peer(simulator: Simulator) -> AsyncIterator[Peer]:
    """A bare connection to the OpenAI port."""
    async with connected(simulator) as client:
        yield client


@asynccontextmanager
async def connected(simulator: Simulator) -> AsyncIterator[Peer]:
    """Open a bare connection."""
    host, port = simulator.openai.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        yield Peer(reader, writer)
    finally:
        writer.close()


def post(body: bytes, *headers: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    """Return a chat request."""
    lines = [b"POST /v1/chat/completions " + version, b"host: x", b"content-length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


async def test_one_connection_carries_many_requests(peer: Peer) -> None:
    for _ in range(3):
        await peer.send(post(CHAT))
        status, headers, body = await peer.receive()
        assert (status, headers["content-type"]) == (200, "application/json")
        assert b'"finish_reason":"length"' in body


async def test_pipelined_requests_are_answered_in_order(peer: Peer) -> None:
    await peer.send(b"GET /v1/models HTTP/1.1\r\nhost: x\r\n\r\n" + post(CHAT) + b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n")

    assert b"sim-small" in (await peer.receive())[2]
    assert b"chat.completion" in (await peer.receive())[2]
    assert (await peer.receive())[0] == 404


async def test_chunked_body_is_read_whatever_the_slices(peer: Peer) -> None:
    head = b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"
    body = b"5;note=1\r\n" + CHAT[:5] + b"\r\n%x\r\n" % len(CHAT[5:]) + CHAT[5:] + b"\r\n0\r\ntrailer: 1\r\n\r\n"
    for byte in head + body:
        await peer.send(bytes([byte]))

    assert (await peer.receive())[0] == 200


async def test_connection_closes_when_the_caller_wants_it(peer: Peer) -> None:
    await peer.send(post(CHAT, b"connection: close"))
    response = await peer.receive_all()

    assert b"connection: close" in response
    assert b'"finish_reason"' in response


async def test_http_1_0_stream_has_no_chunks_and_ends_with_the_connection(peer: Peer) -> None:
    await peer.send(post(CHAT[:-1] + b',"stream":true}', version=b"HTTP/1.0"))
    head, _, body = (await peer.receive_all()).partition(b"\r\n\r\n")

    assert b"transfer-encoding" not in head
    assert body.startswith(b"data: {")
    assert body.endswith(b"data: [DONE]\n\n")


async def test_head_request_has_no_body(simulator: Simulator) -> None:
    host, port = simulator.ollama.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HEAD / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
    response = await bounded(reader.read(), 5)
    writer.close()

    assert response.startswith(b"HTTP/1.1 200 OK\r\n")
    assert response.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"nonsense\r\n\r\n", b"400"),
        (b"GET / HTTP/2.0\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", b"400"),
        (b"GET / HTTP/1.1\r\nhost : x\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\ncontent-length: many\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\ncontent-length: 99999999999\r\n\r\n", b"413"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: gzip\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 3\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", b"400"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + b"1" * 2000, b"400"),
        (b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nfffffffff\r\n", b"413"),
        (b"GET /" + b"x" * 40_000, b"431"),
    ],
)
async def test_broken_request_gets_one_answer_and_the_connection_closes(
    peer: Peer, request_bytes: bytes, status: bytes
) -> None:
    await peer.send(request_bytes)
    response = await peer.receive_all()

    assert response.startswith(b"HTTP/1.1 " + status)
    assert response.count(b"HTTP/1.1") == 1


async def test_server_goes_on_after_broken_requests(simulator: Simulator, peer: Peer) -> None:
    await peer.send(b"nonsense\r\n\r\n")
    await peer.receive_all()
    async with connected(simulator) as other:
        await other.send(post(CHAT))
        assert (await other.receive())[0] == 200


async def test_slow_reader_slows_the_stream_instead_of_filling_memory(simulator: Simulator, peer: Peer) -> None:
    question = b'{"model":"sim-large","stream":true,"messages":[{"role":"user","content":"write 100000 words"}]}'
    peer.writer.transport.pause_reading()  # type: ignore[attr-defined]  # of this side: nothing is read any more
    await peer.send(post(question))
    (record,) = await simulator.requests.wait_for()
    async with connected(simulator) as other:
        sent_before, unchanged = -1, 0
        while unchanged < 50:  # requests of another caller, answered while the stream has not moved
            await other.send(post(CHAT))
            await other.receive()
            unchanged = unchanged + 1 if record.words_sent == sent_before else 0
            sent_before = record.words_sent

    assert 0 < record.words_sent < 100_000
    assert record.outcome == "in_progress"


def test_parser_forgets_nothing_between_requests_and_keeps_nothing_of_the_last() -> None:
    parser = RequestParser(max_head_bytes=200, max_body_bytes=10)
    parser.feed(b"POST /a%20b?x=1&y=2 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n\r\n")
    first, second = parser.next_request(), parser.next_request()

    assert first is not None
    assert second is not None
    assert (first.path, first.query, first.body) == ("/a b", {"x": "1", "y": "2"}, b"abc")
    assert (second.method, second.body, parser.next_request()) == ("GET", b"", None)


def test_parser_refuses_more_than_a_request_may_have() -> None:
    parser = RequestParser(max_head_bytes=200, max_body_bytes=10)
    with pytest.raises(BadRequestError):
        parser.feed(b"x" * 211)
