"""Jobs in PostgreSQL: who gets which, what locks keep apart, what is left of a worker that died."""

import asyncio

import psycopg

from sentinel.coordination.job_table import JobTable
from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import Priority


def execute(database: str, statement: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute(statement.encode())


async def taken(table: JobTable, worker: int) -> str | None:
    job = await table.take(worker)
    return job.run.run_id if job else None


async def test_runs_come_in_the_order_in_which_they_were_asked_for_and_interactive_ones_first(table: JobTable) -> None:
    worker = await table.register()
    await table.put(QueuedRun("batch", "t1", Priority.BATCH))
    await table.put(QueuedRun("first", "t2"))
    await table.put(QueuedRun("second", "t3"))
    assert [await taken(table, worker) for _ in range(4)] == ["first", "second", "batch", None]


async def test_batch_runs_come_first_when_it_is_their_turn_and_others_if_there_are_none(table: JobTable) -> None:
    worker = await table.register()
    await table.put(QueuedRun("first", "t1"))
    await table.put(QueuedRun("batch", "t2", Priority.BATCH))
    jobs = [await table.take(worker, first=Priority.BATCH) for _ in range(3)]
    assert [job and job.run.run_id for job in jobs] == ["batch", "first", None]


async def test_a_job_carries_its_run_to_the_worker(table: JobTable) -> None:
    run = QueuedRun("run", "thread", Priority.BATCH)
    await table.put(run)
    job = await table.take(await table.register())
    assert job
    assert job.run == run


async def test_a_worker_is_told_again_what_it_has_taken_and_nothing_else(table: JobTable) -> None:
    mine, other = await table.register(), await table.register()
    for name in ("first", "second", "third"):
        await table.put(QueuedRun(name, name))
    jobs = [await table.take(worker) for worker in (mine, other)]
    assert [await table.taken_by(worker) for worker in (mine, other)] == [[jobs[0]], [jobs[1]]]


async def test_a_run_that_is_put_twice_waits_once(table: JobTable) -> None:
    worker = await table.register()
    await asyncio.gather(*(table.put(QueuedRun("run", "thread")) for _ in range(5)))
    assert [await taken(table, worker), await taken(table, worker)] == ["run", None]


async def test_two_workers_never_have_jobs_of_one_thread_at_once(table: JobTable) -> None:
    one, two = await table.register(), await table.register()
    await table.put(QueuedRun("first", "thread"))
    await table.put(QueuedRun("second", "thread"))
    job = await table.take(one)
    assert job
    assert await table.take(two) is None
    await table.remove([job.job_id])
    assert await taken(table, two) == "second"


async def test_removing_a_job_that_is_gone_is_nothing(table: JobTable) -> None:
    await table.put(QueuedRun("run", "thread"))
    job = await table.take(await table.register())
    assert job
    await table.remove([job.job_id])
    await table.remove([job.job_id])


async def test_listeners_hear_of_new_jobs_and_of_those_to_stop(table: JobTable) -> None:
    begun, put, aborted = asyncio.Event(), asyncio.Event(), asyncio.Queue[int]()
    listening = asyncio.create_task(table.listen(on_listening=begun.set, on_put=put.set, on_abort=aborted.put))
    worker = await table.register()
    async with asyncio.timeout(10):
        await begun.wait()
        await table.put(QueuedRun("run", "thread"))
        await put.wait()
        while job := await table.take(worker):
            assert await table.abort(job.run.run_id)
            assert await aborted.get() == job.job_id
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)


async def test_a_job_that_nobody_has_begun_has_nobody_to_be_stopped(table: JobTable) -> None:
    await table.put(QueuedRun("run", "thread"))
    assert not await table.abort("run")
    assert await taken(table, await table.register()) == "run"


async def test_only_workers_without_a_sign_of_life_lose_their_jobs(table: JobTable, database: str) -> None:
    silent, well = await table.register(), await table.register()
    for name in ("lost", "kept"):
        await table.put(QueuedRun(name, name))
    await table.take(silent)
    await table.take(well)
    execute(database, f"UPDATE procrastinate_workers SET last_heartbeat = now() - interval '7 s' WHERE id = {silent}")
    assert await table.drop_stalled(6.0) == 1
    figures = await table.figures(6.0)
    assert (figures.running, figures.workers) == (1, 1)
    await table.put(QueuedRun("lost", "lost"))  # its thread's lock is free again
    assert await taken(table, well) == "lost"


async def test_a_sign_of_life_keeps_a_worker(table: JobTable, database: str) -> None:
    worker = await table.register()
    execute(database, "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '7 s'")
    assert await table.beat(worker)
    assert (await table.figures(6.0)).workers == 1
    await table.unregister(worker)
    assert (await table.figures(6.0)).workers == 0
    assert not await table.beat(worker)


async def test_one_process_at_a_time_sweeps_for_all(table: JobTable) -> None:
    turns = await asyncio.gather(*(table.take_turn(60.0) for _ in range(5)))
    assert sorted(turns) == [False] * 4 + [True]


async def test_figures_tell_what_waits_by_priority_and_for_how_long(table: JobTable, database: str) -> None:
    empty = await table.figures(6.0)
    assert (empty.oldest_waiting_seconds, empty.running) == (0.0, 0)
    await table.put(QueuedRun("batch", "t1", Priority.BATCH))
    await table.put(QueuedRun("first", "t2"))
    await table.put(QueuedRun("second", "t3"))
    execute(database, "UPDATE procrastinate_events SET at = now() - interval '90 s' WHERE job_id = 1")
    await table.take(await table.register())
    figures = await table.figures(6.0)
    assert figures.waiting == {Priority.INTERACTIVE: 1, Priority.BATCH: 1}
    assert 90.0 <= figures.oldest_waiting_seconds < 100.0
    assert (figures.running, figures.workers) == (1, 1)
