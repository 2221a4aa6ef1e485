"""What a server says, with our secrets masked before anybody reads it: it knows what we sent it, and may say that again
in any result, error or report. Between a transport and the SDK's client.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from mcp.client import Transport
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCError, JSONRPCNotification, JSONRPCResponse

from sentinel.redaction import Redactor
from sentinel.tools.filters.streams import AlteredStream, Item


@asynccontextmanager
async def masked(transport: Transport, redactor: Redactor) -> AsyncIterator[tuple[Any, Any]]:
    """Give the streams of a transport, without what `redactor` knows."""
    async with transport as (reading, writing):
        yield AlteredStream(reading, partial(_mask, redactor=redactor)), writing


def _mask(item: Item, *, redactor: Redactor) -> Item:
    message = item.message if isinstance(item, SessionMessage) else None
    if isinstance(message, JSONRPCResponse):
        message.result = redactor.known_in(message.result)
    elif isinstance(message, JSONRPCError):
        message.error.message = redactor.known(message.error.message)
        message.error.data = redactor.known_in(message.error.data)
    elif isinstance(message, JSONRPCNotification):
        message.params = redactor.known_in(message.params)
    return item
