"""Pruning: of the logs of runs that ended long ago, the end stays, and a snapshot of what led to it.

The answer is a message and the receipt are rows of their own; neither is touched.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from sentinel.clock import Clock
from sentinel.domain.events import Event, EventType, Phase
from sentinel.persistence.engine import Engine
from sentinel.persistence.housekeeping import PAUSE_SECONDS, is_our_turn
from sentinel.persistence.rows import event_row
from sentinel.persistence.tables import LogForm, run_events, runs
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

_MOST_RUNS = 50
"""In one transaction."""
_ENDS = [kind.value for kind in EventType if kind.is_terminal]


class Pruning:
    """Leaves of old logs what a late reader needs."""

    def __init__(self, *, engine: Engine, clock: Clock, keep: timedelta | None) -> None:
        """Prune the logs of runs that ended longer than `keep` ago; None keeps them for ever."""
        self._engine = engine
        self._clock = clock
        self._keep = keep
        self.pruned = 0

    async def tidy(self) -> None:
        """Prune every log that is old enough.

        Raises:
            StoreError: the database cannot do it now; what was pruned before stays so.
        """
        if self._keep is None:
            return
        before, count = self._clock.now() - self._keep, 0
        while pruned := await self._engine.write(_prune_some, before=before):
            count += pruned
            self.pruned += pruned
            await self._clock.sleep(PAUSE_SECONDS)
        if count:
            logger.info("logs_pruned", count=count)


def _prune_some(connection: Connection, *, before: datetime) -> int:
    if not is_our_turn(connection):
        return 0
    due = connection.execute(
        select(runs.c.run_id)
        .where(runs.c.log_form.in_([LogForm.FULL, LogForm.COMPACTED]), runs.c.ended_at < before)
        .order_by(runs.c.ended_at)
        .limit(_MOST_RUNS)
    )
    run_ids = list(due.scalars())
    if run_ids:
        _prune(connection, run_ids)
    return len(run_ids)


def _prune(connection: Connection, run_ids: list[str]) -> None:
    ends = connection.execute(
        select(run_events, runs.c.message_id, runs.c.recovered)
        .join(runs, runs.c.run_id == run_events.c.run_id)
        .where(run_events.c.run_id.in_(run_ids), run_events.c.type.in_(_ENDS))
    )
    snapshots = [event_row(_snapshot(row)) for row in ends]
    connection.execute(delete(run_events).where(run_events.c.run_id.in_(run_ids), run_events.c.type.not_in(_ENDS)))
    if snapshots:
        connection.execute(insert(run_events), snapshots)
    connection.execute(update(runs).where(runs.c.run_id.in_(run_ids)).values(log_form=LogForm.PRUNED))


def _snapshot(end: Row[Any]) -> Event:
    """Give the event that stands for all before the end: it has the number of the last of them."""
    text = end.data["text"] if end.type == EventType.COMPLETION.value else end.data["partial_text"]
    data = {
        "phase": Phase.SNAPSHOT.value,
        "message_id": end.message_id,
        "text": text,
        "recovered": end.recovered,
    }
    return Event(end.run_id, end.seq - 1, end.at, EventType.STATUS, data)
