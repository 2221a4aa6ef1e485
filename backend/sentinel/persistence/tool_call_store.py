"""Tool calls as rows: those of agents outside written in groups, those of runs with their runs; both read together."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from sentinel.domain.messages import Page
from sentinel.domain.tools import ToolCallQuery, ToolCallRecord
from sentinel.persistence.cursors import before, write_cursor
from sentinel.persistence.engine import Engine
from sentinel.persistence.rows import outside_tool_call_row, tool_call_record_from
from sentinel.persistence.statements import insert_into
from sentinel.persistence.tables import tool_calls


class SqlToolCallStore:
    """Implements ToolCallStore over SQL."""

    def __init__(self, engine: Engine) -> None:
        """Keep calls in the database behind `engine`."""
        self._engine = engine

    async def add(self, records: Sequence[ToolCallRecord]) -> None:
        """Store calls of agents outside; those that are stored already stay as they are."""
        await self._engine.write(_add, records)

    async def list(self, query: ToolCallQuery) -> Page[ToolCallRecord]:
        """Give the calls that are wanted, newest first; raises RequestError for a cursor that no listing gave out."""
        statement = select(tool_calls).order_by(tool_calls.c.started_at.desc(), tool_calls.c.call_id.desc())
        return await self._engine.read(_page, statement.where(*_conditions(query)), query.limit)


def _conditions(query: ToolCallQuery) -> Iterator[ColumnElement[bool]]:
    columns = tool_calls.c
    for name in ("server", "tool", "run_id", "is_error"):
        wanted = getattr(query, name)
        if wanted is not None:
            yield columns[name] == wanted
    if query.origin is not None:
        yield columns.run_id.is_not(None) if query.origin == "run" else columns.run_id.is_(None)
    if query.since is not None:
        yield columns.started_at >= query.since
    if query.cursor is not None:
        yield before(columns.started_at, columns.call_id, query.cursor)


def _add(connection: Connection, records: Sequence[ToolCallRecord]) -> None:
    """A group whose commit seemed to fail is given again, so what stands there already is left out."""
    statement = insert_into(connection, tool_calls).on_conflict_do_nothing(index_elements=["call_id"])
    connection.execute(statement, [outside_tool_call_row(record) for record in records])


def _page(connection: Connection, statement: Select[Any], limit: int) -> Page[ToolCallRecord]:
    rows = connection.execute(statement.limit(limit + 1)).all()
    items = [tool_call_record_from(row) for row in rows[:limit]]
    return Page(items, write_cursor(items[-1].call.started_at, items[-1].call_id) if len(rows) > limit else None)
