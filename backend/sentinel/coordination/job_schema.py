"""procrastinate's own tables: made, and brought up to date, one process at a time.

procrastinate ships its whole schema for an empty database and one file per change for others, but does not note which
of them a database has. We do, in a table of our own. Alembic cannot: what the library ships depends on its version.
"""

from pathlib import Path

from procrastinate.schema import SchemaManager
from psycopg import AsyncConnection, Error

from sentinel.errors import StoreUnavailableError

_LOCK = 0x53454E5451554555  # the key of the advisory lock under which the tables are made
_CONNECT_TIMEOUT_SECONDS = 10
_TABLES = ["procrastinate_jobs", "sentinel_queue_changes", "sentinel_queue_sweeps"]
_OWN_TABLES = """
CREATE TABLE IF NOT EXISTS sentinel_queue_changes (name text PRIMARY KEY);
CREATE TABLE IF NOT EXISTS sentinel_queue_sweeps (
    single boolean PRIMARY KEY DEFAULT true CHECK (single),
    swept_at timestamp with time zone NOT NULL DEFAULT to_timestamp(0)
);
INSERT INTO sentinel_queue_sweeps DEFAULT VALUES ON CONFLICT DO NOTHING;
"""


async def prepare_job_tables(conninfo: str) -> None:
    """Make the tables of the queue, or bring them up to date. Any number of processes may do so at once.

    Raises:
        StoreUnavailableError: the database cannot be reached, or refuses.
    """
    try:
        async with await AsyncConnection.connect(conninfo, connect_timeout=_CONNECT_TIMEOUT_SECONDS) as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))  # until the commit
            if not await _is_up_to_date(connection):
                await connection.execute(_OWN_TABLES)
                await _bring_up_to_date(connection)
    except Error as error:
        message = f"the tables of the queue cannot be made: {str(error).splitlines()[0]}"
        raise StoreUnavailableError(message) from error


def _shipped() -> list[Path]:
    return sorted(Path(SchemaManager.get_migrations_path()).glob("*.sql"))


async def _is_up_to_date(connection: AsyncConnection) -> bool:
    """Tell whether there is nothing to do, and so no right to change tables needed."""
    cursor = await connection.execute("SELECT count(to_regclass(name)) FROM unnest(%s::text[]) AS name", (_TABLES,))
    if await cursor.fetchone() != (len(_TABLES),):
        return False
    cursor = await connection.execute("SELECT name FROM sentinel_queue_changes")
    return {path.name for path in _shipped()} <= {name for (name,) in await cursor.fetchall()}


async def _bring_up_to_date(connection: AsyncConnection) -> None:
    shipped = _shipped()
    cursor = await connection.execute("SELECT to_regclass('procrastinate_jobs') IS NULL")
    is_empty = await cursor.fetchone() == (True,)
    if is_empty:
        await connection.execute(SchemaManager.get_schema())
    cursor = await connection.execute("SELECT name FROM sentinel_queue_changes")
    known = {name for (name,) in await cursor.fetchall()}
    # Without any note the tables are new, or belong to another user of the library, who keeps them up to date.
    for path in [path for path in shipped if known and path.name not in known]:
        await connection.execute(path.read_bytes())
    statement = "INSERT INTO sentinel_queue_changes SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING"
    await connection.execute(statement, ([path.name for path in shipped],))
