"""Incidents as rows: written in groups, a newer version over an older one, read page by page."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Select, select

from sentinel.domain.incidents import Incident, IncidentQuery
from sentinel.domain.messages import Page
from sentinel.persistence.engine import Engine
from sentinel.persistence.rows import incident_from, incident_row
from sentinel.persistence.statements import insert_into
from sentinel.persistence.tables import incidents

_GROWING = ("last_at", "count", "data")
"""What differs between the versions of one incident."""


class SqlIncidentStore:
    """Implements IncidentStore over SQL."""

    def __init__(self, engine: Engine) -> None:
        """Keep incidents in the database behind `engine`."""
        self._engine = engine

    async def add(self, some: Sequence[Incident]) -> None:
        """Store incidents, each at most once; of one that is there already, what has grown."""
        await self._engine.write(_add, some)

    async def list(self, query: IncidentQuery) -> Page[Incident]:
        """Give the incidents that are wanted, newest first."""
        statement = select(incidents).order_by(incidents.c.incident_id.desc())
        if query.type is not None:
            statement = statement.where(incidents.c.type == query.type.value)
        if query.since is not None:
            statement = statement.where(incidents.c.at >= query.since)
        if query.cursor is not None:
            statement = statement.where(incidents.c.incident_id < query.cursor)
        return await self._engine.read(_page, statement, query.limit)


def _add(connection: Connection, some: Sequence[Incident]) -> None:
    statement = insert_into(connection, incidents)
    newer = {name: statement.excluded[name] for name in _GROWING}
    connection.execute(
        statement.on_conflict_do_update(index_elements=["incident_id"], set_=newer),
        [incident_row(incident) for incident in some],
    )


def _page(connection: Connection, statement: Select[Any], limit: int) -> Page[Incident]:
    rows = connection.execute(statement.limit(limit + 1)).all()
    items = [incident_from(row) for row in rows[:limit]]
    return Page(items, items[-1].incident_id if len(rows) > limit else None)
