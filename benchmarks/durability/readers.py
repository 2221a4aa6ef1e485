"""A thousand readers who wait for a run that says nothing: what each costs, when it gets its first event, and when
somebody does who asks a question meanwhile.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks._figures import percentile
from benchmarks._load import Seen

CONNECTING_AT_ONCE = 5
_PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class Idle:
    """What so many readers cost: memory of the server, and the wait of each for its first event.

    `asked` is what others saw who asked questions while all of them waited.
    """

    readers: int
    megabytes: float
    first_event_ms: list[float]
    asked: Seen

    def first_ms(self, share: float) -> float:
        """Give a percentile of the readers' waits."""
        return percentile(self.first_event_ms, share)

    def asked_ms(self, share: float) -> float:
        """Give a percentile of the waits from a question to its first event."""
        return percentile(self.asked.first_token_ms, share)


async def measure_readers(
    port: int, run_id: str, *, count: int, megabytes: Callable[[], float], ask: Callable[[], Seen]
) -> Idle:
    """Let readers come one after the other, some at once, and stay.

    `megabytes` gives the server's memory; `ask` asks it questions, one after the other, when all readers are there.
    """
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
        used = megabytes() - before
        return Idle(count, used, waits, await asyncio.to_thread(ask))
    finally:
        for writer in writers:
            writer.transport.abort()
