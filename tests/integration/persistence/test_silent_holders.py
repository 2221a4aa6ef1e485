"""A process that falls silent in the middle of a transaction: its rows are free before its leases are taken over."""

import asyncio
import time

from sqlalchemy import Connection, insert, text, update

from sentinel.persistence.database_url import normalise
from sentinel.persistence.engine import create_engine
from sentinel.persistence.postgres_engine import PostgresEngine
from sentinel.persistence.tables import faults, runs
from sentinel.testing.clock import FakeClock
from tests.support.line import Old, line_to
from tests.support.run_builders import at
from tests.support.stores import sql_stores_over

LEASE_SECONDS = 6.0
LAPSED = 0.0


async def test_who_is_cut_off_in_mid_transaction_keeps_nobody_from_its_run(
    migrated_postgres: str, clock: FakeClock
) -> None:
    near = create_engine(migrated_postgres)
    async with line_to(migrated_postgres).running() as line:
        far = create_engine(line.reaching(migrated_postgres))
        stores, is_silent = sql_stores_over(near, clock), asyncio.Event()
        run = await stores.ask()
        await stores.runs.claim(run.run_id, owner="far", lease_seconds=LAPSED, at=at(1))

        def fall_silent(connection: Connection) -> None:
            connection.execute(update(runs).where(runs.c.run_id == run.run_id).values(last_seq=7))
            line.silence()
            is_silent.set()
            connection.execute(text("SELECT 1"))

        cut_off = asyncio.create_task(far.write(fall_silent))
        await is_silent.wait()
        try:
            async with asyncio.timeout(LEASE_SECONDS):
                claimed = await stores.runs.claim(run.run_id, owner="near", lease_seconds=60, at=at(2))
        finally:
            cut_off.cancel()
            line.speak(Old.BREAK)
            await asyncio.gather(cut_off, return_exceptions=True)
            await far.dispose()
            await near.dispose()
    assert claimed
    assert (claimed.last_seq, claimed.recovered) == (run.last_seq, 1)


async def test_a_process_that_only_stood_still_makes_its_transaction_again(migrated_postgres: str) -> None:
    engine = PostgresEngine(normalise(migrated_postgres), connections=1, rng=lambda: 0.0)
    tries: list[int] = []

    def stand_still(connection: Connection) -> None:
        tries.append(len(tries))
        row = {"kind": "k", "actor": "a", "created_at": at(0), "target": f"try {len(tries)}"}
        connection.execute(insert(faults), row)
        if len(tries) == 1:
            connection.execute(text("SET idle_in_transaction_session_timeout = 5"))
            time.sleep(0.05)  # noqa: TID251 nothing else of the process goes on either: that is what it means
        connection.execute(text("SELECT 1"))

    await engine.write(stand_still)
    kept = await engine.read(lambda connection: [row.target for row in connection.execute(faults.select())])
    assert kept == ["try 2"]
    await engine.dispose()
