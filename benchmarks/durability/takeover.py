"""Workers that are killed in mid-answer: how long a reader waits until another one goes on with the run."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson
import psycopg

from scripts.cluster.sentinels import Sentinel
from scripts.cluster.topology import DATABASE, Cluster

QUESTION = "Write 5000 words"
_BOUND_SECONDS = 60.0
_BACK_AFTER_SECONDS = 0.01
_KILLS_PER_RUN = 2  # a run that loses its worker too often is given up


@dataclass
class Follower:
    """Reads one run to wherever it gets, coming back as often as it takes; notes when it was taken up again."""

    client: httpx.AsyncClient
    run_id: str
    last_seq: int = 0
    tokens_since: int = 0
    recovered_at: list[float] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    async def follow(self) -> None:
        """Read until somebody cancels it."""
        path = f"/api/runs/{self.run_id}/events"
        while True:
            with suppress(httpx.TransportError):
                async with self.client.stream("GET", path, params={"after": self.last_seq}) as response:
                    async for line in response.aiter_lines():
                        if line.startswith("data: "):
                            self._take(orjson.loads(line.removeprefix("data: ")))
            await asyncio.sleep(_BACK_AFTER_SECONDS)

    def _take(self, event: dict[str, Any]) -> None:
        self.last_seq = int(event["seq"])
        if event.get("phase") == "recovered":
            self.recovered_at.append(time.perf_counter())
            self.tokens_since = 0
        self.tokens_since += "text" in event
        self._news.set()

    async def until_it_speaks(self) -> None:
        """Wait for text since the run was taken up last."""
        await self._until(lambda: self.tokens_since > 0)

    async def until_recovered(self, times: int) -> float:
        """Wait until the run was taken up again so many times; gives the moment."""
        await self._until(lambda: len(self.recovered_at) >= times)
        return self.recovered_at[times - 1]

    async def _until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            self._news.clear()
            await self._news.wait()


async def measure_takeovers(cluster: Cluster, *, kills: int) -> list[float]:
    """Kill the worker that works on a run, again and again; gives the seconds from each kill to `recovered`."""
    seconds: list[float] = []
    async with httpx.AsyncClient(base_url=cluster.proxy.url, timeout=30) as client:
        while len(seconds) < kills:
            async with _a_run(client) as follower:
                for time_ in range(1, min(_KILLS_PER_RUN, kills - len(seconds)) + 1):
                    async with asyncio.timeout(_BOUND_SECONDS):
                        seconds.append(await _kill_and_wait(cluster, follower, times=time_))
    return seconds


@asynccontextmanager
async def _a_run(client: httpx.AsyncClient) -> AsyncGenerator[Follower, None]:
    """Ask a question whose answer takes minutes, and follow its run; it is cancelled at the end."""
    answer = (await client.post("/api/runs", json={"input": QUESTION, "route": "paced"})).json()
    follower = Follower(client, answer["run_id"])
    following = asyncio.create_task(follower.follow())
    try:
        yield follower
    finally:
        following.cancel()
        await client.post(f"/api/runs/{follower.run_id}/cancel")


async def _kill_and_wait(cluster: Cluster, follower: Follower, *, times: int) -> float:
    await follower.until_it_speaks()
    worker = _owner(cluster, follower.run_id)
    killed_at = time.perf_counter()
    worker.kill()
    restarting = asyncio.create_task(asyncio.to_thread(worker.start))  # as a service manager does
    recovered_at = await follower.until_recovered(times)
    await restarting
    return recovered_at - killed_at


def _owner(cluster: Cluster, run_id: str) -> Sentinel:
    """Give the worker that holds the run; its process id is part of the owner's name."""
    assert cluster.postgres
    with psycopg.connect(cluster.postgres.url(DATABASE)) as connection:
        row = connection.execute("SELECT owner FROM runs WHERE run_id = %s", (run_id,)).fetchone()
    assert row, "it was accepted"
    return next(worker for worker in cluster.workers if f":{worker.program.pid}" in f"{row[0]}:")
