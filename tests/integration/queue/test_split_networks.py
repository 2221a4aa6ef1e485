"""A worker that the network cuts off from the database, and a database that hangs: nothing is lost, nothing doubled."""

import asyncio
from collections.abc import AsyncIterator

import psycopg
import pytest

from tests.integration.queue.machines import WORDS, Client, House, Sentinel, assert_whole
from tests.support.line import Line, Old, line_to
from tests.support.postgres import PostgresServer

pytestmark = pytest.mark.timeout(180)  # several processes have to start first

TAKEOVER_SECONDS = 10.0
"""What the design promises."""
HANGS_SECONDS = 8.0
"""Longer than a lease."""


@pytest.fixture
async def line(client: Client) -> AsyncIterator[Line]:
    """What lies between one worker and the database."""
    async with line_to(client.database).running() as line:
        yield line


@pytest.fixture
async def far(house: House, client: Client, line: Line) -> AsyncIterator[Sentinel]:
    """A third worker, at the far end of the line."""
    worker = await house.machines.worker(DATABASE_URL=line.reaching(client.database))
    yield worker
    if worker.program.is_running:
        worker.kill()


async def held_by(worker: Sentinel, client: Client, words: int = WORDS) -> tuple[str, list[str]]:
    """Ask until a run is worked on by that worker; gives it, and the others."""
    others: list[str] = []
    async with asyncio.timeout(60):
        while True:
            run_id = await client.ask(words)
            await client.read_some(run_id, 5)
            if str(worker.program.pid) in owner(client, run_id):
                return run_id, others
            others.append(run_id)


def owner(client: Client, run_id: str) -> str:
    with psycopg.connect(client.database, autocommit=True) as connection:
        row = connection.execute("SELECT owner FROM runs WHERE run_id = %s", (run_id,)).fetchone()
    assert row
    return str(row[0])


async def until_told(worker: Sentinel, line: str, times: int) -> None:
    """Wait until a line has been logged so many times."""
    async with asyncio.timeout(15):
        while worker.log.count(line) < times:
            await asyncio.sleep(0.05)


async def until_recovered(client: Client, run_id: str) -> None:
    """Read until somebody else goes on."""
    async with (
        asyncio.timeout(TAKEOVER_SECONDS),
        client.http.stream("GET", f"/api/runs/{run_id}/events") as response,
    ):
        async for text in response.aiter_lines():
            if '"recovered"' in text:
                return


async def test_a_worker_that_the_network_cuts_off_loses_its_runs_and_leaves_them_alone_when_it_is_back(
    far: Sentinel, client: Client, line: Line
) -> None:
    others: list[str] = []
    for times, old in enumerate((Old.GO_ON, Old.STAY_SILENT), 1):
        run_id, asked = await held_by(far, client)
        others += asked
        line.silence()
        await until_recovered(client, run_id)
        line.speak(old)
        await until_told(far, "run_taken_over", times)
        assert_whole(await client.read_all(run_id))
        assert (await client.run(run_id))["recovered"] == 1
    for other in others:
        assert_whole(await client.read_all(other))
        assert (await client.run(other))["recovered"] == 0
    assert "Traceback" not in far.log


async def test_a_database_that_hangs_for_longer_than_a_lease_takes_no_run_from_anybody(
    house: House, client: Client, postgres_server: PostgresServer
) -> None:
    runs = [await client.ask() for _ in range(4)]
    seen = {run_id: await client.read_some(run_id, 5) for run_id in runs}
    postgres_server.freeze()
    try:
        await asyncio.sleep(HANGS_SECONDS)  # it is what hanging means
    finally:
        postgres_server.thaw()
    for run_id in runs:
        events = await client.read_all(run_id)
        assert events[: len(seen[run_id])] == seen[run_id]
        assert_whole(events)
        assert (await client.run(run_id))["recovered"] == 0
    assert_whole(await client.read_all(await client.ask(words=10)))
    assert not any("Traceback" in each.log for each in (*house.workers, house.api))
