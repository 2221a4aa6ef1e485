"""One open session with one server: how it is opened, what its tools are, and how a call goes over it."""

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from mcp import MCPError
from mcp.client import Client, ClientSession
from mcp.client.subscriptions import ListenNotSupportedError, SubscriptionLost, ToolsListChanged, listen
from mcp_types import (
    CallToolRequest,
    CallToolRequestParams,
    DiscoverResult,
    EmptyResult,
    Implementation,
    PingRequest,
    RequestParamsMeta,
    Tool,
    ToolListChangedNotification,
)
from mcp_types import PaginatedRequestParams as Page
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from pydantic import TypeAdapter

from sentinel.clock import Clock
from sentinel.tools.call import NOBODY, CallAnswer, CallContext
from sentinel.tools.catalogue.reading import ReadTool, read_tools
from sentinel.tools.config import SupervisionConfig
from sentinel.tools.filters.masking import masked
from sentinel.tools.filters.quoting import quoted
from sentinel.tools.filters.short_lists import short_lists
from sentinel.tools.filters.talk import measured
from sentinel.tools.outcome import Cause
from sentinel.tools.transport.own_faults import OwnFault
from sentinel.tools.transport.server_transport import ServerTransport

LEGACY: Final = "legacy"
IDEMPOTENCY_KEY: Final = "io.sentinel/idempotency-key"
"""Where the key stands in `_meta`; servers that honour it carry a call out once."""

_ANSWER: Final[TypeAdapter[CallAnswer]] = TypeAdapter(CallAnswer)
_PASSING: Final = (Cause.CONNECT, Cause.TRANSPORT, Cause.THROTTLED, Cause.OVERLOADED, Cause.SERVER_ERROR)
_CLIENT: Final = Implementation(name="sentinel", version="1")


@dataclass(frozen=True, slots=True)
class Era:
    """How to open a session: the protocol's version, and what a server of the modern era said about itself."""

    mode: str
    discovered: DiscoverResult | None = None


NEGOTIATE: Final = Era("auto")


@dataclass(slots=True, eq=False)
class Connection:
    """A session that is READY; calls go over it directly, from any task."""

    transport: ServerTransport
    session: ClientSession
    tools: tuple[ReadTool, ...]
    is_lost: bool = field(default=False)
    in_flight: int = field(default=0)
    has_answered: bool = field(default=False)
    """Whether a call got any answer over it."""

    @property
    def protocol_version(self) -> str | None:
        """The version that both sides speak."""
        return self.session.protocol_version

    @property
    def is_modern(self) -> bool:
        """Whether that is a version without handshake and session."""
        return self.protocol_version in MODERN_PROTOCOL_VERSIONS

    @property
    def era(self) -> Era:
        """How to open the next session with the same server without asking again."""
        version = self.protocol_version
        return Era(version, self.session.discover_result) if version in MODERN_PROTOCOL_VERSIONS else Era(LEGACY)

    async def call(self, tool: str, arguments: Mapping[str, Any], context: CallContext = NOBODY) -> CallAnswer:
        """Send one call and return the answer.

        The SDK's own `call_tool` would check results against schemas of the server on our event loop, and list tools
        again in the middle of a call; results are checked by the guard.
        """
        key = context.idempotency_key
        meta = RequestParamsMeta(**{IDEMPOTENCY_KEY: key}) if key else None  # type: ignore[typeddict-unknown-key]  # an open map
        parameters = CallToolRequestParams(name=tool, arguments=dict(arguments), meta=meta)
        self.in_flight += 1
        try:
            answer = await self.session.send_request(
                CallToolRequest(params=parameters), _ANSWER, progress_callback=context.on_progress
            )
        finally:
            self.in_flight -= 1
        self.has_answered = True
        return answer

    async def is_alive(self) -> bool:
        """Ask for something cheap that every server can answer; any answer, even an error, is one."""
        if self.is_modern:
            await self.session.list_tools()
        else:
            await self.session.send_request(PingRequest(), EmptyResult)
        return True

    async def follow_changes(self, changed: Callable[[], None]) -> bool:
        """Call back whenever the server says that its tools have changed, until that stream is lost.

        Returns whether there may be such a stream another time: a server need not have one.
        """
        if not self.is_modern or not self._offers_changes():
            return False
        try:
            async with listen(self.session, tools_list_changed=True) as events:
                await _drain(events, changed)
        except SubscriptionLost:
            return True
        except ListenNotSupportedError:
            return False
        except MCPError as error:
            return _may_pass(error)
        return True

    def _offers_changes(self) -> bool:
        """Over HTTP the stream also shows that the server is there, so it is asked for in any case."""
        capabilities = self.session.server_capabilities
        tools = capabilities.tools if capabilities else None
        return not self.transport.shows_end or bool(tools and tools.list_changed)


def _may_pass(error: MCPError) -> bool:
    """Whether a stream was refused for a reason that says nothing about whether the server has such streams."""
    return isinstance(error.data, OwnFault) and error.data.cause in _PASSING


async def _drain(events: Any, changed: Callable[[], None]) -> None:
    async for event in events:
        if isinstance(event, ToolsListChanged):
            changed()


async def open_connection(
    stack: AsyncExitStack,
    transport: ServerTransport,
    *,
    era: Era,
    config: SupervisionConfig,
    clock: Clock,
    on_tools_changed: Callable[[], None],
) -> Connection:
    """Enter a client on the stack and list the server's tools; the task that calls this must also close the stack."""

    async def heard(message: object) -> None:
        if isinstance(message, ToolListChangedNotification):  # how servers of the old era say it
            on_tools_changed()

    heard_as_said = quoted(measured(transport, clock=clock), is_http=not transport.shows_end)
    client = Client(
        short_lists(masked(heard_as_said, transport.redactor), most=config.max_tools),
        mode=era.mode,
        prior_discover=era.discovered,
        cache=None,
        client_info=_CLIENT,
        message_handler=heard,
    )
    entered = await stack.enter_async_context(client)
    return Connection(transport, entered.session, await list_all_tools(entered.session, config=config))


async def list_all_tools(session: ClientSession, *, config: SupervisionConfig) -> tuple[ReadTool, ...]:
    """Return the tools of all pages, up to the caps: a server may page for ever."""
    tools: list[Tool] = []
    cursor: str | None = None
    for _ in range(config.max_pages):
        page = await session.list_tools(params=None if cursor is None else Page(cursor=cursor))
        tools.extend(page.tools)
        cursor = page.next_cursor
        if cursor is None or len(tools) >= config.max_tools:
            break
    return await read_tools(tools[: config.max_tools])
