"""What a DATABASE_URL means: which database, through which driver, and whether its file can be used at all."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

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
# What asyncpg takes as arguments, and of libpq's other words those that it knows, in a DSN only. The rest is libpq's
# alone: asyncpg has its own way (`connect_timeout`), or none, as for `channel_binding`.
_ASYNCPG_ARGUMENTS = frozenset({"host", "port", "user", "password"})
_ASYNCPG_DSN = frozenset(
    {"sslmode", "sslcert", "sslkey", "sslrootcert", "sslcrl", "sslpassword", "sslnegotiation"}
    | {"ssl_min_protocol_version", "ssl_max_protocol_version"}
    | {"target_session_attrs", "passfile", "krbsrvname", "gsslib"}
)
_SERVER_SETTINGS = frozenset({"application_name", "options"})


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
    return url.set(drivername="postgresql+psycopg")


def asyncpg_url(url: URL) -> tuple[URL, dict[str, Any]]:
    """Give a PostgreSQL URL for SQLAlchemy over asyncpg, and the arguments that stand for libpq's words in its query.

    Without that, any address that a hosting service hands out (`?sslmode=require&channel_binding=require`) would fail.
    """
    said = url.normalized_query
    arguments: dict[str, Any] = {}
    if dsn := _some(said, _ASYNCPG_DSN):
        arguments["dsn"] = URL.create("postgresql", query=dsn).render_as_string()
    if settings := _some(said, _SERVER_SETTINGS):
        arguments["server_settings"] = settings
    return url.set(query=_some(said, _ASYNCPG_ARGUMENTS)), arguments


def _some(query: Mapping[str, Sequence[str]], names: frozenset[str]) -> dict[str, Any]:
    """Give these words of a query; of one that is said twice, as of the hosts of a cluster, all."""
    return {key: tuple(values) if len(values) > 1 else values[0] for key, values in query.items() if key in names}


def libpq_url(url: URL) -> str:
    """Give a PostgreSQL URL as libpq reads it, password included; a silent network ends its connections within 11 s."""
    opened = psycopg_url(url).set(drivername="postgresql")
    address, _, words = opened.update_query_dict(_ABSENCE).render_as_string(hide_password=False).partition("?")
    return f"{address}?{words.replace('+', '%20')}"  # to libpq a plus is a plus


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
    if "@" in (url.host or ""):
        # The rest of a password, which must not be shown as the name of a host that nobody finds.
        message = "DATABASE_URL has more than one @; one that belongs to the password is written %40"
        raise ConfigurationError(message)
    query = {("sslmode" if key == "ssl" else key): value for key, value in url.query.items()}
    return url.set(drivername="postgresql+asyncpg", query=query)
