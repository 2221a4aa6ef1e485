"""Lists of tools, cut to what is used of them before anybody looks at each: a server may list ten thousand in a page.

Between a transport and the SDK's client, which goes through whole lists on the event loop.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self

from mcp.client import Transport
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse

Item = SessionMessage | Exception


@asynccontextmanager
async def short_lists(transport: Transport, *, most: int) -> AsyncIterator[tuple[Any, Any]]:
    """Give the streams of a transport, with at most so many tools in each list that comes."""
    async with transport as (reading, writing):
        yield _ShortLists(reading, most), writing


class _ShortLists:
    """A stream of messages, with all that the SDK asks of one."""

    def __init__(self, inner: Any, most: int) -> None:
        self._inner = inner
        self._most = most

    @property
    def last_context(self) -> Any:
        return getattr(self._inner, "last_context", None)

    async def receive(self) -> Item:
        return self._cut(await self._inner.receive())

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Item:
        return self._cut(await self._inner.__anext__())

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def __aenter__(self) -> Self:
        await self._inner.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        left: bool | None = await self._inner.__aexit__(kind, exc, trace)
        return left

    def _cut(self, item: Item) -> Item:
        message = item.message if isinstance(item, SessionMessage) else None
        if isinstance(message, JSONRPCResponse):
            tools = message.result.get("tools")  # of all results, only a list of tools has this
            if isinstance(tools, list):
                del tools[self._most :]
        return item
