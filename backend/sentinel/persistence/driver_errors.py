"""The one place where an error of SQLAlchemy or of a driver becomes ours, and where it is known what it undid."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from sentinel.errors import StoreError, StoreUnavailableError

# Classes and codes of SQLSTATE after which the same transaction may succeed: connection exceptions, transaction
# rollback (deadlock, serialization), insufficient resources (disk, memory, connections), operator intervention,
# system errors, read-only transaction (a standby during a switch-over), lock not available.
_PASSING_STATES = ("08", "40", "53", "57", "58", "25006", "55P03")


_UNDONE_STATES = ("40001", "40P01")
"""Serialization failure and deadlock: PostgreSQL has rolled the whole transaction back, whatever it was at."""


def is_undone(error: DBAPIError, *, was_committing: bool) -> bool:
    """Tell whether nothing of the transaction stands, so that it may be made again.

    Of one whose connection was lost while it was being committed, nobody knows.
    """
    if error.connection_invalidated:
        return not was_committing
    return getattr(error.orig, "sqlstate", None) in _UNDONE_STATES


@contextmanager
def translated() -> Iterator[None]:
    """Turn what SQLAlchemy and its drivers raise inside the block into StoreError or StoreUnavailableError.

    SQLite's driver raises OverflowError for a number of more than 64 bits, which SQLAlchemy passes on.
    """
    try:
        yield
    except (SQLAlchemyError, sqlite3.Error, OSError, TimeoutError, OverflowError) as error:
        raise translate(error) from error


def translate(error: Exception) -> StoreError:
    """Give our error for a driver's. The text of statements and parameters stays out of it."""
    reason = _reason(error)
    if _is_passing(error):
        return StoreUnavailableError(f"the database is not available: {reason}")
    return StoreError(f"the database refused a statement: {reason}")


def _is_passing(error: Exception) -> bool:
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError | TimeoutError | PoolTimeoutError) or _is_passing_sqlite(error)
    if error.connection_invalidated:
        return True
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return bool(state.startswith(_PASSING_STATES))
    if isinstance(error.orig, sqlite3.Error):
        return _is_passing_sqlite(error.orig)
    return isinstance(error, OperationalError | InterfaceError)


def _is_passing_sqlite(error: Any) -> bool:
    """Tell a wrong statement apart: SQLite reports both "no such table" and "disk full" as OperationalError."""
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorname != "SQLITE_ERROR"


def _reason(error: Exception) -> str:
    text = first_line((error.orig if isinstance(error, DBAPIError) else None) or error)
    return text.removeprefix("<class 'asyncpg.exceptions.").replace("'>: ", ": ")


def first_line(error: BaseException) -> str:
    """Give what a driver says of an error, without the statement that may follow; many of them say nothing."""
    wordless = "it does not answer" if isinstance(error, TimeoutError) else type(error).__name__
    return (str(error).strip() or wordless).splitlines()[0]
