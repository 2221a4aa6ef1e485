"""A database that is full, locked or restarted in the middle of a run: nothing is lost, nothing is doubled."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest

from sentinel.domain.events import EventType
from sentinel.errors import StoreUnavailableError
from sentinel.persistence.engine import Engine, create_engine
from sentinel.testing.clock import FakeClock
from tests.support.bounded import bounded
from tests.support.postgres import PostgresServer
from tests.support.run_builders import completed
from tests.support.stores import Stores, sql_stores_over


@asynccontextmanager
async def _stores(url: str, clock: FakeClock) -> AsyncIterator[tuple[Stores, Engine]]:
    engine = create_engine(url)
    stores = sql_stores_over(engine, clock)
    async with stores.journal:
        yield stores, engine
    await engine.dispose()


async def _pragma(engine: Engine, pragma: str) -> None:
    """Set it on the connection that writes; the pool gives the same one as long as nobody reads."""
    await engine.write(lambda connection: connection.exec_driver_sql(f"PRAGMA {pragma}").all())


async def _told(stores: Stores, *states: bool) -> None:
    """Wait until the journal has said so; the database is real, and so is this short wait."""
    async with asyncio.timeout(20):
        while stores.states != [*states]:
            await asyncio.sleep(0.01)


async def _retried(clock: FakeClock, flushed: asyncio.Future[None]) -> None:
    """Turn the clock until the journal, which waits longer each time, has tried again with success."""
    async with asyncio.timeout(20):
        while not flushed.done():
            await clock.elapse(2)
            await asyncio.wait({flushed}, timeout=0.05)
    await flushed


async def test_a_full_disk_loses_nothing_and_is_reported_once(sqlite_url: str, clock: FakeClock) -> None:
    async with _stores(sqlite_url, clock) as (stores, engine):
        log = stores.journal.open(await stores.claim(await stores.ask()))
        await _pragma(engine, "max_page_count=1")
        log.append(EventType.TOKEN, {"text": "x" * 500_000})
        flushed = asyncio.ensure_future(log.flush())
        await _told(stores, False)
        await clock.elapse(5)
        assert not flushed.done()
        assert stores.published == []
        with pytest.raises(StoreUnavailableError, match="full"):
            await stores.ask("y" * 500_000)

        await _pragma(engine, "max_page_count=100000")
        await _retried(clock, flushed)
        assert stores.states == [False, True]
        assert [event.seq for event in stores.published] == [2]
        assert await stores.events.read("run-1", after=1) == stores.published


async def test_another_process_that_holds_the_lock_too_long_is_waited_out(sqlite_url: str, clock: FakeClock) -> None:
    async with _stores(sqlite_url, clock) as (stores, engine):
        log = stores.journal.open(await stores.claim(await stores.ask()))
        await _pragma(engine, "busy_timeout=1")
        intruder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        log.append(EventType.STATUS, {"phase": "started"})
        flushed = asyncio.ensure_future(log.flush())
        await _told(stores, False)
        with pytest.raises(StoreUnavailableError, match="locked"):
            await stores.ask()

        intruder.rollback()
        intruder.close()
        await _retried(clock, flushed)
        assert stores.states == [False, True]


async def test_a_slow_postgres_holds_up_writing_and_nothing_else(migrated_postgres: str, clock: FakeClock) -> None:
    async with _stores(migrated_postgres, clock) as (stores, _):
        run = await stores.claim(await stores.ask())
        log = stores.journal.open(run)
        with psycopg.connect(migrated_postgres.replace("+asyncpg", "")) as intruder:
            intruder.execute("LOCK TABLE runs IN EXCLUSIVE MODE")  # its readers are let through
            log.append(EventType.TOKEN, {"text": "late"})
            flushed = asyncio.ensure_future(log.flush())
            for _ in range(3):
                assert (await stores.runs.get(run.run_id)).last_seq == run.last_seq
            assert not flushed.done()
            intruder.rollback()
        await bounded(flushed, 10)
        assert (await stores.runs.get(run.run_id)).last_seq == run.last_seq + 1


async def test_a_restart_of_the_database_in_mid_run_loses_and_doubles_nothing(
    migrated_postgres: str, postgres_server: PostgresServer, clock: FakeClock
) -> None:
    async with _stores(migrated_postgres, clock) as (stores, engine):
        log = stores.journal.open(await stores.claim(await stores.ask()))
        log.append(EventType.TOKEN, {"text": "before "})
        await log.flush()
        postgres_server.stop()
        log.append(EventType.TOKEN, {"text": "during "})
        flushed = asyncio.ensure_future(log.flush())
        await _told(stores, False)
        with pytest.raises(StoreUnavailableError):
            await stores.runs.get("run-1")
        with pytest.raises(StoreUnavailableError):
            await engine.ping()

        postgres_server.restart()
        await engine.ping()
        await _retried(clock, flushed)
        await log.finish(completed("before during "))
        assert stores.states == [False, True]
        events = await stores.events.read("run-1", after=1)
        assert [event.data["text"] for event in events] == ["before ", "during ", "before during "]
        assert [event.seq for event in events] == [2, 3, 4]
        assert events == stores.published
