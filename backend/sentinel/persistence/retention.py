"""Retention: what is older than it has to be is deleted, a little at a time, by the housekeeper.

It takes many small transactions instead of one, so that no writer waits for it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, select, true

from sentinel.clock import Clock
from sentinel.persistence.engine import Engine
from sentinel.persistence.housekeeping import PAUSE_SECONDS, is_our_turn
from sentinel.persistence.tables import gateway_requests, incidents, tool_calls
from sentinel.telemetry.logging import get_logger

logger = get_logger(__name__)

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """How long the rows of one table stay, counted from a moment of theirs; None keeps them for ever.

    What hangs on a row goes with it. `only` leaves all other rows alone.
    """

    name: str
    key: Column[str]
    moment: Column[Any]
    keep: timedelta | None
    only: ColumnElement[bool] = field(default_factory=true)

    @property
    def table(self) -> Table:
        """The table of both columns."""
        return self.key.table


def rules(*, requests_days: int, incidents_days: int, tool_calls_days: int) -> list[Rule]:
    """Give the rules there are; 0 days keep for ever. The tool calls of runs go with the runs."""
    requests, told, calls = gateway_requests.c, incidents.c, tool_calls.c
    return [
        Rule(name="requests", key=requests.request_id, moment=requests.started_at, keep=kept(requests_days)),
        Rule(name="incidents", key=told.incident_id, moment=told.at, keep=kept(incidents_days)),
        Rule(
            name="tool_calls",
            key=calls.call_id,
            moment=calls.started_at,
            keep=kept(tool_calls_days),
            only=calls.run_id.is_(None),
        ),
    ]


class Retention:
    """Deletes what is older than its rule allows."""

    def __init__(self, *, engine: Engine, clock: Clock, rules: Sequence[Rule], batch: int = _BATCH) -> None:
        """Delete by `rules`, at most `batch` rows in one transaction."""
        self._engine = engine
        self._clock = clock
        self._rules = rules
        self._batch = batch
        self.deleted = {rule.name: 0 for rule in rules}

    async def tidy(self) -> None:
        """Delete everything that is old enough.

        Raises:
            StoreError: the database cannot do it now; what was deleted before stays deleted.
        """
        for rule in self._rules:
            count = await self._tidy(rule)
            if count:
                logger.info("old_records_deleted", of=rule.name, count=count)

    async def _tidy(self, rule: Rule) -> int:
        if rule.keep is None:
            return 0
        before, count = self._clock.now() - rule.keep, 0
        while deleted := await self._engine.write(_delete_some, rule, before=before, limit=self._batch):
            count += deleted
            self.deleted[rule.name] += deleted
            await self._clock.sleep(PAUSE_SECONDS)
        return count


def _delete_some(connection: Connection, rule: Rule, *, before: datetime, limit: int) -> int:
    if not is_our_turn(connection):
        return 0
    old = select(rule.key).where(rule.moment < before, rule.only).order_by(rule.moment).limit(limit)
    return connection.execute(delete(rule.table).where(rule.key.in_(old))).rowcount


def kept(days: int) -> timedelta | None:
    """Give how long so many days are; None for 0, which is for ever."""
    return timedelta(days=days) if days else None
