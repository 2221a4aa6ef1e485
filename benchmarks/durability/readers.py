"""A thousand readers who wait for a run that says nothing: what each costs, and when it gets its first event."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks._figures import percentile

CONNECTING_AT_ONCE = 5
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Idle:
    """What so many readers cost: memory of the server, and the wait of each for its first event."""

    readers: int
    megabytes: float
    first_event_ms: list[float]

    def first_ms(self, share: float) -> float:
        """Give a percentile of the waits."""
        return percentile(self.first_event_ms, share)


async def measure_readers(port: int, run_id: str, *, count: int, megabytes: Callable[[], float]) -> Idle:
    """Let readers come one after the other, some at once, and stay; `megabytes` gives the server's memory."""
    before = megabytes()
    places = asyncio.Semaphore(CONNECTING_AT_ONCE)
    writers: list[asyncio.StreamWriter] = []
    waits: list[float] = []

    async def attach() -> None:
        async with places:
            began = time.perf_counter()
            async with asyncio.timeout(_PATIENCE_SECONDS):
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writers.append(writer)
                request = f"GET /api/runs/{run_id}/events HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"
                writer.write(request.encode())
                await reader.readuntil(b"\ndata: ")
            waits.append((time.perf_counter() - began) * 1000)

    try:
        await asyncio.gather(*(attach() for _ in range(count)))
        return Idle(count, megabytes() - before, waits)
    finally:
        for writer in writers:
            writer.transport.abort()
