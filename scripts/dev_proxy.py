"""One origin for development: a loopback proxy that gives the API's paths to the backend and all else to `next dev`.

Next's own rewrites hold server-sent events back, and two origins would need exceptions in the backend's origin check
that production must not have. A connection carries one exchange, so bytes are passed on as they come, streams too.
"""

import asyncio
import contextlib
import re

_API = re.compile(rb"^\S+ /(?:api|v1|health|metrics|mcp|ws|docs|redoc|openapi\.json)(?:[/?\s]|$)")
_CONNECTION = re.compile(rb"(?im)^(?:connection|keep-alive):.*\r\n")
_UPGRADE = re.compile(rb"(?im)^upgrade:")
_CHUNK_BYTES = 65_536


class DevProxy:
    """Passes each connection on to one of two loopback ports."""

    def __init__(self, *, backend_port: int, console_port: int) -> None:
        """`backend_port` serves the API, `console_port` is `next dev`."""
        self._backend_port = backend_port
        self._console_port = console_port

    async def serve(self, port: int) -> asyncio.Server:
        """Listen on a loopback port."""
        return await asyncio.start_server(self._exchange, "127.0.0.1", port)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            await self._pass_on(head, reader, writer)
        writer.close()

    async def _pass_on(self, head: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._backend_port if _API.match(head) else self._console_port
        try:
            answers, upstream = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.write(_unavailable(port))
            return
        upstream.write(single_exchange(head))
        sending = asyncio.ensure_future(pump(reader, upstream))
        try:
            await pump(answers, writer)
        finally:
            sending.cancel()
            upstream.close()


def single_exchange(head: bytes) -> bytes:
    """Ask for one exchange only, unless the connection is about to become a WebSocket."""
    if _UPGRADE.search(head):
        return head
    return _CONNECTION.sub(b"", head).replace(b"\r\n", b"\r\nConnection: close\r\n", 1)


def _unavailable(port: int) -> bytes:
    body = f"Nothing listens on port {port} yet: it is starting, or its output above says why not.\n".encode()
    head = (
        f"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\nConnection: close\r\n"
    )
    return f"{head}\r\n".encode() + body


async def pump(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass bytes on as they come, no faster than they are taken."""
    while data := await source.read(_CHUNK_BYTES):
        target.write(data)
        await target.drain()
