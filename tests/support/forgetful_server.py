"""A server that keeps connections open and closes each when its next request comes, as one that closes idle ones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.scripted_server import request_length


class ForgetfulServer:
    """Answers `answers` requests on each connection with the same bytes, then hangs up on the next one.

    `parting` is what it says before it does, and `resets` how: a reset instead of an end. `requests` counts those that
    came, `connections` what they came over.
    """

    def __init__(self, response: bytes, *, answers: int = 1, parting: bytes = b"", resets: bool = False) -> None:
        self._response = response
        self._answers = answers
        self._parting = parting
        self._resets = resets
        self._writers: set[asyncio.StreamWriter] = set()
        self.requests = 0
        self.connections = 0
        self.url = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ForgetfulServer"]:
        """Serve as long as the context is open."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            for _ in range(self._answers):
                await self._take(reader)
                writer.write(self._response)
                await writer.drain()
            await self._take(reader)
            writer.write(self._parting)
            if self._resets:
                writer.transport.abort()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has closed it
        finally:
            writer.close()

    async def _take(self, reader: asyncio.StreamReader) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(request_length(head))
        self.requests += 1
