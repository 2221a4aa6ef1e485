"""What a DATABASE_URL means: which database, through which driver, and whether its file can be used at all."""

import os
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError

from sentinel.errors import ConfigurationError

_PRIVATE_FILE = 0o600  # conversations are nobody else's business
_FILE_ENDINGS = (".db", ".sqlite", ".sqlite3")
# A database that is silent because the network is gone would be waited for for minutes, a quarter of an hour while
# something is under way to it. Seconds, but of tcp_user_timeout, which is milliseconds.
_ABSENCE = {
    "keepalives": "1",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
}


def normalise(database_url: str) -> URL:
    """Read a DATABASE_URL: `sqlite:///path`, a plain path that ends in .db, .sqlite or .sqlite3, or `postgresql://…`.

    Raises:
        ConfigurationError: it is neither, or a SQLite database without a file.
    """
    url = _parse(database_url)
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _sqlite(url)
    if backend in {"postgresql", "postgres"}:
        return _postgres(url)
    message = f"DATABASE_URL names the database {backend!r}; sqlite and postgresql are supported"
    raise ConfigurationError(message)


def is_sqlite(url: URL) -> bool:
    """Tell the two kinds of database apart."""
    return url.get_backend_name() == "sqlite"


def sqlite_file(url: URL) -> Path:
    """Give the path of a SQLite database."""
    return Path(url.database or "")


def psycopg_url(url: URL) -> URL:
    """Give a PostgreSQL URL for psycopg, which LangGraph's saver and the migrations use."""
    query = {("sslmode" if key == "ssl" else key): value for key, value in url.query.items()}
    return url.set(drivername="postgresql+psycopg", query=query)


def libpq_url(url: URL) -> str:
    """Give a PostgreSQL URL as libpq reads it, password included; a silent network ends its connections within 11 s."""
    opened = psycopg_url(url).set(drivername="postgresql")
    return opened.update_query_dict(_ABSENCE).render_as_string(hide_password=False)


def prepare_file(path: Path) -> None:
    """Make sure that a SQLite file can be written, and that only its owner can read it when it is new.

    Raises:
        ConfigurationError: it cannot be created or opened for writing.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, _PRIVATE_FILE))
    except OSError as error:
        message = f"the database file {str(path)!r} cannot be written: {error.strerror}"
        raise ConfigurationError(message) from error


def _parse(database_url: str) -> URL:
    if "://" not in database_url and database_url.endswith(_FILE_ENDINGS):
        return URL.create("sqlite", database=database_url)
    try:
        return make_url(database_url)
    except (ArgumentError, ValueError) as error:
        # The value is not repeated: it may hold a password.
        message = "DATABASE_URL is not a URL; write sqlite:///path/to/file.db or postgresql://user@host/name"
        raise ConfigurationError(message) from error


def _sqlite(url: URL) -> URL:
    if not url.database or ":memory:" in url.database:
        message = "DATABASE_URL names no file; an SQLite database in memory cannot hold runs"
        raise ConfigurationError(message)
    return url.set(drivername="sqlite+pysqlite")


def _postgres(url: URL) -> URL:
    query = {("ssl" if key == "sslmode" else key): value for key, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)
