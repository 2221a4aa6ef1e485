"""An MCP server at an address, on bare sockets, that can be told to do anything at all with a request."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]
MODERN = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}, "ttlMs": 0, "cacheScope": "public"}
LEGACY = {
    "protocolVersion": "2025-06-18",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "peer", "version": "1"},
}


@dataclass
class Exchange:
    """One request and the connection it came on."""

    headers: dict[str, str]
    message: Json
    writer: asyncio.StreamWriter

    async def respond(self, body: Any, *, status: str = "200 OK", kind: str = "application/json", **more: str) -> None:
        """Answer with a body in one piece; `more` are headers, with `_` for `-`."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        given = {"content-type": kind, "content-length": str(len(data))} | {
            k.replace("_", "-"): v for k, v in more.items()
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
        self.writer.write(f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + data)
        await self.writer.drain()

    async def result(self, value: Json, **headers: str) -> None:
        """Answer with a result."""
        await self.respond({"jsonrpc": "2.0", "id": self.message.get("id"), "result": value}, **headers)

    async def text(self, value: str) -> None:
        """Answer a call."""
        await self.result({"content": [{"type": "text", "text": value}], "resultType": "complete"})

    async def open_stream(self) -> None:
        """Begin an event stream."""
        self.writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
        await self.writer.drain()

    async def event(self, message: Json) -> None:
        """Send one event."""
        self.writer.write(b"event: message\ndata: " + json.dumps(message).encode() + b"\n\n")
        await self.writer.drain()

    def cut(self) -> None:
        """Reset the connection."""
        self.writer.transport.abort()


Handler = Callable[[Exchange], Awaitable[None]]


@dataclass
class HttpPeer:
    """The server; tests put their own functions in the place of `on_call`, and hold the sessions of the old era."""

    is_legacy: bool = False
    tools: list[Json] = field(default_factory=lambda: [{"name": "echo", "inputSchema": {"type": "object"}}])
    on_call: Handler | None = None
    on_any: Handler | None = None
    asked: list[str] = field(default_factory=list)
    sessions: set[str] = field(default_factory=set)
    listeners: list[Exchange] = field(default_factory=list)
    listening: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/mcp"

    async def start(self) -> None:
        """Listen, on the same port as before if there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Die: every connection is cut, every session forgotten."""
        if self._server is not None:
            self._server.close()
        for writer in list(self._writers):
            writer.transport.abort()
        self.sessions.clear()
        self.listeners.clear()
        self.listening.clear()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while (exchange := await _read(reader, writer)) is not None:
                await self._answer(exchange)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the loop reports a handler that was cancelled as a crash
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer(self, exchange: Exchange) -> None:
        method = exchange.message.get("method", "GET")
        self.asked.append(method)
        if self.on_any is not None:
            await self.on_any(exchange)
        elif self.is_legacy:
            await self._answer_legacy(method, exchange)
        else:
            await self._answer_modern(method, exchange)

    async def _answer_modern(self, method: str, exchange: Exchange) -> None:
        if method == "server/discover":
            await exchange.result(MODERN | {"resultType": "complete"})
        elif method == "subscriptions/listen":
            await self._listen(exchange)
        else:
            await self._work(method, exchange)

    async def _listen(self, exchange: Exchange) -> None:
        self.listeners.append(exchange)
        self.listening.set()
        await exchange.open_stream()
        await self.notify("notifications/subscriptions/acknowledged", notifications={"toolsListChanged": True})

    async def notify(self, method: str, **params: Any) -> None:
        """Tell whoever listens."""
        for exchange in self.listeners:
            meta = {"io.modelcontextprotocol/subscriptionId": exchange.message["id"]}
            await exchange.event({"jsonrpc": "2.0", "method": method, "params": params | {"_meta": meta}})

    async def _answer_legacy(self, method: str, exchange: Exchange) -> None:
        session = exchange.headers.get("mcp-session-id")
        if method == "server/discover":
            await exchange.respond(b"", status="400 Bad Request", kind="text/plain")
        elif method == "initialize":
            name = f"s{len(self.asked)}"
            self.sessions.add(name)
            await exchange.result(LEGACY, mcp_session_id=name)
        elif session not in self.sessions:
            error = {"code": -32600, "message": "Session not found"}
            await exchange.respond({"jsonrpc": "2.0", "id": None, "error": error}, status="404 Not Found")
        elif method in {"GET", "DELETE"}:
            await exchange.respond(b"", status="405 Method Not Allowed", kind="text/plain")
        elif method.startswith("notifications/"):
            await exchange.respond(b"", status="202 Accepted")
        else:
            await self._work(method, exchange)

    async def _work(self, method: str, exchange: Exchange) -> None:
        if method == "tools/list":
            extra = {} if self.is_legacy else {"resultType": "complete", "ttlMs": 0, "cacheScope": "public"}
            await exchange.result({"tools": self.tools} | extra)
        elif method == "ping":
            await exchange.result({})
        elif self.on_call is not None:
            await self.on_call(exchange)
        else:
            await exchange.text(str(exchange.message["params"]["arguments"].get("text", "")))


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Exchange | None:
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    message = json.loads(body) if body else {"method": lines[0].split(" ")[0]}
    return Exchange(headers, message, writer)


@asynccontextmanager
async def http_peer(**options: Any) -> AsyncIterator[HttpPeer]:
    """A peer that listens."""
    peer = HttpPeer(**options)
    await peer.start()
    try:
        yield peer
    finally:
        await peer.stop()
