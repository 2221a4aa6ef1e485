"""The SDK's own words for a lost connection, and the same words from a server, told apart.

The SDK tells of its losses with a code and a text that a server may send as well, as its own servers do when they
stop. What comes from a server is marked here, between a transport and the SDK's client: what is unmarked is a fact.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from mcp import MCPError
from mcp.client import Transport
from mcp.shared.message import SessionMessage
from mcp_types import CONNECTION_CLOSED, JSONRPCError

from sentinel.tools.filters.streams import AlteredStream, Item

_CLOSED: Final = "Connection closed"
_STREAM_BROKE: Final = "SSE stream "  # how those begin that its HTTP transport puts among what the server says
_QUOTED: Final = "it says: "


@asynccontextmanager
async def quoted(transport: Transport, *, is_http: bool) -> AsyncIterator[tuple[Any, Any]]:
    """Give the streams of a transport, with a server's words for a lost connection marked as its own."""
    words = (_CLOSED,) if is_http else (_CLOSED, _STREAM_BROKE)
    async with transport as (reading, writing):
        yield AlteredStream(reading, partial(_quote, words=words)), writing


def is_of_the_sdk(error: MCPError) -> bool:
    """Whether an error is the SDK's own word for a connection that is gone."""
    return error.code == CONNECTION_CLOSED and error.message.startswith((_CLOSED, _STREAM_BROKE))


def tells_of_a_loss(error: MCPError) -> bool:
    """The same, also if only the server says so."""
    words = error.message.removeprefix(_QUOTED)
    return error.code == CONNECTION_CLOSED and words.startswith((_CLOSED, _STREAM_BROKE))


def _quote(item: Item, *, words: tuple[str, ...]) -> Item:
    message = item.message if isinstance(item, SessionMessage) else None
    if isinstance(message, JSONRPCError) and message.error.message.startswith(words):
        message.error.message = f"{_QUOTED}{message.error.message}"
    return item
