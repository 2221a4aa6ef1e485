"""Lists of tools, cut to what is used of them before anybody looks at each: a server may list ten thousand in a page.

A tool that is none is marked, so that it does not make the whole list one that is none.

Between a transport and the SDK's client, which goes through whole lists on the event loop.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from mcp.client import Transport
from mcp.shared.message import SessionMessage
from mcp_types import JSONRPCResponse, Tool
from pydantic import ValidationError

from sentinel.tools.filters.streams import AlteredStream, Item

MALFORMED: Final = "io.sentinel/malformed"
"""Stands in `_meta` of what takes the place of a tool that cannot be read."""


@asynccontextmanager
async def short_lists(transport: Transport, *, most: int) -> AsyncIterator[tuple[Any, Any]]:
    """Give the streams of a transport, with at most so many tools in each list that comes."""
    async with transport as (reading, writing):
        yield AlteredStream(reading, partial(_cut, most=most)), writing


def _cut(item: Item, *, most: int) -> Item:
    message = item.message if isinstance(item, SessionMessage) else None
    if isinstance(message, JSONRPCResponse):
        tools = message.result.get("tools")  # of all results, only a list of tools has this
        if isinstance(tools, list):
            del tools[most:]
            tools[:] = [_readable(each) for each in tools]
    return item


def _readable(tool: Any) -> Any:
    try:
        Tool.model_validate(tool, by_name=False)
    except (ValidationError, RecursionError):
        name = tool.get("name") if isinstance(tool, dict) else None
        return {
            "name": name if isinstance(name, str) else "",
            "inputSchema": {"type": "object"},
            "_meta": {MALFORMED: True},
        }
    return tool
