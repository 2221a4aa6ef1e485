"""A copy of everything that is kept in SQLite, made while a server writes to it.

Checkpoints are copied first: what a run finds after a restore is then what a crash would have left, a log that is as
far as its checkpoint or farther.
"""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from sentinel.errors import ConfigurationError
from sentinel.persistence.database_url import is_sqlite, normalise, prepare_file, sqlite_file
from sentinel.persistence.driver_errors import translated

_BUSY_TIMEOUT_SECONDS = 30.0
_PARTIAL = ".partial"


def back_up(database_url: str, checkpoints: Path, folder: Path) -> list[Path]:
    """Copy the database, and the checkpoints if there are any, into `folder`; give the copies.

    Each is one consistent moment, without a `-wal` beside it, and has its name only when it is complete.

    Raises:
        ConfigurationError: the database is not SQLite, is not there, or a copy of that name is.
        StoreError: it cannot be read, or the copy cannot be written.
    """
    url = normalise(database_url)
    if not is_sqlite(url):
        message = "the database is PostgreSQL; back it up with pg_dump"
        raise ConfigurationError(message)
    database = sqlite_file(url)
    if not database.is_file():
        message = f"there is no database {str(database)!r}"
        raise ConfigurationError(message)
    sources = [source for source in (checkpoints, database) if source.is_file()]
    copies = [folder / source.name for source in sources]
    for copy in copies:
        if copy.exists():
            message = f"{str(copy)!r} is there already; choose another folder"
            raise ConfigurationError(message)
    for source, copy in zip(sources, copies, strict=True):
        _copy(source, copy)
    return copies


def _copy(source: Path, copy: Path) -> None:
    partial = copy.with_name(copy.name + _PARTIAL)
    partial.unlink(missing_ok=True)
    prepare_file(partial)  # VACUUM takes an empty file, which only its owner can read
    with translated(), closing(sqlite3.connect(source, timeout=_BUSY_TIMEOUT_SECONDS)) as connection:
        connection.execute("VACUUM INTO ?", (str(partial),))
    with partial.open("rb") as written:
        os.fsync(written.fileno())
    partial.rename(copy)
