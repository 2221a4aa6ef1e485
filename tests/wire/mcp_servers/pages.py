"""Web servers on loopback for the servers that fetch and search."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from tests.support.scripted_server import answer


class Site:
    """Answers each path with its bytes, and keeps what was asked; a path without bytes never answers."""

    def __init__(self, pages: Mapping[str, bytes]) -> None:
        self._pages = dict(pages)
        self.asked: list[bytes] = []
        self.port = 0

    @property
    def url(self) -> str:
        """Where it listens, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def add(self, path: str, page: bytes) -> None:
        """Add a page that needs to know the port."""
        self._pages[path] = page

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Site"]:
        """Serve as long as the context is open."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await reader.readuntil(b"\r\n\r\n")
            length = request.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            self.asked.append(request + await reader.readexactly(int(length or 0)))
            page = self._pages.get(request.split()[1].decode().partition("?")[0])
            if page is None:
                await reader.read()
            else:
                writer.write(page)
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client went away
        finally:
            writer.close()


def html(text: str, **headers: str) -> bytes:
    """Give a page."""
    return answer(200, text.encode(), {"content-type": "text/html; charset=utf-8", **headers})


def redirect(location: str, status: int = 302) -> bytes:
    """Give a redirect."""
    return answer(status, b"", {"location": location})
