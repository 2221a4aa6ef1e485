"""Turns of the event loop for everybody else, however much is there to be read at once."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx2

SHARE: Final = 32_768
"""The work between two turns, in bytes that are read: one to two milliseconds."""
PIECE: Final = 64
"""What a piece costs besides its bytes: for pieces of a byte or two, it is their number that takes the time."""
_PIECES_PER_CHUNK: Final = 8  # what the HTTP library does with one takes so many times as long


class Turns:
    """Counts the work of one reader, and lets others run whenever it has done its share."""

    def __init__(self) -> None:
        """Start with a whole share."""
        self._left = SHARE

    async def spend(self, size: int, *, pieces: int = 1) -> None:
        """Count so many bytes in so many pieces; if the share is used up, let all who are ready have their turn."""
        self._left -= size + pieces * PIECE
        if self._left <= 0:
            self._left = SHARE
            await asyncio.sleep(0)


async def in_turn(stream: httpx2.AsyncByteStream) -> AsyncIterator[bytes]:
    """Give the chunks of a body; a server may make each byte one, and have the HTTP library read thousands at once."""
    turns = Turns()
    async for chunk in stream:
        await turns.spend(len(chunk), pieces=_PIECES_PER_CHUNK)
        yield chunk
