"""A real server on a disk that is full, and on PostgreSQL that is away for a while: readers stay, nothing is lost."""

import asyncio
import resource
from typing import Any

import httpx

from tests.support.bounded import bounded
from tests.support.postgres import PostgresServer
from tests.support.server import Serve, Server
from tests.support.sse import Frame, frames

LONG = "Explain circuit breakers in a long answer of 150 words"


async def follow(server: Server, run_id: str, seen: list[Frame]) -> None:
    """Read a run's events to the end over one connection: whoever is let go fails."""
    async with (
        httpx.AsyncClient(base_url=server.url, timeout=60, verify=False) as http,
        http.stream("GET", f"/api/runs/{run_id}/events") as response,
    ):
        async for frame in frames(response):
            seen.append(frame)  # noqa: PERF401 others look at it meanwhile


async def ask(http: httpx.AsyncClient) -> str:
    response = await http.post("/api/runs", json={"input": LONG})
    assert response.status_code == 202, response.text
    return str(response.json()["run_id"])


async def until(what: Any, *, seconds: float = 30) -> None:
    """Wait until a coroutine function gives a true value."""
    async with asyncio.timeout(seconds):
        while not await what():
            await asyncio.sleep(0.05)


def assert_whole(seen: list[Frame]) -> None:
    assert [frame.id for frame in seen] == [str(number) for number in range(1, len(seen) + 1)]
    assert seen[-1].event == "completion"
    assert "".join(frame.data["text"] for frame in seen if frame.event == "token") == seen[-1].data["text"]


def limit_files(server: Server, size: int) -> None:
    """Let no file of the server grow beyond this: to SQLite it is a disk that fails to take more."""
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))


def size_of_wal(server: Server) -> int:
    return (server.folder / "sentinel.db-wal").stat().st_size


async def test_on_a_full_disk_runs_pause_readers_stay_and_all_goes_on_when_there_is_room(serve: Serve) -> None:
    server = await serve({"SIMULATED_WORDS_PER_SECOND": "25"})
    async with httpx.AsyncClient(base_url=server.url, timeout=30, verify=False) as http:
        run_id, seen = await ask(http), list[Frame]()
        reading = asyncio.create_task(follow(server, run_id, seen))

        async def answering() -> bool:
            return any(frame.event == "token" for frame in seen)

        async def health() -> int:
            return (await http.get("/health/ready")).status_code

        await until(answering)
        limit_files(server, size_of_wal(server))

        async def unhealthy() -> bool:
            return await health() == 503

        await until(unhealthy)
        refused = await http.post("/api/runs", json={"input": "Hello"})
        assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
        assert (await http.get(f"/api/runs/{run_id}")).json()["status"] == "running"
        assert not reading.done()

        limit_files(server, resource.RLIM_INFINITY)

        async def healthy() -> bool:
            return await health() == 200

        await until(healthy)
        await bounded(reading, 60)
    assert_whole(seen)


async def test_while_postgres_is_restarted_runs_pause_and_readers_stay(
    serve: Serve, postgres_server: PostgresServer
) -> None:
    database = postgres_server.create_database()
    server = await serve(
        {"SIMULATED_WORDS_PER_SECOND": "25", "DATABASE_URL": postgres_server.url(database)},
        config="database: {connections: 3, checkpoint_connections: 2}\n",
    )
    try:
        async with httpx.AsyncClient(base_url=server.url, timeout=30, verify=False) as http:
            run_ids = [await ask(http) for _ in range(8)]
            seen: list[list[Frame]] = [[] for _ in run_ids]
            reading = [
                asyncio.create_task(follow(server, run_id, frames_))
                for run_id, frames_ in zip(run_ids, seen, strict=True)
            ]

            async def answering() -> bool:
                return all(any(frame.event == "token" for frame in frames_) for frames_ in seen)

            await until(answering)
            await asyncio.to_thread(postgres_server.stop)
            refused = await http.post("/api/runs", json={"input": "Hello"})
            assert (refused.status_code, refused.json()["code"]) == (503, "store_unavailable")
            assert (await http.get("/health/ready")).status_code == 503
            await asyncio.to_thread(postgres_server.restart)
            async with asyncio.timeout(60):
                await asyncio.gather(*reading)
        for frames_ in seen:
            assert_whole(frames_)
    finally:
        server.stop()
        postgres_server.drop_database(database)
