"""The log of every run over SQL, for readers; `journal` writes it."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy import Connection, Integer, bindparam, select

from sentinel.domain.events import Event
from sentinel.domain.runs import RunStatus
from sentinel.domain.stores import LogHead
from sentinel.persistence.engine import Engine
from sentinel.persistence.packed_tokens import PACKED, unpacked
from sentinel.persistence.rows import event_from
from sentinel.persistence.tables import run_events, runs

_LARGEST_SEQ = 2**31 - 1  # of the column; a reader may ask for any number
_HEADS_PER_STATEMENT = 500  # old builds of SQLite allow 999 parameters

# Made once: every reader asks for them.
_LOG = (
    select(run_events)
    .where(run_events.c.run_id == bindparam("of_run"), run_events.c.seq > bindparam("after"))
    .order_by(run_events.c.seq)
    .limit(bindparam("most", type_=Integer()))
)
_HEADS = select(runs.c.run_id, runs.c.last_seq, runs.c.status).where(
    runs.c.run_id.in_(bindparam("run_ids", expanding=True))
)


class SqlEventLog:
    """Implements EventLog over SQL."""

    def __init__(self, engine: Engine) -> None:
        """Read from the database behind `engine`."""
        self._engine = engine

    async def read(self, run_id: str, *, after: int, limit: int = 1000) -> Sequence[Event]:
        """Give committed events with seq > `after`, in order."""
        return await self._engine.read(read_log, run_id, after=after, limit=limit)

    async def heads(self, run_ids: Collection[str]) -> Mapping[str, LogHead]:
        """Give the committed end of each log; unknown runs are left out."""
        return await self._engine.read(_heads, list(run_ids))


def read_log(connection: Connection, run_id: str, *, after: int, limit: int) -> list[Event]:
    """Give events with seq > `after`, in order, as they were appended, in whatever form they are kept now."""
    given = {"of_run": run_id, "after": min(max(after, 0), _LARGEST_SEQ), "most": limit}
    events: list[Event] = []
    with connection.execute(_LOG, given) as rows:
        for row in rows:
            if row.type == PACKED:
                events += [event for event in unpacked(row) if event.seq > after]
            else:
                events.append(event_from(row))
            if len(events) >= limit:
                break
    return events[:limit]


def _heads(connection: Connection, run_ids: Sequence[str]) -> dict[str, LogHead]:
    heads: dict[str, LogHead] = {}
    for start in range(0, len(run_ids), _HEADS_PER_STATEMENT):
        some = run_ids[start : start + _HEADS_PER_STATEMENT]
        for row in connection.execute(_HEADS, {"run_ids": some}):
            heads[row.run_id] = LogHead(row.last_seq, ended=not RunStatus(row.status).is_active)
    return heads
