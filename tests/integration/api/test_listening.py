"""The socket that the server listens on, under asyncio's own loop."""

import asyncio
import socket

from sentinel.main.server import bind
from tests.support.bounded import bounded


async def test_what_is_written_in_parts_goes_out_at_once() -> None:
    """Otherwise the body of an answer waits for the acknowledgement of its head: 40 ms on a kept connection."""
    accepted: asyncio.Queue[int] = asyncio.Queue()

    def note(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = writer.get_extra_info("socket")
        accepted.put_nowait(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    with bind("127.0.0.1", 0) as listening:
        async with await asyncio.start_server(note, sock=listening):
            _, writer = await asyncio.open_connection(*listening.getsockname())
            assert await bounded(accepted.get(), 5)
            writer.close()
            await writer.wait_closed()
