"""A scripted MCP server without a process: what it answers is a function, and it can go away at any moment."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp_types import METHOD_NOT_FOUND, ErrorData, JSONRPCError, JSONRPCRequest, JSONRPCResponse

from sentinel.redaction import SHAPES_ONLY

Answer = dict[str, Any] | ErrorData
Script = Callable[[str, dict[str, Any]], Awaitable[Answer]]
Handler = Callable[[dict[str, Any]], Awaitable[Answer]]

MODERN = {"supportedVersions": ["2026-07-28"], "capabilities": {"tools": {}}} | {"ttlMs": 0, "cacheScope": "public"}


def text_result(text: str, *, is_error: bool = False) -> Answer:
    """A tool's answer in one text."""
    return {"content": [{"type": "text", "text": text}], "isError": is_error, "resultType": "complete"}


def tool(name: str, **more: Any) -> dict[str, Any]:
    """A tool as a server lists it."""
    return {"name": name, "inputSchema": {"type": "object"}} | more


class Peer:
    """The server: answers the opening; tests put their own functions in the place of `on_list` and `on_call`."""

    def __init__(self) -> None:
        self.on_list: Handler = self._list
        self.on_call: Handler = _echo
        self.asked: list[str] = []
        self.calls: list[dict[str, Any]] = []
        self.listed = [tool("echo")]
        self.transports: list[PeerTransport] = []
        self.is_silent = False
        self.refuses_to_list = False

    async def answer(self, method: str, params: dict[str, Any]) -> Answer:
        """Answer one request."""
        self.asked.append(method)
        if self.is_silent:
            await asyncio.Event().wait()
        if method == "server/discover":
            return MODERN
        if method == "tools/list":
            return await self.on_list(params)
        if method != "tools/call":
            return ErrorData(code=METHOD_NOT_FOUND, message=method)
        self.calls.append(params)
        return await self.on_call(params)

    async def _list(self, _params: dict[str, Any]) -> Answer:
        if self.refuses_to_list:
            return ErrorData(code=-32603, message="no list today")
        return {"tools": self.listed, "resultType": "complete", "ttlMs": 0, "cacheScope": "public"}

    def transport(self) -> "PeerTransport":
        """Open the next session."""
        self.transports.append(PeerTransport(self.answer))
        return self.transports[-1]

    def crash(self) -> None:
        """End the newest session as the death of a process would."""
        self.transports[-1].abort()


async def _echo(params: dict[str, Any]) -> Answer:
    return text_result(str(params["arguments"].get("text", "")))


class PeerTransport:
    """One session with a peer, as the supervisor sees it."""

    pid = None
    shows_end = True
    redactor = SHAPES_ONLY
    is_blocked = False

    def __init__(self, script: Script) -> None:
        self._script = script
        self._tasks: set[asyncio.Task[None]] = set()
        self._on_end: Callable[[], None] | None = None
        self._to_client: MemoryObjectSendStream[SessionMessage | Exception] | None = None
        self._from_client: MemoryObjectReceiveStream[SessionMessage] | None = None
        self.noise = 0
        self.is_closed = False

    async def __aenter__(self) -> tuple[Any, Any]:
        self._to_client, read_stream = anyio.create_memory_object_stream[SessionMessage | Exception](16)
        write_stream, self._from_client = anyio.create_memory_object_stream[SessionMessage](16)
        self._spawn(self._serve(self._from_client))
        return read_stream, write_stream

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.is_closed = True

    def on_end(self, callback: Callable[[], None]) -> None:
        self._on_end = callback

    def on_doubt(self, callback: Callable[[], None]) -> None:
        self.doubt = callback

    def opened(self) -> None:
        self.is_opened = True

    def abort(self) -> None:
        if self._to_client is not None and self._from_client is not None:
            self._to_client.close()
            self._from_client.close()
        if self._on_end is not None:
            self._on_end()

    def describe_end(self) -> str:
        return "the peer went away"

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, from_client: MemoryObjectReceiveStream[SessionMessage]) -> None:
        with suppress(anyio.ClosedResourceError):
            async for message in from_client:
                if isinstance(message.message, JSONRPCRequest):
                    self._spawn(self._reply(message.message))

    async def _reply(self, request: JSONRPCRequest) -> None:
        answer = await self._script(request.method, request.params or {})
        if self._to_client is None:
            return
        if isinstance(answer, ErrorData):
            reply: JSONRPCError | JSONRPCResponse = JSONRPCError(jsonrpc="2.0", id=request.id, error=answer)
        else:
            reply = JSONRPCResponse(jsonrpc="2.0", id=request.id, result=answer)
        with suppress(anyio.ClosedResourceError, anyio.BrokenResourceError):
            await self._to_client.send(SessionMessage(reply))
