"""Where LangGraph keeps its checkpoints: a file of its own beside SQLite, or the PostgreSQL database.

They only carry a run through a crash (thread_id = run_id); the conversation lives in `messages`. When a run has
ended its runner calls `adelete_thread(run_id)`, so this store stays small. Only plain types are revived from it.
"""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from psycopg import AsyncConnection, Error
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from sentinel.errors import StoreUnavailableError
from sentinel.persistence.database_url import is_sqlite, libpq_url, normalise, prepare_file
from sentinel.persistence.driver_errors import first_line, translated
from sentinel.persistence.sharded_saver import ShardedSaver

_BUSY_TIMEOUT_SECONDS = 5.0
_CONNECT_TIMEOUT_SECONDS = 10
_CONNECTION: dict[str, Any] = {
    "autocommit": True,
    "row_factory": dict_row,
    "prepare_threshold": 0,
    "connect_timeout": _CONNECT_TIMEOUT_SECONDS,
}
_THREADS = "SELECT thread_id FROM checkpoints UNION SELECT thread_id FROM"
_LOCK_RETRY_SECONDS = 0.1
_SETUP_LOCK = 0x53454E54494E434B  # the key of the advisory lock under which the tables are made


@asynccontextmanager
async def open_checkpointer(
    database_url: str, path: Path, *, connections: int = 4
) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    """Open the saver: in the file `path` when the database is SQLite, else in the database, over `connections`.

    Raises:
        ConfigurationError: the URL is wrong, or the file cannot be written.
        StoreUnavailableError: the database cannot be reached.
    """
    url = normalise(database_url)
    opened = _open_sqlite(path) if is_sqlite(url) else _open_postgres(libpq_url(url), connections)
    async with opened as saver:
        yield saver


async def prepare_checkpoint_tables(conninfo: str) -> None:
    """Make the tables in PostgreSQL, or bring them up to date; where they are, no right to do so is needed.

    Raises:
        StoreUnavailableError: the database cannot be reached, or refuses.
    """
    try:
        async with await AsyncConnection.connect(conninfo, **_CONNECTION) as connection:
            if not await _has_tables(connection):
                await _make_tables(connection)
    except Error as error:
        message = f"the checkpoint tables cannot be made: {first_line(error)}"
        raise StoreUnavailableError(message) from error


async def kept_threads(saver: BaseCheckpointSaver[Any]) -> set[str]:
    """Give the LangGraph threads, which are runs, that a saver of ours keeps something for.

    Raises:
        StoreError: its database cannot be read now.
    """
    try:
        if isinstance(saver, AsyncSqliteSaver):
            async with saver.lock, saver.conn.execute(f"{_THREADS} writes") as found:
                return {row[0] async for row in found}
        if isinstance(saver, ShardedSaver):
            return await saver.read_column(f"{_THREADS} checkpoint_writes")
    except (Error, PoolTimeout, sqlite3.Error) as error:
        message = f"the checkpoints cannot be read: {first_line(error)}"
        raise StoreUnavailableError(message) from error
    message = f"not a saver of ours: {saver!r}"
    raise TypeError(message)


def _strict_serializer() -> JsonPlusSerializer:
    """Refuse to revive foreign objects whatever the environment says; the library's default only warns."""
    return JsonPlusSerializer(allowed_msgpack_modules=None)


@asynccontextmanager
async def _open_sqlite(path: Path) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    prepare_file(path)
    async with aiosqlite.connect(path, timeout=_BUSY_TIMEOUT_SECONDS) as connection:
        saver = AsyncSqliteSaver(connection, serde=_strict_serializer())
        with translated():
            await connection.execute("PRAGMA synchronous=NORMAL")  # as for the database itself, see `engine`
            await saver.setup()
        yield saver


@asynccontextmanager
async def _open_postgres(conninfo: str, connections: int) -> AsyncIterator[BaseCheckpointSaver[Any]]:
    await prepare_checkpoint_tables(conninfo)
    pool: AsyncConnectionPool[AsyncConnection[DictRow]] = AsyncConnectionPool(
        conninfo,
        min_size=1,
        max_size=connections,
        open=False,
        kwargs=_CONNECTION,
        timeout=_CONNECT_TIMEOUT_SECONDS,
        check=AsyncConnectionPool.check_connection,  # a restarted database leaves dead connections in the pool
    )
    async with pool:
        yield ShardedSaver(pool, serde=_strict_serializer(), shards=connections)


async def _has_tables(connection: AsyncConnection[DictRow]) -> bool:
    """Tell whether the tables have all that the installed version of the library brings, by its own notes."""
    cursor = await connection.execute("SELECT to_regclass('checkpoint_migrations') IS NOT NULL AS there")
    row = await cursor.fetchone()
    if not (row and row["there"]):
        return False
    cursor = await connection.execute("SELECT coalesce(max(v), -1) AS newest FROM checkpoint_migrations")
    row = await cursor.fetchone()
    return bool(row and row["newest"] >= len(AsyncPostgresSaver.MIGRATIONS) - 1)


async def _make_tables(connection: AsyncConnection[DictRow]) -> None:
    """Make the tables, one process at a time.

    The lock is asked for, not waited for: the set-up builds indexes concurrently, which waits for every open
    statement, and so for one that waits for this lock.
    """
    while not await _try_lock(connection):  # noqa: ASYNC110 another process holds it and cannot tell us
        await asyncio.sleep(_LOCK_RETRY_SECONDS)
    await AsyncPostgresSaver(connection).setup()  # closing the connection gives the lock back


async def _try_lock(connection: AsyncConnection[DictRow]) -> bool:
    cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS is_ours", (_SETUP_LOCK,))
    row = await cursor.fetchone()
    return bool(row and row["is_ours"])
