"""SQLite: a whole transaction is one visit to a thread, of which one writes and some read.

An asynchronous driver would cross to its thread for each step, which measured fifteen times the cost of a small one.
There is one thread that writes, so writers of this process queue up in order instead of waking by chance.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy import Engine as SyncEngine
from sqlalchemy import create_engine as create_sync_engine
from sqlalchemy.engine import URL
from sqlalchemy.event import listen

from sentinel.errors import StoreUnavailableError
from sentinel.persistence.driver_errors import translated
from sentinel.persistence.plain_json import dumps, loads
from sentinel.persistence.same_file import SameFile
from sentinel.persistence.writability import Writability, answer, rewrite

P = ParamSpec("P")
T = TypeVar("T")

_BUSY_TIMEOUT_SECONDS = 5.0  # for other processes; within this one nobody has to wait for a lock
_READERS = 4

FOR_WRITING = {"sentinel_is_writing": True}
"""Execution options of a SQLite connection whose transactions take the write lock when they begin."""


class SqliteEngine:
    """SQLite in WAL mode: one thread writes, others read what was committed before they began."""

    def __init__(self, url: URL, *, queue_seconds: float = 5.0) -> None:
        """Use the file that `url` names. No write waits longer than `queue_seconds` for those before it."""
        self.url = url
        self._queue_seconds = queue_seconds
        self._engine = open_sqlite(url)
        self._writer = ThreadPoolExecutor(1, thread_name_prefix="sqlite-writer")
        self._readers = ThreadPoolExecutor(_READERS, thread_name_prefix="sqlite-reader")
        self._writability = Writability()
        self._file = SameFile(url.database or "")

    async def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, …)`, which only reads, and give its result."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._readers, self._read, lambda open_: work(open_, *args, **kwargs))

    async def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, …)` in one transaction: committed at its end, rolled back when it raises.

        Behind the lock of another process each write waits for its own time-out: those that have stood in line for too
        long meanwhile are not even tried.
        """
        loop = asyncio.get_running_loop()
        begin_until = loop.time() + self._queue_seconds

        def in_turn() -> T:
            if loop.time() > begin_until:
                message = "the database is not available: writes before this one have taken too long"
                raise StoreUnavailableError(message)
            return self._write(lambda open_: work(open_, *args, **kwargs))

        with self._writability.watching():
            return await loop.run_in_executor(self._writer, in_turn)

    async def ping(self) -> None:
        """Return when the database answers, and can be written if it last could not; raises StoreUnavailableError."""
        await self.read(self._answer)
        if self._writability.failure is not None:
            with self._writability.proving():
                await self.write(rewrite)

    async def dispose(self) -> None:
        """Close all connections."""
        await asyncio.to_thread(self._close)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with translated(), self._engine.connect() as connection:
            return work(connection)

    def _answer(self, connection: Connection) -> None:
        answer(connection)
        self._file.check()

    def _write(self, work: Callable[[Connection], T]) -> T:
        with translated(), self._engine.connect() as connection:
            self._file.check()
            result = work(connection.execution_options(**FOR_WRITING))
            connection.commit()
            return result

    def _close(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._engine.dispose()


def open_sqlite(url: URL, *, foreign_keys: bool = True) -> SyncEngine:
    """Build SQLAlchemy's engine for a SQLite file; migrations switch `foreign_keys` off to rebuild tables."""
    engine = create_sync_engine(
        url,
        pool_size=_READERS + 1,
        max_overflow=0,
        json_serializer=dumps,
        json_deserializer=loads,
        connect_args={"timeout": _BUSY_TIMEOUT_SECONDS},
    )

    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself; `_begin` does
        for pragma in _pragmas(foreign_keys=foreign_keys):
            connection.execute(f"PRAGMA {pragma}")

    listen(engine, "connect", connected)
    listen(engine, "begin", _begin)
    return engine


def _pragmas(*, foreign_keys: bool) -> tuple[str, ...]:
    return (
        "journal_mode=WAL",
        # No fsync per commit: a killed process loses nothing, a power cut may lose the last moments but never
        # leaves a broken file. FULL would make every group of tokens wait for the disk.
        "synchronous=NORMAL",
        f"foreign_keys={'ON' if foreign_keys else 'OFF'}",
    )


def _begin(connection: Connection) -> None:
    """Take the write lock at the beginning: a reader that upgrades fails at once when another process writes."""
    is_writing = FOR_WRITING.items() <= connection.get_execution_options().items()
    connection.exec_driver_sql("BEGIN IMMEDIATE" if is_writing else "BEGIN")
