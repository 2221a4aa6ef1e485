"""A server that answers every request with the same bytes, whatever they are: other vendors' errors, or nonsense."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import orjson


def answer(status: int, body: object = b"", headers: Mapping[str, str] | None = None) -> bytes:
    """Give a whole HTTP response; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    kind = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    fields = {"content-type": kind, "content-length": str(len(content)), "connection": "close", **(headers or {})}
    lines = [f"HTTP/1.1 {status} Any", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join([*lines, "", ""]).encode() + content


def events(*payloads: object) -> bytes:
    """Give a whole stream of server-sent events; a payload that is text is sent as it is."""
    texts = [payload if isinstance(payload, str) else orjson.dumps(payload).decode() for payload in payloads]
    body = "".join(f"data: {text}\n\n" for text in texts).encode()
    return answer(200, body, {"content-type": "text/event-stream"})


class ScriptedServer:
    """Counts the questions it gets in `requests`; `port` is known while it runs.

    Only POST is counted: whoever looks whether its own server is up, where now this one is, asks with GET.
    """

    def __init__(self, response: bytes, *, tls: ssl.SSLContext | None = None) -> None:
        self._response = response
        self._tls = tls
        self.requests = 0
        self.port = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ScriptedServer"]:
        """Serve as long as the context is open."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(request_length(head))
            self.requests += head.startswith(b"POST ")
            writer.write(self._response)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client did not want to go on
        finally:
            writer.close()


def request_length(head: bytes) -> int:
    """Give how long the body of a request is."""
    lengths = [line.split(b":")[1] for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    return int(lengths[0]) if lengths else 0
