"""Compaction: some time after the end of a run its tokens are put together, a few runs in one transaction.

Readers notice nothing: `event_log` gives the same events from what is left (`packed_tokens`).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from sentinel.clock import Clock
from sentinel.domain.events import EventType
from sentinel.persistence.engine import Engine
from sentinel.persistence.housekeeping import PAUSE_SECONDS, is_our_turn
from sentinel.persistence.packed_tokens import packed_rows
from sentinel.persistence.rows import event_from
from sentinel.persistence.tables import LogForm, run_events, runs
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

_MOST_RUNS = 50
_MOST_EVENTS = 1000
"""In one transaction, unless one run alone has more."""


class _Outcome(Enum):
    """What became of an attempt to put the tokens of some runs together."""

    DONE = "done"
    OUTRUN = "outrun"
    """Nothing was changed: these runs are no more what they were when they were read."""
    NOT_OUR_TURN = "not our turn"


class Compaction:
    """Puts the tokens of ended runs together."""

    def __init__(self, *, engine: Engine, clock: Clock, after: timedelta | None) -> None:
        """Compact what ended longer than `after` ago; None leaves all logs as they were written."""
        self._engine = engine
        self._clock = clock
        self._after = after
        self.compacted = 0

    async def tidy(self) -> None:
        """Compact every log that is due.

        Raises:
            StoreError: the database cannot do it now; logs stay whole, in one form or the other.
        """
        if self._after is None:
            return
        before, count = self._clock.now() - self._after, 0
        while run_ids := await self._engine.read(_due, before=before):
            rows = await self._engine.read(_packed, run_ids)
            outcome = await self._engine.write(_put_in_place, run_ids, rows=rows)
            if outcome is _Outcome.NOT_OUR_TURN:
                break
            if outcome is _Outcome.DONE:
                count += len(run_ids)
                self.compacted += len(run_ids)
            await self._clock.sleep(PAUSE_SECONDS)
        if count:
            logger.info("logs_compacted", count=count)


def _due(connection: Connection, *, before: datetime) -> list[str]:
    statement = (
        select(runs.c.run_id, runs.c.last_seq)
        .where(runs.c.log_form == LogForm.FULL, runs.c.ended_at < before)
        .order_by(runs.c.ended_at)
        .limit(_MOST_RUNS)
    )
    run_ids: list[str] = []
    events = 0
    for row in connection.execute(statement).all():
        events += row.last_seq
        if run_ids and events > _MOST_EVENTS:
            break
        run_ids.append(row.run_id)
    return run_ids


def _packed(connection: Connection, run_ids: Sequence[str]) -> list[dict[str, Any]]:
    """Read and pack outside of the transaction that writes: the log of a run that has ended changes no more."""
    tokens = (
        select(run_events)
        .where(run_events.c.run_id.in_(run_ids), run_events.c.type == EventType.TOKEN.value)
        .order_by(run_events.c.run_id, run_events.c.seq)
    )
    return packed_rows(event_from(row) for row in connection.execute(tokens))


def _put_in_place(connection: Connection, run_ids: Sequence[str], *, rows: Sequence[dict[str, Any]]) -> _Outcome:
    """Replace the tokens of these runs, of all or of none."""
    if not is_our_turn(connection):
        return _Outcome.NOT_OUR_TURN
    these = runs.c.run_id.in_(run_ids)
    marked = update(runs).where(these, runs.c.log_form == LogForm.FULL).values(log_form=LogForm.COMPACTED)
    if connection.execute(marked).rowcount != len(run_ids):
        connection.rollback()  # another process was, or a thread was deleted: the next look knows better
        return _Outcome.OUTRUN
    is_token = run_events.c.type == EventType.TOKEN.value
    connection.execute(delete(run_events).where(run_events.c.run_id.in_(run_ids), is_token))
    if rows:
        connection.execute(insert(run_events), rows)
    return _Outcome.DONE
