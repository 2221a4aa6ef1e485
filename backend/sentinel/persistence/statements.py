"""What SQLAlchemy spells differently for the two kinds of database."""

from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Double, Table, cast, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


def insert_into(connection: Connection, table: Table) -> postgresql.Insert | sqlite.Insert:
    """Give an INSERT that knows ON CONFLICT; both databases write it alike."""
    return postgresql.insert(table) if connection.dialect.name == "postgresql" else sqlite.insert(table)


class DatabaseNow(FunctionElement[float]):
    """The database's own clock, in seconds since the epoch, read when the row is looked at.

    A function, because statements with elements of other kinds are compiled anew each time.
    """

    type = Double()
    inherit_cache = True


@compiles(DatabaseNow, "postgresql")
def _postgresql_now(_element: DatabaseNow, _compiler: Any, **_options: Any) -> str:
    return "extract(epoch FROM clock_timestamp())::double precision"


@compiles(DatabaseNow, "sqlite")
def _sqlite_now(_element: DatabaseNow, _compiler: Any, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


def has_item(connection: Connection, column: Column[Any], **fields: str) -> ColumnElement[bool]:
    """Give the condition that a column of JSON lists has an object with these fields in it."""
    if connection.dialect.name == "postgresql":
        return cast(column, postgresql.JSONB).contains([fields])
    items = func.json_each(column).table_valued("value")
    wanted = [func.json_extract(items.c.value, f"$.{name}") == text for name, text in fields.items()]
    return select(1).select_from(items).where(*wanted).exists()
