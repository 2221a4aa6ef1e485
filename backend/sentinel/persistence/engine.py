"""Runs transactions: work written once, for a plain connection, on SQLite and on PostgreSQL."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from sentinel.clock import Clock
from sentinel.persistence.database_url import is_sqlite, normalise
from sentinel.persistence.postgres_engine import PostgresEngine
from sentinel.persistence.sqlite_engine import SqliteEngine

P = ParamSpec("P")
T = TypeVar("T")


class Engine(Protocol):
    """A database, as the stores use it. The owner disposes of it.

    Both `read` and `write` raise StoreUnavailableError when the database cannot be reached or written. Nobody holds a
    connection longer than their work takes.
    """

    @property
    def url(self) -> URL:
        """Which database it is."""
        ...

    async def read(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, …)`, which only reads, and give its result."""
        ...

    async def write(self, work: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run `work(connection, …)` in one transaction: committed at its end, rolled back when it raises.

        It may be run more than once, if nothing of its transaction stood.
        """
        ...

    async def ping(self) -> None:
        """Return when the database answers, and can be written if it last could not; raises StoreUnavailableError."""
        ...

    async def dispose(self) -> None:
        """Close all connections."""
        ...


def create_engine(database_url: str, *, connections: int = 10, clock: Clock | None = None) -> Engine:
    """Build the engine; connects to nothing yet. `connections` are those to PostgreSQL; SQLite has its own few.

    Raises:
        ConfigurationError: the URL is not one of a supported database.
    """
    url = normalise(database_url)
    return SqliteEngine(url) if is_sqlite(url) else PostgresEngine(url, connections=connections, clock=clock)
