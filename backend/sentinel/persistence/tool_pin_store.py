"""Which definitions of tools are trusted, over SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Final, TypeAlias

from sqlalchemy import Connection, Executable, case, delete, null, select
from sqlalchemy.dialects import postgresql, sqlite

from sentinel.domain.tools import PinKey, ToolPin
from sentinel.persistence.engine import Engine
from sentinel.persistence.statements import insert_into
from sentinel.persistence.tables import tool_pins as _pins

Insert: TypeAlias = postgresql.Insert | sqlite.Insert

_KEY: Final = ("server", "tool")


class SqlToolPinStore:
    """Implements ToolPinStore over SQL."""

    def __init__(self, engine: Engine) -> None:
        """Keep them in the database behind `engine`."""
        self._engine = engine

    async def load(self) -> Sequence[ToolPin]:
        """Give all pins."""
        return await self._engine.read(_load)

    async def digests(self) -> Mapping[PinKey, str]:
        """Give what is trusted of each tool."""
        return await self._engine.read(_digests)

    async def save(
        self, seen: Sequence[ToolPin], *, approved: Sequence[ToolPin] = (), dropped: Sequence[ToolPin] = ()
    ) -> None:
        """Store what was seen, what was approved, and what is not worth keeping, in one transaction."""
        await self._engine.write(_save, seen, approved=approved, dropped=dropped)


def _load(connection: Connection) -> list[ToolPin]:
    rows = connection.execute(select(_pins).order_by(_pins.c.server, _pins.c.tool))
    return [ToolPin(**row._mapping) for row in rows]


def _digests(connection: Connection) -> dict[PinKey, str]:
    rows = connection.execute(select(_pins.c.server, _pins.c.tool, _pins.c.digest))
    return {(row.server, row.tool): row.digest for row in rows}


def _save(
    connection: Connection, seen: Sequence[ToolPin], *, approved: Sequence[ToolPin], dropped: Sequence[ToolPin]
) -> None:
    for pin in _in_order(dropped):
        is_same = (_pins.c.server == pin.server, _pins.c.tool == pin.tool, _pins.c.digest == pin.digest)
        connection.execute(delete(_pins).where(*is_same))
    for write, pins in ((_note, seen), (_approve, approved)):
        if pins:
            connection.execute(write(insert_into(connection, _pins)), [asdict(pin) for pin in _in_order(pins)])


def _in_order(pins: Sequence[ToolPin]) -> list[ToolPin]:
    """All processes write them in one order, so that none wait for each other."""
    return sorted(pins, key=lambda pin: pin.key)


def _note(insert: Insert) -> Executable:
    new = insert.excluded
    is_missing = _pins.c.facts.is_(null()) & (_pins.c.digest == new.digest)
    changed = {
        "seen_digest": new.seen_digest,
        "changed_at": new.changed_at,
        "facts": case((is_missing, new.facts), else_=_pins.c.facts),
    }
    return insert.on_conflict_do_update(index_elements=_KEY, set_=changed)


def _approve(insert: Insert) -> Executable:
    new = insert.excluded
    changed = {name: new[name] for name in ("digest", "seen_digest", "approved_at", "approved_by", "facts")}
    is_newest = _pins.c.approved_at.is_(None) | (_pins.c.approved_at <= new.approved_at)
    return insert.on_conflict_do_update(index_elements=_KEY, set_=changed, where=is_newest)
