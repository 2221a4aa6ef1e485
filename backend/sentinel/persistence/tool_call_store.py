"""Tool calls as rows: those of agents outside written in groups, those of runs with their runs; both read together."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Select, and_, func, or_, select

from sentinel.domain.messages import Page
from sentinel.domain.tools import ToolCallQuery, ToolCallRecord
from sentinel.persistence.cursors import before, write_cursor
from sentinel.persistence.engine import Engine
from sentinel.persistence.rows import outside_tool_call_row, tool_call_record_from
from sentinel.persistence.statements import has_item, insert_into
from sentinel.persistence.tables import runs, tool_calls

MAX_RESULT_CHARS: Final = 4_000
"""How much of a result a listing has: a page of whole ones could be too large for everybody."""

_LISTED = (
    *(column for column in tool_calls.c if column is not tool_calls.c.result),
    func.substr(tool_calls.c.result, 1, MAX_RESULT_CHARS).label("result"),
    func.length(tool_calls.c.result).label("result_chars"),
    runs.c.thread_id,
)


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
        return await self._engine.read(_page, query)


def _conditions(connection: Connection, query: ToolCallQuery) -> Iterator[ColumnElement[bool]]:
    columns = tool_calls.c
    asked = {name: wanted for name in ("server", "tool") if (wanted := getattr(query, name)) is not None}
    if asked:
        answered = and_(*(columns[name] == wanted for name, wanted in asked.items()))
        yield or_(answered, has_item(connection, columns.attempts, **asked))
    for name in ("run_id", "is_error"):
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


def _page(connection: Connection, query: ToolCallQuery) -> Page[ToolCallRecord]:
    statement: Select[Any] = (
        select(*_LISTED)
        .outerjoin(runs, runs.c.run_id == tool_calls.c.run_id)
        .where(*_conditions(connection, query))
        .order_by(tool_calls.c.started_at.desc(), tool_calls.c.call_id.desc())
    )
    rows = connection.execute(statement.limit(query.limit + 1)).all()
    items = [tool_call_record_from(row) for row in rows[: query.limit]]
    more = len(rows) > query.limit
    return Page(items, write_cursor(items[-1].call.started_at, items[-1].call_id) if more else None)
