"""Runs on several processes: asked for on one, worked on by another, followed on any; killed, stopped and moved."""

import asyncio
import os
import signal

import httpx
import psycopg

from sentinel.coordination.job_table import open_job_table
from sentinel.domain.queues import QueuedRun
from tests.integration.queue.machines import Client, House, Sentinel, assert_whole, phases
from tests.support.postgres import PostgresServer

TAKEOVER_SECONDS = 10.0
"""What the design promises."""


def execute(database: str, statement: str) -> int:
    with psycopg.connect(database, autocommit=True) as connection:
        return connection.execute(statement.encode()).rowcount


def holder_of(house: House, client: Client, run_id: str) -> Sentinel:
    """The worker that works on a run."""
    with psycopg.connect(client.database, autocommit=True) as connection:
        row = connection.execute("SELECT owner FROM runs WHERE run_id = %s", (run_id,)).fetchone()
    assert row
    return house.holder(row[0])


async def test_a_run_is_worked_on_by_a_worker_and_read_on_a_server(client: Client) -> None:
    run_id = await client.ask(words=40)
    assert_whole(await client.read_all(run_id))
    assert (await client.run(run_id))["status"] == "completed"


async def test_questions_of_one_thread_follow_each_other_on_any_worker(client: Client) -> None:
    first = await client.ask(words=20)
    thread_id = (await client.run(first))["thread_id"]
    refused = await client.http.post("/api/runs", json={"input": "Hi", "thread_id": thread_id})
    assert refused.status_code == httpx.codes.CONFLICT
    runs = [first]
    for _ in range(4):
        await client.read_all(runs[-1])
        runs.append(await client.ask(words=5, thread_id=thread_id))
    for run_id in runs:
        assert_whole(await client.read_all(run_id, seconds=10))


async def test_a_run_is_cancelled_across_processes(house: House, client: Client) -> None:
    run_id = await client.ask()
    await client.read_some(run_id, 5)
    assert (await client.http.post(f"/api/runs/{run_id}/cancel")).status_code == httpx.codes.ACCEPTED
    events = await client.read_all(run_id, seconds=3)
    assert_whole(events)
    assert events[-1].data["finish_reason"] == "cancelled"
    assert all(worker.program.is_running for worker in house.workers)


async def test_a_killed_worker_loses_its_runs_to_another_that_goes_on_within_the_time_promised(
    house: House, client: Client
) -> None:
    run_id = await client.ask()
    seen = await client.read_some(run_id, 10)
    async with client.http.stream("GET", f"/api/runs/{run_id}/events?after={seen[-1].id}") as response:
        holder_of(house, client, run_id).kill()
        async with asyncio.timeout(TAKEOVER_SECONDS):
            async for line in response.aiter_lines():
                if '"recovered"' in line:
                    break
    events = await client.read_all(run_id)
    assert events[: len(seen)] == seen
    assert_whole(events)
    assert (await client.run(run_id))["recovered"] == 1


async def test_a_worker_that_is_told_to_stop_hands_its_runs_over(house: House, client: Client) -> None:
    run_id = await client.ask(words=600)
    seen = await client.read_some(run_id, 10)
    leaving = holder_of(house, client, run_id)
    assert await asyncio.to_thread(leaving.program.stop) == 0
    events = await client.read_all(run_id)
    assert events[: len(seen)] == seen
    assert_whole(events)
    assert (await client.run(run_id))["recovered"] == 0
    assert "Traceback" not in leaving.log


async def test_a_second_signal_ends_a_worker_at_once(house: House, client: Client) -> None:
    run_id = await client.ask(words=600)
    await client.read_some(run_id, 5)
    leaving = holder_of(house, client, run_id)
    os.kill(leaving.program.pid, signal.SIGTERM)
    async with asyncio.timeout(10):
        while "draining" not in leaving.log:
            await asyncio.sleep(0.02)
    os.kill(leaving.program.pid, signal.SIGTERM)
    assert await asyncio.to_thread(leaving.program.wait, seconds=3) == -signal.SIGTERM
    assert_whole(await client.read_all(run_id))


async def test_a_worker_that_hangs_loses_its_runs_and_does_not_disturb_them_when_it_comes_back(
    house: House, client: Client
) -> None:
    run_id = await client.ask()
    seen = await client.read_some(run_id, 10)
    hung = holder_of(house, client, run_id)
    hung.freeze()
    try:
        async with (
            asyncio.timeout(TAKEOVER_SECONDS),
            client.http.stream("GET", f"/api/runs/{run_id}/events?after={seen[-1].id}") as response,
        ):
            async for line in response.aiter_lines():
                if '"recovered"' in line:
                    break
    finally:
        hung.thaw()
    events = await client.read_all(run_id)
    assert events[: len(seen)] == seen
    assert_whole(events)
    assert (await client.run(run_id))["recovered"] == 1
    async with asyncio.timeout(10):
        while await house.api.figure("sentinel_queue_workers") != 2:  # it was struck off, and is back
            await asyncio.sleep(0.05)
    assert "Traceback" not in hung.log


async def test_a_restart_of_the_database_loses_nothing(
    house: House, client: Client, postgres_server: PostgresServer
) -> None:
    run_id = await client.ask()
    seen = await client.read_some(run_id, 10)
    await asyncio.to_thread(postgres_server.restart)
    events = await client.read_all(run_id)
    assert events[: len(seen)] == seen
    assert_whole(events)
    assert (await client.run(run_id))["recovered"] == 0
    assert_whole(await client.read_all(await client.ask(words=10)))
    for each in (*house.workers, house.api):
        assert each.program.is_running
        assert "Traceback" not in each.log
        assert [line for line in each.log.splitlines() if "psycopg" in line or "procrastinate" in line] == []


async def test_what_a_worker_leaves_that_dies_after_a_restart_of_the_database_goes_on_elsewhere(
    house: House, client: Client, postgres_server: PostgresServer
) -> None:
    await asyncio.to_thread(postgres_server.restart)
    assert_whole(await client.read_all(await client.ask(words=10)))
    run_id = await client.ask(words=600)
    await client.read_some(run_id, 10)
    holder_of(house, client, run_id).kill()
    assert_whole(await client.read_all(run_id))
    assert (await client.run(run_id))["recovered"] == 1


async def test_a_job_too_many_does_no_harm(house: House, client: Client) -> None:
    run_id = await client.ask(words=100)
    await client.read_some(run_id, 3)
    thread_id = (await client.run(run_id))["thread_id"]
    execute(client.database, "UPDATE procrastinate_jobs SET lock = NULL")  # else the job would have to wait
    async with open_job_table(client.database) as table:
        for _ in range(3):
            await table.put(QueuedRun(run_id, thread_id))
        await table.put(QueuedRun("no-such-run", "no-such-thread"))
    events = await client.read_all(run_id)
    assert_whole(events)
    assert phases(events).count("started") == 1
    assert "recovered" not in phases(events)
    assert (await client.run(run_id))["recovered"] == 0
    assert not any("Traceback" in worker.log for worker in house.workers)


async def test_jobs_leave_nothing_behind(client: Client) -> None:
    for _ in range(3):
        assert_whole(await client.read_all(await client.ask(words=5)))
    async with asyncio.timeout(5):
        while execute(client.database, "SELECT 1 FROM procrastinate_jobs"):
            await asyncio.sleep(0.02)
    assert execute(client.database, "SELECT 1 FROM procrastinate_events") == 0


async def test_a_worker_serves_health_and_metrics_and_nothing_else(workers: list[Sentinel]) -> None:
    async with httpx.AsyncClient(base_url=workers[0].url, timeout=5, verify=False) as http:
        codes = {path: (await http.get(path)).status_code for path in ("/health/live", "/health/ready", "/metrics")}
        hidden = {path: (await http.get(path)).status_code for path in ("/", "/api/runs", "/v1/models", "/api/info")}
    assert set(codes.values()) == {200}
    assert set(hidden.values()) == {404}
