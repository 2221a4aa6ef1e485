"""Runs that wait while nobody works: what is seen of them, in which order they are taken, and that none is lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from tests.integration.queue.machines import Client, Machines, Sentinel, assert_whole


@pytest.fixture
async def api(machines: Machines) -> Sentinel:
    """A server that works on no run itself, and no worker."""
    return await machines.api()


@pytest.fixture
async def client(machines: Machines, api: Sentinel) -> AsyncIterator[Client]:
    async with machines.client(api) as opened:
        yield opened


async def test_what_waits_is_seen_and_taken_in_order_and_what_was_lost_is_found(
    machines: Machines, api: Sentinel, client: Client
) -> None:
    batch = [await client.ask(words=5, priority="batch") for _ in range(2)]
    interactive = [await client.ask(words=5) for _ in range(2)]
    async with asyncio.timeout(10):
        while await api.figure("sentinel_queue_waiting", priority="interactive") != 2:
            await asyncio.sleep(0.05)
    assert await api.figure("sentinel_queue_waiting", priority="batch") == 2
    assert await api.figure("sentinel_queue_workers") == 0
    check = (await api.health())["checks"]["queue"]
    assert check["status"] == "degraded"
    assert check["detail"] == "no process works on runs: 4 waiting, 0 running, 0 working processes"
    await machines.worker(WORKER_CONCURRENCY="1")
    for run_id in (*batch, *interactive):
        assert_whole(await client.read_all(run_id))
    begun = {run_id: (await client.run(run_id))["started_at"] for run_id in (*batch, *interactive)}
    assert sorted(begun, key=begun.__getitem__) == [*interactive, *batch]


async def test_a_run_whose_job_was_lost_is_put_back(machines: Machines, client: Client) -> None:
    run_id = await client.ask(words=10)
    with psycopg.connect(client.database, autocommit=True) as connection:
        assert connection.execute("DELETE FROM procrastinate_jobs").rowcount == 1
    await machines.worker()
    assert_whole(await client.read_all(run_id))


async def test_a_run_that_nobody_has_begun_is_cancelled_without_a_worker(client: Client) -> None:
    run_id = await client.ask()
    await client.http.post(f"/api/runs/{run_id}/cancel")
    events = await client.read_all(run_id, seconds=5)
    assert events[-1].data["finish_reason"] == "cancelled"


async def test_a_server_works_on_runs_itself_unless_it_is_told_not_to(machines: Machines) -> None:
    server = await machines.api(SENTINEL_EMBEDDED_WORKER="on")
    async with machines.client(server) as client:
        assert_whole(await client.read_all(await client.ask(words=20)))


async def test_a_worker_on_sqlite_says_what_it_needs(machines: Machines, tmp_path: Path) -> None:
    code, said = await machines.refused("worker", DATABASE_URL=f"sqlite:///{tmp_path / 'sentinel.db'}")
    assert code == 1
    assert said.splitlines() == [
        "sentinel: workers need PostgreSQL, and DATABASE_URL names SQLite; `sentinel serve` works on its runs itself"
    ]


async def test_a_worker_whose_port_is_taken_says_so(machines: Machines, api: Sentinel) -> None:
    code, said = await machines.refused("worker", WORKER_PORT=str(api.port))
    assert code == 1
    expected = f"sentinel: cannot listen on 127.0.0.1:{api.port}: it is already in use; set WORKER_PORT to another one"
    assert said.splitlines() == [expected]
