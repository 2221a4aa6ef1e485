"""Which definitions of tools are trusted, over SQL."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import Connection, select

from sentinel.domain.tools import ToolPin
from sentinel.persistence.engine import Engine
from sentinel.persistence.statements import insert_into
from sentinel.persistence.tables import tool_pins


class SqlToolPinStore:
    """Implements ToolPinStore over SQL."""

    def __init__(self, engine: Engine) -> None:
        """Keep them in the database behind `engine`."""
        self._engine = engine

    async def load(self) -> Sequence[ToolPin]:
        """Give all pins."""
        return await self._engine.read(_load)

    async def save(self, pins: Sequence[ToolPin]) -> None:
        """Store these in the place of earlier ones of the same tools."""
        await self._engine.write(_save, pins)


def _load(connection: Connection) -> list[ToolPin]:
    rows = connection.execute(select(tool_pins).order_by(tool_pins.c.server, tool_pins.c.tool))
    return [ToolPin(**row._mapping) for row in rows]


def _save(connection: Connection, pins: Sequence[ToolPin]) -> None:
    for pin in pins:
        row = asdict(pin)
        statement = insert_into(connection, tool_pins).values(row)
        connection.execute(statement.on_conflict_do_update(index_elements=["server", "tool"], set_=row))
