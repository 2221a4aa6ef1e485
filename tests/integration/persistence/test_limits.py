"""What a database can do to us short of going away, and how little of it we hold at any time."""

import asyncio
import os
import shutil
import sqlite3
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, insert, text, update
from sqlalchemy.event import listen, remove

from sentinel.coordination.live_events import LiveEvents
from sentinel.domain.events import Event, EventType
from sentinel.errors import StoreUnavailableError
from sentinel.persistence.database_url import libpq_url, normalise
from sentinel.persistence.engine import Engine, create_engine
from sentinel.persistence.journal import Journal
from sentinel.persistence.postgres_engine import PostgresEngine
from sentinel.persistence.sqlite_engine import SqliteEngine
from sentinel.persistence.tables import faults, threads
from sentinel.persistence.writability import rewrite
from sentinel.testing.clock import FakeClock
from tests.support.run_builders import at, completed
from tests.support.stores import Stores, sql_stores_over

_FAULT = {"kind": "k", "actor": "a", "created_at": at(0)}


@pytest.fixture
async def postgres(migrated_postgres: str) -> AsyncIterator[PostgresEngine]:
    """An engine whose pauses take no time."""
    engine = PostgresEngine(normalise(migrated_postgres), connections=4, rng=lambda: 0.0)
    yield engine
    await engine.dispose()


async def test_the_words_that_hosting_services_put_into_an_address_are_understood(migrated_postgres: str) -> None:
    words = "sslmode=prefer&channel_binding=prefer&connect_timeout=5&keepalives=1&application_name=shop"
    named = f"{migrated_postgres}?{words}&options=-c%20statement_timeout%3D5432"
    engine = create_engine(named, connections=1)
    shown = text("SELECT current_setting('application_name'), current_setting('statement_timeout')")
    assert tuple(await engine.read(lambda open_: open_.execute(shown).one())) == ("shop", "5432ms")
    await engine.dispose()
    with psycopg.connect(libpq_url(engine.url)) as connection:
        assert connection.execute(shown.text).fetchone() == ("shop", "5432ms")


class Tried:
    """Work that does something else the first times, and then writes a row."""

    def __init__(self, *instead: str) -> None:
        self.times = 0
        self._instead = list(instead)

    def __call__(self, connection: Connection) -> None:
        """Write a row that must not stand if this try fails."""
        self.times += 1
        connection.execute(insert(faults), {**_FAULT, "target": f"try-{self.times}"})
        if self._instead:
            connection.execute(text(self._instead.pop(0)))


def _targets(connection: Connection) -> list[str]:
    return [row.target for row in connection.execute(faults.select().order_by(faults.c.target))]


_SERIALIZATION = "DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '40001'; END $$"
_LOST = "SELECT pg_terminate_backend(pg_backend_pid())"


@pytest.mark.parametrize("trouble", [_SERIALIZATION, _LOST])
async def test_a_transaction_of_which_nothing_stands_is_made_again(postgres: PostgresEngine, trouble: str) -> None:
    work = Tried(trouble, trouble)
    await postgres.write(work)
    assert (work.times, await postgres.read(_targets)) == (3, ["try-3"])


async def test_it_is_not_made_again_for_ever(postgres: PostgresEngine) -> None:
    work = Tried(*[_SERIALIZATION] * 100)
    with pytest.raises(StoreUnavailableError):
        await postgres.write(work)
    assert (work.times, await postgres.read(_targets)) == (5, [])


async def test_a_commit_whose_answer_was_lost_is_not_made_again(
    migrated_postgres: str, postgres: PostgresEngine
) -> None:
    with psycopg.connect(migrated_postgres, autocommit=True) as connection:
        connection.execute(
            f"CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM ({_LOST}); RETURN NULL; END $$"
        )
        connection.execute(
            "CREATE CONSTRAINT TRIGGER dies AFTER INSERT ON faults DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION die()"
        )
    work = Tried()
    with pytest.raises(StoreUnavailableError):
        await postgres.write(work)
    assert work.times == 1


async def test_two_transactions_that_wait_for_each_other_both_succeed(postgres: PostgresEngine) -> None:
    stores = sql_stores_over(postgres, FakeClock())
    for name in "ab":
        await stores.threads.create(name, "", at(0))
    meeting = threading.Barrier(2, timeout=10)
    tries: list[str] = []

    def in_order(connection: Connection, first: str, second: str) -> None:
        tries.append(first)
        _rename(connection, first)
        if len(tries) <= 2:
            connection.execute(text("SELECT pg_sleep(0.3)"))  # so that the other has its first row, too
        _rename(connection, second)

    await asyncio.gather(postgres.write(in_order, "a", "b"), postgres.write(in_order, "b", "a"))
    assert sorted(tries) in (["a", "a", "b"], ["a", "b", "b"])
    assert meeting.broken is False


def _rename(connection: Connection, thread_id: str) -> None:
    connection.execute(update(threads).where(threads.c.thread_id == thread_id).values(title="renamed"))


@contextmanager
def statements_of(engine: Engine) -> Iterator[list[str]]:
    """What is sent to the database."""
    inner: Any = engine
    target = getattr(inner._engine, "sync_engine", inner._engine)
    sent: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        sent.append(statement.split(maxsplit=1)[0])

    listen(target, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        remove(target, "before_cursor_execute", note)


@pytest.mark.parametrize("runs", [1, 30])
async def test_a_flush_is_three_statements_however_many_runs_it_has(
    sql_stores: Stores, engine: Engine, runs: int
) -> None:
    logs = [sql_stores.journal.open(await sql_stores.claim(await sql_stores.ask())) for _ in range(runs)]
    with statements_of(engine) as sent:
        for log in logs:
            log.append(EventType.STATUS, {"phase": "started"})
            log.append(EventType.TOKEN, {"text": "a", "message_id": "m"})
        await asyncio.gather(*(log.flush() for log in logs))
    assert [word for word in sent if word != "BEGIN"] == ["SELECT", "INSERT", "UPDATE"]


async def test_fifty_readers_and_twenty_runs_get_on_with_two_connections(migrated_postgres: str) -> None:
    engine = create_engine(migrated_postgres, connections=2)
    stores = sql_stores_over(engine, FakeClock())
    live = LiveEvents(log=stores.events, most_waiting=5)  # so few that readers have to go back to the log
    try:
        async with Journal(engine=engine, clock=FakeClock(), publish=live.publish) as journal:
            runs = [await stores.claim(await stores.ask()) for _ in range(20)]
            readers = [asyncio.create_task(read(live, runs[number % 20].run_id)) for number in range(50)]
            await asyncio.gather(*(stream(journal.open(run)) for run in runs))
            async with asyncio.timeout(30):
                seen = await asyncio.gather(*readers)
            assert all([event.seq for event in events] == list(range(1, 33)) for events in seen)
            with psycopg.connect(migrated_postgres) as other:
                found = other.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sentinel' "
                                      "AND datname = current_database()").fetchone()  # fmt: skip
            assert found is not None
            assert found[0] <= 2
    finally:
        await engine.dispose()


async def stream(log: Any) -> None:
    for number in range(30):
        log.append(EventType.TOKEN, {"text": f"{number} ", "message_id": "m"})
        await log.flush()
    await log.finish(completed())


async def read(live: LiveEvents, run_id: str) -> list[Event]:
    async with live.follow(run_id, after=0) as events:
        return [event async for event in events]


async def test_followers_who_wait_hold_no_connection(migrated_postgres: str) -> None:
    engine = create_engine(migrated_postgres, connections=2)
    stores = sql_stores_over(engine, FakeClock())
    live = LiveEvents(log=stores.events, clock=FakeClock())
    run = await stores.ask()
    readers = [asyncio.create_task(read(live, run.run_id)) for _ in range(50)]
    inner: Any = engine
    async with asyncio.timeout(10):
        while live.followers < 50 or inner._engine.pool.checkedout():  # the first look at the log takes its turn
            await asyncio.sleep(0.01)
        await asyncio.gather(*(engine.ping() for _ in range(20)))
    live.end()
    await asyncio.gather(*readers)
    await engine.dispose()


@asynccontextmanager
async def impatient_sqlite(url: str) -> AsyncIterator[SqliteEngine]:
    """An engine whose writes wait only moments for other processes and for each other."""
    engine = SqliteEngine(normalise(url), queue_seconds=0.2)
    await engine.write(lambda connection: connection.exec_driver_sql("PRAGMA busy_timeout=150").all())
    yield engine
    await engine.dispose()


async def test_writes_behind_a_lock_fail_together_and_not_one_after_the_other(sqlite_url: str) -> None:
    async with impatient_sqlite(sqlite_url) as engine:
        intruder = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
        intruder.execute("BEGIN IMMEDIATE")
        began = asyncio.get_running_loop().time()
        writes = [engine.write(lambda connection: connection.execute(text("SELECT 1")).all()) for _ in range(40)]
        results = await asyncio.gather(*writes, return_exceptions=True)
        took = asyncio.get_running_loop().time() - began
        assert all(isinstance(result, StoreUnavailableError) for result in results)
        assert sum("locked" in str(result) for result in results) <= 3
        assert took < 40 * 0.15 / 2
        assert await engine.read(_targets) == []  # reading goes on
        with pytest.raises(StoreUnavailableError):
            await engine.ping()
        intruder.rollback()
        intruder.close()
        await engine.ping()
        await engine.write(insert_one)
        assert await engine.read(_targets) == ["one"]


def insert_one(connection: Connection) -> None:
    connection.execute(insert(faults), {**_FAULT, "target": "one"})


async def test_a_database_that_can_only_be_read_says_so_until_it_can_be_written(sqlite_url: str) -> None:
    async with impatient_sqlite(sqlite_url) as engine:
        await _pragma(engine, "query_only=ON")
        await engine.ping()  # nobody has tried to write yet
        with pytest.raises(StoreUnavailableError, match="readonly"):
            await engine.write(insert_one)
        with pytest.raises(StoreUnavailableError, match="readonly"):
            await engine.ping()
        await _pragma(engine, "query_only=OFF")
        await engine.ping()


async def _pragma(engine: SqliteEngine, pragma: str) -> None:
    """Set it on the connection that writes and on every other."""
    for connection in list(engine._engine.pool._pool.queue):  # type: ignore[attr-defined]
        connection.dbapi_connection.execute(f"PRAGMA {pragma}")


@pytest.mark.parametrize("is_replaced", [False, True])
async def test_a_database_whose_file_was_taken_away_takes_nothing_until_it_is_back(
    sqlite_url: str, *, is_replaced: bool
) -> None:
    """What would be written to it, nobody would find again."""
    async with impatient_sqlite(sqlite_url) as engine:
        await engine.write(insert_one)
        file = Path(engine.url.database or "")
        taken = file.with_suffix(".taken")
        os.rename(file, taken)
        if is_replaced:
            shutil.copy(taken, file)
        for _ in range(2):
            with pytest.raises(StoreUnavailableError, match="removed or replaced"):
                await engine.write(rewrite)
            with pytest.raises(StoreUnavailableError, match="removed or replaced"):
                await engine.ping()
        assert await engine.read(_targets) == ["one"]
        os.replace(taken, file)
        await engine.ping()
        await engine.write(rewrite)


async def test_a_file_that_is_gone_is_missed_although_nobody_writes(sqlite_url: str) -> None:
    async with impatient_sqlite(sqlite_url) as engine:
        await engine.ping()
        os.unlink(engine.url.database or "")
        with pytest.raises(StoreUnavailableError, match="removed or replaced"):
            await engine.ping()
