"""PostgreSQL over asyncpg: a bounded pool, and transactions that the database undid are made again.

Made again is a whole transaction, and only one of which nothing stands: after a deadlock, a serialization failure, or
the loss of its connection before the commit was asked for. Longer absences are the business of those who write.
"""

import random
from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.event import listen
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from sentinel.clock import Clock, SystemClock
from sentinel.persistence.database_url import asyncpg_url
from sentinel.persistence.driver_errors import is_undone, translated
from sentinel.persistence.plain_json import dumps, loads
from sentinel.persistence.writability import Writability, answer, rewrite

P = ParamSpec("P")
T = TypeVar("T")

_POOL_TIMEOUT_SECONDS = 10.0
_CONNECT_TIMEOUT_SECONDS = 10.0
_COMMAND_TIMEOUT_SECONDS = 30.0
_REPEATS = 4
_FIRST_PAUSE_SECONDS = 0.02
_SILENT_SECONDS = 4.0
"""PostgreSQL ends a transaction whose process is silent for so long, frozen or cut off by the network: else the rows
that it has locked would keep everybody else from its runs until the system gives its connection up, two hours later."""


class PostgresEngine:
    """PostgreSQL over asyncpg."""

    def __init__(
        self,
        url: URL,
        *,
        connections: int,
        clock: Clock | None = None,
        rng: Callable[[], float] = random.random,  # noqa: S311 - spreads retries, protects no secret
    ) -> None:
        """Use the database that `url` names over at most so many connections; who finds none free waits."""
        self.url = url
        self._clock = clock or SystemClock()
        self._rng = rng
        self._writability = Writability()
        address, arguments = asyncpg_url(url)
        self._engine = create_async_engine(
            address,
            pool_size=connections,
            max_overflow=0,
            pool_timeout=_POOL_TIMEOUT_SECONDS,
            pool_pre_ping=True,  # after a restart of the database no request pays for a dead connection
            json_serializer=dumps,
            json_deserializer=loads,
            connect_args={
                "timeout": _CONNECT_TIMEOUT_SECONDS,
                "command_timeout": _COMMAND_TIMEOUT_SECONDS,
                **arguments,
                "server_settings": {"application_name": "sentinel", **arguments.get("server_settings", {})},
            },
        )
        listen(self._engine.sync_engine, "connect", _end_with_who_falls_silent)
        # A read needs no BEGIN and no ROLLBACK: two answers less to wait for.
        self._reader = self._engine.execution_options(isolation_level="AUTOCOMMIT")

    async def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, …)`, which only reads, and give its result."""
        with translated():
            return await self._transact(self._reader, lambda open_: work(open_, *args, **kwargs))

    async def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, …)` in one transaction: committed at its end, rolled back when it raises.

        It is run again when the database undid the transaction.
        """
        with self._writability.watching(), translated():
            return await self._transact(self._engine, lambda open_: work(open_, *args, **kwargs))

    async def ping(self) -> None:
        """Return when the database answers, and can be written if it last could not; raises StoreUnavailableError."""
        await self.read(answer)
        if self._writability.failure is not None:
            with self._writability.proving():
                await self.write(rewrite)

    async def dispose(self) -> None:
        """Close all connections."""
        await self._engine.dispose()

    async def _transact(self, engine: AsyncEngine, work: Callable[[Connection], T]) -> T:
        for repeat in range(_REPEATS + 1):
            is_committing = False
            try:
                async with engine.connect() as connection:
                    result = await connection.run_sync(work)
                    is_committing = True
                    await connection.commit()
                    return result
            except DBAPIError as error:
                if repeat == _REPEATS or not is_undone(error, was_committing=is_committing):
                    raise
            await self._clock.sleep(self._rng() * _FIRST_PAUSE_SECONDS * 2**repeat)
        raise AssertionError


def _end_with_who_falls_silent(connection: DBAPIConnection, _: Any) -> None:
    """Say so in a statement: a pooler refuses connections that ask for it as they are opened."""
    cursor = connection.cursor()
    cursor.execute(f"SET idle_in_transaction_session_timeout = {_SILENT_SECONDS * 1000:.0f}")
    cursor.close()
    connection.commit()
