"""Runs as rows: accepting a question, claiming a run, reading it back. The statements of leases are in `leases`."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, literal, select, update

from sentinel.domain.messages import Page, Role, Turn
from sentinel.domain.queues import QueuedRun
from sentinel.domain.runs import NewRun, Run, RunStatus
from sentinel.errors import RunNotFoundError, StoreUnavailableError
from sentinel.persistence import leases
from sentinel.persistence.cursors import before, write_cursor
from sentinel.persistence.engine import Engine
from sentinel.persistence.ledgers import with_ledgers
from sentinel.persistence.new_run import accept
from sentinel.persistence.tables import is_active, messages, runs

_ACCEPT_TRIES = 3


class SqlRunStore:
    """Implements RunStore over SQL."""

    def __init__(self, engine: Engine) -> None:
        """Keep runs in the database behind `engine`."""
        self._engine = engine

    async def create(self, new: NewRun) -> Run:
        """Store the thread (if new), the question, the run and its `queued` event.

        Raises:
            ThreadNotFoundError, MessageNotFoundError: the thread or the parent does not exist.
            ThreadBusyError: the thread has an active run; `extra["active_run_id"]` names it.
            IdempotencyConflictError: the key was used for another request.
        """
        for _ in range(_ACCEPT_TRIES):
            if (run := await self._engine.write(accept, new)) is not None:
                return run
        message = "other requests keep taking the same idempotency key"
        raise StoreUnavailableError(message)

    async def get(self, run_id: str) -> Run:
        """Give the run with its attempts and tool calls; raises RunNotFoundError."""
        return await self._engine.read(_get, run_id)

    async def list(
        self, *, status: RunStatus | None, thread_id: str | None, limit: int, cursor: str | None
    ) -> Page[Run]:
        """Give runs, newest first; raises RequestError for a cursor that no listing gave out."""
        statement = select(runs).order_by(runs.c.created_at.desc(), runs.c.run_id.desc())
        if status is not None:
            statement = statement.where(runs.c.status == status.value)
        if thread_id is not None:
            statement = statement.where(runs.c.thread_id == thread_id)
        if cursor is not None:
            statement = statement.where(before(runs.c.created_at, runs.c.run_id, cursor))
        return await self._engine.read(_page, statement, limit)

    async def claim(
        self,
        run_id: str,
        *,
        owner: str,
        lease_seconds: float,
        at: datetime,
        may_take_over: bool = True,
        goes_on: bool = False,
    ) -> Run | None:
        """Take the run for `owner` until the lease ends, as RunStore says; None if somebody else holds it."""
        return await self._engine.write(
            leases.claim,
            run_id,
            owner=owner,
            lease_seconds=lease_seconds,
            at=at,
            may_take_over=may_take_over,
            goes_on=goes_on,
        )

    async def renew(self, run_ids: Collection[str], *, owner: str, lease_seconds: float) -> Collection[str]:
        """Let `owner`'s leases of these runs begin anew; gives those that were still `owner`'s."""
        return await self._engine.write(leases.renew, run_ids, owner=owner, lease_seconds=lease_seconds)

    async def release(self, owner: str, run_id: str | None = None) -> None:
        """Give up `owner`'s lease of the run, or all of `owner`'s."""
        await self._engine.write(leases.release, owner, run_id)

    async def lapse(self) -> None:
        """Let all leases lapse now."""
        await self._engine.write(leases.lapse)

    async def idle(self, *, limit: int, skip: int = 0) -> Sequence[QueuedRun]:
        """Give runs that nobody works on: what was begun, then what is queued, oldest first, after `skip` others."""
        return await self._engine.read(leases.idle, limit=limit, skip=skip)

    async def cancelled(self, owner: str) -> Collection[str]:
        """Give the ids of the runs that `owner` works on and that shall stop."""
        return await self._engine.read(leases.cancelled, owner)

    async def request_cancel(self, run_id: str) -> Run:
        """Note that the run shall stop; give it back as it now is. Raises RunNotFoundError."""
        return await self._engine.write(_request_cancel, run_id)

    async def conversation(self, run_id: str) -> Sequence[Turn]:
        """Give the turns that lead to and include the run's question: the path from the root, without empty answers.

        Raises:
            RunNotFoundError: no such run.
        """
        return await self._engine.read(_conversation, run_id)


def _get(connection: Connection, run_id: str) -> Run:
    row = connection.execute(select(runs).where(runs.c.run_id == run_id)).one_or_none()
    if row is None:
        raise _unknown(run_id)
    return with_ledgers(connection, [row])[0]


def _page(connection: Connection, statement: Select[Any], limit: int) -> Page[Run]:
    rows = connection.execute(statement.limit(limit + 1)).all()
    items = with_ledgers(connection, rows[:limit])
    return Page(items, write_cursor(items[-1].created_at, items[-1].run_id) if len(rows) > limit else None)


def _request_cancel(connection: Connection, run_id: str) -> Run:
    connection.execute(update(runs).where(runs.c.run_id == run_id, is_active).values(cancel_requested=True))
    return _get(connection, run_id)


def _conversation(connection: Connection, run_id: str) -> list[Turn]:
    path = connection.execute(_PATH_TO_QUESTION, {"of_run": run_id}).all()
    if not path:
        raise _unknown(run_id)
    return [Turn(role=row.role, content=row.text) for row in path if row.role != Role.ASSISTANT or row.text.strip()]


def _path_to_question() -> Select[Any]:
    """Walk from the question of `of_run` up to the root; the database gives only the rows of the path."""
    columns = (messages.c.message_id, messages.c.parent_message_id, messages.c.role, messages.c.text)
    question = select(runs.c.input_message_id).where(runs.c.run_id == bindparam("of_run")).scalar_subquery()
    start = select(*columns, literal(0).label("height")).where(messages.c.message_id == question)
    path = start.cte("path", recursive=True)
    above = select(*columns, path.c.height + 1).join(path, messages.c.message_id == path.c.parent_message_id)
    path = path.union_all(above)
    return select(path.c.role, path.c.text).order_by(path.c.height.desc())


_PATH_TO_QUESTION = _path_to_question()  # made once: that takes several times as long as the walk


def _unknown(run_id: str) -> RunNotFoundError:
    return RunNotFoundError(f"there is no run {run_id!r}")
