"""`/mcp`: streamable HTTP for both eras of the protocol, over the same tools, guards and fallbacks that runs use.

Stateless: a request carries all it needs, so that any replica can answer it and a restart forgets nobody. Credentials
of callers are not passed on to tool servers; keys and the check of their audience will be asked for in `__call__`.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Final

from mcp.server import NotificationOptions, Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.subscriptions import ListenHandler
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    EmptyResult,
    ListToolsResult,
    PaginatedRequestParams,
    ServerCapabilities,
    SetLevelRequestParams,
)
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from sentinel.errors import ShuttingDownError
from sentinel.gateway.mcp.admission import Refusal, read_body, refusal_of_body, refusal_of_head, replayed
from sentinel.gateway.mcp.call_log import CallLog, OpenCall
from sentinel.gateway.mcp.callers import caller_of
from sentinel.gateway.mcp.changes import Changes
from sentinel.gateway.mcp.shapes import listed, result_of
from sentinel.gateway.open_calls import OpenCalls
from sentinel.tools.call import CallContext
from sentinel.tools.outcome import Cause, ToolOutcome
from sentinel.tools.routing.toolbox import Toolbox

_VERSION_HEADER: Final = "mcp-protocol-version"
_BLANKS: Final = b" \t"  # around a header's value they are no part of it, and the SDK compares values with the body
_INSTRUCTIONS: Final = (
    "Tools of several servers behind one address. A tool that is paused stays listed: its call says so at once, and in "
    "`_meta` when to try again. An error whose `_meta` has no `executed` must not be asked for again without a look at "
    "what the tool did."
)


class _Server(Server[Any]):
    """Tells clients of both eras that the list of tools may change, and promises no log lines, since there are none."""

    def get_capabilities(
        self,
        notification_options: NotificationOptions | None = None,
        experimental_capabilities: dict[str, dict[str, Any]] | None = None,
        extensions: dict[str, dict[str, Any]] | None = None,
        *,
        protocol_version: str | None = None,
    ) -> ServerCapabilities:
        changing = NotificationOptions(tools_changed=True)
        capabilities = super().get_capabilities(
            changing, experimental_capabilities, extensions, protocol_version=protocol_version
        )
        return capabilities.model_copy(update={"logging": None})


class McpEndpoint:
    """An ASGI application; it answers while it is `running`."""

    def __init__(
        self,
        toolbox: Toolbox,
        *,
        log: CallLog,
        version: str,
        max_body_bytes: int,
        on_changed: Callable[[Callable[[], None]], None],
    ) -> None:
        """Serve `toolbox`, and tell `log` who called what.

        `on_changed` takes what to call when other tools are offered than before.
        """
        self._toolbox = toolbox
        self._log = log
        self._max_body_bytes = max_body_bytes
        self.open_calls = OpenCalls()
        self._changes = Changes()
        self._listening = ListenHandler(self._changes)
        server = _Server(
            "sentinel",
            version=version,
            title="Sentinel",
            instructions=_INSTRUCTIONS,
            get_tool_input_schema=self._schema_of,
            on_list_tools=self._list,
            on_call_tool=self._call,
            on_subscriptions_listen=self._listening,
        )
        server.add_request_handler("logging/setLevel", SetLevelRequestParams, _take_level)
        self._manager = StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=max_body_bytes)
        on_changed(self._changes.tell)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer as long as the context is open."""
        async with self._manager.run():
            yield

    def end(self) -> None:
        """End the streams of those who only listen, so that the server can stop."""
        self._changes.end()
        self._listening.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request."""
        scope = {**scope, "headers": [(name, value.strip(_BLANKS)) for name, value in scope["headers"]]}
        version = Headers(scope=scope).get(_VERSION_HEADER)
        is_older = version is None or version in HANDSHAKE_PROTOCOL_VERSIONS
        if scope["method"] == "GET" and is_older:
            await self._changes.serve_stream(scope, receive, send)
            return
        refusal = refusal_of_head(scope, allowed="GET, POST" if is_older else "POST")
        if refusal is not None:
            await refusal.response()(scope, receive, send)
            return
        with suppress(ClientDisconnect):
            await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await read_body(scope, receive, max_bytes=self._max_body_bytes)
        if isinstance(body, Refusal):
            await body.response()(scope, receive, send)
        elif refusal := refusal_of_body(body):
            await refusal.response()(scope, receive, send)
        else:
            await self._toolbox.settled()
            await self._manager.handle_request(scope, replayed(body, receive), send)

    async def _list(self, _: ServerRequestContext[Any], page: PaginatedRequestParams | None) -> ListToolsResult:
        if page is not None and page.cursor is not None:
            message = "There is one page of tools: no cursor was given out"
            raise MCPError(INVALID_PARAMS, message)
        return ListToolsResult(tools=[listed(spec) for spec in self._toolbox.tools()])

    def _schema_of(self, name: str) -> Mapping[str, Any] | None:
        """Give what a call's headers are held against; without this the SDK would list all tools for each call."""
        spec = self._toolbox.find(name)
        return None if spec is None else spec.input_schema

    async def _call(self, context: ServerRequestContext[Any], asked: CallToolRequestParams) -> CallToolResult:
        client = context.session.client_params
        caller = caller_of(context.request, client.client_info if client else None)
        arguments = asked.arguments or {}
        spec = self._toolbox.find(asked.name)
        opened = self._log.begin(asked.name, arguments, spec=spec, caller=caller, request_id=context.request_id)
        known = CallContext(caller=f"mcp:{caller}", origin="mcp", on_progress=context.session.report_progress)
        try:
            outcome = await self._outcome(self._toolbox.call(asked.name, arguments, context=known), opened)
        except asyncio.CancelledError:
            self._log.left(opened)
            raise
        self._log.ended(opened, outcome)
        if outcome.cause is Cause.UNKNOWN_TOOL:
            raise MCPError(INVALID_PARAMS, outcome.text)
        return result_of(outcome)

    async def _outcome(self, call: Coroutine[Any, Any, ToolOutcome], opened: OpenCall) -> ToolOutcome:
        """Wait for a call, which a stopping process may cut short."""
        try:
            task = self.open_calls.begin(call)
        except ShuttingDownError:
            return self._log.cut_short(opened, "no")
        try:
            return await task
        except asyncio.CancelledError:
            if not self.open_calls.are_cut or _is_cancelled():
                raise
            return self._log.cut_short(opened, "unknown")


def _is_cancelled() -> bool:
    """Whether it is this task that has to end, not one that it waits for."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _take_level(_: ServerRequestContext[Any], _asked: SetLevelRequestParams) -> EmptyResult:
    """Take any level: older clients set one without asking whether there are log lines."""
    return EmptyResult()
