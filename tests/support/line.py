"""A network line that a test can cut or silence: what comes in on its port goes to another one, until it does not.

Cut, it refuses, which both ends notice at once. Silent, it accepts everything and keeps it to itself, as a network that
is split does: nobody is told anything.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import Enum
from typing import Self
from urllib.parse import urlsplit

_CHUNK_BYTES = 65_536


class Old(Enum):
    """What becomes of the connections of before, when a line that was silent speaks again."""

    GO_ON = "go on"
    BREAK = "break"
    STAY_SILENT = "stay silent"
    """Something on the way has forgotten them, and tells nobody."""


def line_to(url: str) -> "Line":
    """Give a line to the server of this address."""
    return Line(urlsplit(url).port or 0)


class Line:
    """Forwards connections to a port on loopback."""

    def __init__(self, target_port: int) -> None:
        """Leads to `target_port`, once it is running."""
        self._target_port = target_port
        self._port = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._gates = [_open_gate()]
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        """This end of it, the same after `cut` and `mend`."""
        return f"http://127.0.0.1:{self._port}"

    def reaching(self, url: str) -> str:
        """Give an address of what is at this one, by way of this line."""
        address = urlsplit(url)
        who, at, _ = address.netloc.rpartition("@")
        return address._replace(netloc=f"{who}{at}127.0.0.1:{self._port}").geturl()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Forward as long as the context is open."""
        await self.mend()
        try:
            yield self
        finally:
            await self.cut()

    async def mend(self) -> None:
        """Forward new connections."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        """Break every connection, and refuse new ones until `mend`."""
        if self._server is not None:
            server, self._server = self._server, None
            server.close()
            self._break()
            for gate in self._gates:
                gate.set()
            await server.wait_closed()
            await asyncio.gather(*self._connections)

    def silence(self) -> None:
        """Accept everything, and pass nothing on, either way, until `speak`."""
        self._gates[-1].clear()

    def speak(self, old: Old = Old.GO_ON) -> None:
        """Pass on again, and if the connections of before go on, what they were given meanwhile."""
        if old is Old.BREAK:
            self._break()
        if old is Old.STAY_SILENT:
            self._gates.append(_open_gate())
        self._gates[-1].set()

    def _break(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._forward(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        gate = self._gates[-1]
        ends = {writer}
        self._writers |= ends
        try:
            await gate.wait()
            if self._server is None:
                return
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
            ends.add(far_writer)
            self._writers |= ends
            await asyncio.gather(_pump(reader, far_writer, gate), _pump(far_reader, writer, gate))
        except OSError:
            writer.transport.abort()
        finally:
            self._writers -= ends


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, gate: asyncio.Event) -> None:
    try:
        while chunk := await reader.read(_CHUNK_BYTES):
            await gate.wait()
            writer.write(chunk)
            await writer.drain()
        await gate.wait()  # that somebody went away is not told either
    except ConnectionError:
        pass  # the line was cut
    finally:
        writer.close()


def _open_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate
