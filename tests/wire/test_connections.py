"""Connections that do not come about, or that are ours to run out of: rows 1 and 2 of the failure table."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import httpx2
import pytest

from sentinel.domain.attempts import Attempt
from sentinel.errors import Outcome
from sentinel.providers.openai import HttpClients
from sentinel.resilience.failure_table import FAILURE_TABLE
from simulator.server import Simulator
from tests.support.certificates import self_signed
from tests.support.deaf_port import a_deaf_port
from tests.support.scripted_server import ScriptedServer, answer
from tests.support.wire_paths import ALL_PATHS, OLLAMA, OPENAI, PATIENT, Asking, WirePaths, wire_paths

HURRIED = Asking(deadlines=replace(PATIENT, connect_seconds=0.2))


@pytest.fixture
async def paths() -> AsyncIterator[WirePaths]:
    async with wire_paths() as opened:
        yield opened


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port that answers nobody."""
    with a_deaf_port() as port:
        yield port


def assert_never_sent(attempt: Attempt, *causes: str) -> None:
    assert attempt.cause in causes, attempt.detail
    assert FAILURE_TABLE[attempt.cause].row == 1
    assert (attempt.outcome, attempt.status_code, attempt.final) == (Outcome.FAILURE, None, False)


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_nobody_listening_is_a_refused_connection(paths: WirePaths, simulator: Simulator, path: str) -> None:
    address = simulator.openai.url
    simulator.openai.refuse_connections(None)
    assert_never_sent(await paths.attempt(path, address), "connection_refused")


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_a_port_that_does_not_answer_is_a_connect_timeout(paths: WirePaths, deaf_port: int, path: str) -> None:
    attempt = await paths.attempt(path, f"http://127.0.0.1:{deaf_port}", HURRIED)
    assert_never_sent(attempt, "connect_timeout")


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_a_certificate_that_cannot_be_trusted_is_a_tls_failure_that_is_not_repeated(
    paths: WirePaths, tmp_path: Path, path: str
) -> None:
    server = ScriptedServer(answer(200), tls=self_signed(tmp_path))
    async with server.running():
        attempt = await paths.attempt(path, f"https://127.0.0.1:{server.port}")
    assert_never_sent(attempt, "tls_failure")
    assert "certificate" in (attempt.detail or "").lower()
    assert not attempt.may_repeat
    assert server.requests == 0


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_a_port_that_speaks_no_tls_is_a_tls_failure(paths: WirePaths, path: str) -> None:
    async with plain_server() as port:
        attempt = await paths.attempt(path, f"https://127.0.0.1:{port}")
    assert_never_sent(attempt, "tls_failure")
    assert attempt.may_repeat


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_a_tls_handshake_that_nobody_answers_is_a_connect_timeout(paths: WirePaths, path: str) -> None:
    async with silent_server() as port:
        attempt = await paths.attempt(path, f"https://127.0.0.1:{port}", HURRIED)
    assert_never_sent(attempt, "connect_timeout")


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_a_name_that_does_not_exist_is_a_dns_failure(
    paths: WirePaths, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    async def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    attempt = await paths.attempt(path, "http://provider.invalid")
    assert_never_sent(attempt, "dns_failure")


@pytest.mark.parametrize("path", ALL_PATHS)
async def test_the_systems_own_search_for_a_name_is_bounded(paths: WirePaths, path: str) -> None:
    """A resolver that nobody reaches takes ten seconds and more to say so."""
    async with asyncio.timeout(5):
        attempt = await paths.attempt(path, "http://provider.invalid", HURRIED)
    assert_never_sent(attempt, "dns_failure", "connect_timeout")


@pytest.mark.parametrize("path", ALL_PATHS)
@pytest.mark.parametrize(
    ("said", "causes"),
    [
        (b"", {"connection_lost"}),
        (b"220 mail.example ESMTP\r\n", {"connection_lost", "unreadable"}),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{", {"connection_lost"}),
    ],
    ids=["nothing", "another-protocol", "half-an-answer"],
)
async def test_a_server_that_hangs_up_is_a_failure_that_is_not_repeated(
    paths: WirePaths, path: str, said: bytes, causes: set[str]
) -> None:
    server = ScriptedServer(said)
    async with server.running():
        attempt = await paths.attempt(path, f"http://127.0.0.1:{server.port}")
    assert attempt.cause in causes, attempt.detail
    assert (attempt.outcome, attempt.final) == (Outcome.FAILURE, False)
    assert server.requests == 1


@pytest.mark.parametrize("path", [OPENAI, OLLAMA])
async def test_waiting_for_one_of_our_own_connections_counts_against_nobody(
    paths: WirePaths, simulator: Simulator, path: str
) -> None:
    wire = simulator.ollama if path == OLLAMA else simulator.openai
    wire.arm("no_response", times=1)
    async with narrow(paths) as only_one:
        holding = asyncio.create_task(only_one.attempt(path, wire.url))
        await simulator.requests.wait_for(outcome="in_progress")
        attempt = await only_one.attempt(path, wire.url, HURRIED)
        holding.cancel()
        await asyncio.gather(holding, return_exceptions=True)
    assert (attempt.cause, attempt.outcome, attempt.final) == ("pool_timeout", Outcome.NEUTRAL, False)
    assert FAILURE_TABLE["pool_timeout"].row == 2
    assert len(simulator.requests.find(wire=wire.name)) == 1


@asynccontextmanager
async def narrow(paths: WirePaths) -> AsyncIterator[WirePaths]:
    """Give the same paths with one connection each."""
    async with (
        httpx2.AsyncClient(limits=httpx2.Limits(max_connections=1), verify=paths.tls) as pool,
        httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=1), verify=paths.tls) as transport,
    ):
        yield replace(paths, clients=HttpClients(pool, paths.clients.unused), transport=transport)


@asynccontextmanager
async def silent_server() -> AsyncIterator[int]:
    """Accept connections, and say nothing."""
    open_ones: list[asyncio.StreamWriter] = []
    server = await asyncio.start_server(lambda _, writer: open_ones.append(writer), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for writer in open_ones:
            writer.transport.abort()
        await server.wait_closed()


@asynccontextmanager
async def plain_server() -> AsyncIterator[int]:
    """Answer whatever comes with a complaint in plain HTTP, as web servers do."""

    async def complain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1024)
        writer.write(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(complain, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
