"""The statements behind leases: who may work on a run, until when, and which runs nobody works on.

Every time in them is the database's, computed where the row is. On PostgreSQL that is the clock, not the begin of the
transaction: a claim that had to wait for a row looks at it with the time of then.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Connection, Double, and_, bindparam, case, not_, null, or_, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import Run, RunStatus
from sentinel.persistence.rows import queued_from, run_from
from sentinel.persistence.statements import DatabaseNow
from sentinel.persistence.tables import is_active, runs

_NOW = DatabaseNow()
_LONG_AGO = 0.0
_is_running = runs.c.status == RunStatus.RUNNING.value
_is_released = and_(_is_running, runs.c.lease_until.is_(None))
_has_lapsed = and_(_is_running, runs.c.lease_until <= _NOW)


def _claiming() -> ReturningUpdate[Any]:
    goes_on, may_take_over = bindparam("goes_on", type_=Boolean()), bindparam("may_take_over", type_=Boolean())
    is_ours = and_(_is_running, runs.c.owner == bindparam("by"), or_(goes_on, runs.c.lease_until > _NOW))
    is_free = or_(runs.c.status == RunStatus.QUEUED.value, _is_released, is_ours)
    is_left = and_(_has_lapsed, may_take_over)
    is_counted = and_(_has_lapsed, not_(is_ours))
    first = bindparam("at", type_=runs.c.started_at.type)
    return (
        update(runs)
        .where(runs.c.run_id == bindparam("of_run"), or_(is_free, is_left))
        .values(
            status=RunStatus.RUNNING.value,
            owner=bindparam("by"),
            lease_until=_NOW + bindparam("seconds", type_=Double()),
            fence=runs.c.fence + 1,
            recovered=runs.c.recovered + case((is_counted, 1), else_=0),
            taken_over_from=case((is_counted, runs.c.owner), else_=null()),
            started_at=case((runs.c.started_at.is_(None), first), else_=runs.c.started_at),
        )
        .returning(runs)
    )


_CLAIM = _claiming()


def claim(
    connection: Connection,
    run_id: str,
    *,
    owner: str,
    lease_seconds: float,
    at: datetime,
    may_take_over: bool,
    goes_on: bool,
) -> Run | None:
    """Take a run that nobody else holds."""
    given = {
        "of_run": run_id,
        "by": owner,
        "seconds": lease_seconds,
        "at": at,
        "may_take_over": may_take_over,
        "goes_on": goes_on,
    }
    row = connection.execute(_CLAIM, given).one_or_none()
    return run_from(row) if row is not None else None


def renew(connection: Connection, run_ids: Collection[str], *, owner: str, lease_seconds: float) -> frozenset[str]:
    """Let the leases begin anew; gives those that still are `owner`'s.

    The rows are locked in one order first, as the journal does: else its group and this could wait for each other.
    """
    held = and_(runs.c.run_id.in_(run_ids), _is_running, runs.c.owner == owner, runs.c.lease_until.is_not(None))
    mine = select(runs.c.run_id).where(held).order_by(runs.c.run_id).with_for_update(key_share=True)
    ours = list(connection.scalars(mine))
    if ours:
        connection.execute(update(runs).where(runs.c.run_id.in_(ours)).values(lease_until=_NOW + lease_seconds))
    return frozenset(ours)


def release(connection: Connection, owner: str, run_id: str | None) -> None:
    """Give up one lease of `owner`, or all."""
    statement = update(runs).where(_is_running, runs.c.owner == owner)
    if run_id is not None:
        statement = statement.where(runs.c.run_id == run_id)
    connection.execute(statement.values(owner=None, lease_until=None))


def lapse(connection: Connection) -> None:
    """Let all leases lapse."""
    connection.execute(update(runs).where(_is_running, runs.c.lease_until.is_not(None)).values(lease_until=_LONG_AGO))


def idle(connection: Connection, *, limit: int, skip: int) -> list[QueuedRun]:
    """Give the runs that nobody works on: what was begun, then what is queued, oldest first."""
    waits = runs.c.status == RunStatus.QUEUED.value
    statement = (
        select(runs.c.run_id, runs.c.thread_id, runs.c.options)
        .where(is_active, or_(waits, _is_released, _has_lapsed))
        .order_by(case((waits, 1), else_=0), runs.c.created_at, runs.c.run_id)
        .limit(limit)
        .offset(skip)
    )
    return [queued_from(row) for row in connection.execute(statement)]


def cancelled(connection: Connection, owner: str) -> frozenset[str]:
    """Give the runs of `owner` that shall stop."""
    statement = select(runs.c.run_id).where(_is_running, runs.c.owner == owner, runs.c.cancel_requested)
    return frozenset(connection.scalars(statement))
