"""How alembic reaches the database: the whole way up or down is one transaction on both kinds.

The lock is taken before the current revision is read, so of two processes that start at once one migrates and
the other finds nothing to do.
"""

from typing import Any

from alembic import context
from alembic.runtime.migration import MigrationInfo
from sqlalchemy import Connection, Engine, create_engine, text

from sentinel.persistence.database_url import is_sqlite, normalise, psycopg_url
from sentinel.persistence.sqlite_engine import FOR_WRITING, open_sqlite
from sentinel.persistence.tables import metadata

_LOCK = 0x53454E54494E454C  # "SENTINEL", the key of the advisory lock


def _database_url() -> str:
    given = context.config.attributes.get("database_url")
    named = context.get_x_argument(as_dictionary=True).get("database_url")
    return str(given or named or context.config.get_main_option("database_url"))


def _engine() -> Engine:
    url = normalise(_database_url())
    if is_sqlite(url):
        # Foreign keys off: SQLite changes a table by building it anew, and dropping the old one would cascade.
        return open_sqlite(url, foreign_keys=False)
    return create_engine(psycopg_url(url))


def _migrate(connection: Connection) -> None:
    on_sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=on_sqlite,
        transactional_ddl=True,  # SQLite can, since our engine begins transactions itself
        on_version_apply=_remember,
    )
    with context.begin_transaction():
        if not on_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        context.run_migrations()


def _remember(*, step: MigrationInfo, **_: Any) -> None:
    """Tell whoever asked for the migration which revisions it went through."""
    context.config.attributes.setdefault("applied", []).append(step.up_revision_id)


def _migrate_online() -> None:
    engine = _engine()
    try:
        with engine.connect() as connection:
            _migrate(connection.execution_options(**FOR_WRITING))
    finally:
        engine.dispose()


if context.is_offline_mode():
    context.configure(url=_database_url(), target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    _migrate_online()
