"""Servers at an address: there, gone, back, and silent."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.tools.config import ServerConfig, SupervisionConfig
from sentinel.tools.outcome import Cause
from sentinel.tools.session.server_status import ServerState
from tests.integration.tools.running import ROOT, misbehaving, running
from tests.support.processes import Program, free_port

PATIENT = SupervisionConfig(
    probe_seconds=0.3, backoff_base_seconds=0.05, backoff_max_seconds=0.1, start_wait_seconds=0.0
)


class HttpServer:
    """The calculator at an address that stays the same over restarts."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "server.log"
        self.program = self._start()

    @property
    def config(self) -> ServerConfig:
        return ServerConfig(url=f"http://127.0.0.1:{self.port}/mcp", trusted=True)

    def restart(self) -> None:
        self.program.kill()
        self.program = self._start()

    def _start(self) -> Program:
        command = [sys.executable, "-m", "mcp_servers.calculator", "--http", str(self.port)]
        return Program(command, folder=ROOT, log=self._log)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpServer]:
    started = HttpServer(tmp_path)
    yield started
    started.program.kill()


async def test_a_server_at_an_address_is_used_like_any_other(server: HttpServer) -> None:
    """Its tools stand beside those of a process."""
    async with running({"web": server.config, "local": misbehaving()}, supervision=PATIENT) as tools:
        await tools.until("web", ServerState.READY)
        await tools.until("local", ServerState.READY)
        assert (await tools.call("web__evaluate", expression="6 * 7")).text == "42"
        assert (await tools.call("web__evaluate", expression="6 *")).cause is Cause.TOOL_ERROR
        assert (await tools.call("local__echo", text="too")).text == "too"


async def test_nobody_listening_is_an_error_for_operators_only() -> None:
    """The rest is up."""
    nobody = ServerConfig(url=f"http://127.0.0.1:{free_port()}/mcp")
    async with running({"web": nobody, "local": misbehaving()}, supervision=PATIENT) as tools:
        await tools.until("local", ServerState.READY)
        await tools.until("web", ServerState.DOWN)
        assert "Connect" in tools.error("web")
        assert (await tools.call("local__echo", text="up")).text == "up"


async def test_something_that_is_no_mcp_server_is_turned_down() -> None:
    """A web server of another kind answers, but not in the protocol."""

    async def not_found(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nnope!")
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(not_found, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    async with listener:
        config = ServerConfig(url=f"http://127.0.0.1:{port}/mcp")
        async with running({"web": config}, supervision=PATIENT) as tools:
            await tools.until("web", ServerState.DOWN)
            assert tools.error("web")
