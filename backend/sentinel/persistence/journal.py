"""The journal over SQL: one transaction per group, with as many statements for a hundred runs as for one.

The rows of the runs are locked first, so that a fence which was read is still the newest when the group is
committed; on SQLite the transaction holds the write lock from its beginning.
"""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

from sqlalchemy import Connection, bindparam, func, insert, select, update

from sentinel.clock import Clock
from sentinel.domain.messages import Role
from sentinel.domain.runs import RunEnding, RunStatus
from sentinel.persistence.engine import Engine
from sentinel.persistence.event_log import read_log
from sentinel.persistence.group_commit import BufferLimits, GroupCommit, Publish
from sentinel.persistence.rows import attempt_rows, event_row, folded, run_tool_call_row, usage_columns
from sentinel.persistence.run_log import LogPart
from sentinel.persistence.tables import attempts, messages, run_events, runs, threads, tool_calls

# FOR NO KEY UPDATE: the rows are not deleted and keep their keys, so inserts that refer to them need not wait.
_LOCK_RUNS = (
    select(runs.c.run_id, runs.c.fence, runs.c.status, runs.c.last_seq)
    .where(runs.c.run_id.in_(bindparam("run_ids", expanding=True)))
    .order_by(runs.c.run_id)
    .with_for_update(key_share=True)
)
_ADVANCE = update(runs).where(runs.c.run_id == bindparam("of_run")).values(last_seq=bindparam("reached"))
_END = update(runs).where(runs.c.run_id == bindparam("of_run"))
_TOUCH = update(threads).where(threads.c.thread_id == bindparam("of_thread")).values(updated_at=bindparam("at"))
_LAST_POSITION = (
    select(func.coalesce(func.max(messages.c.position), 0))
    .where(messages.c.thread_id == bindparam("of_thread"))
    .scalar_subquery()
)
_ANSWER = insert(messages).values(position=_LAST_POSITION + 1)


class Journal(GroupCommit):
    """Commits the events of all runs in groups to the database behind `engine`; see GroupCommit."""

    def __init__(
        self,
        *,
        engine: Engine,
        clock: Clock,
        publish: Publish,
        flush_interval_seconds: float = 0.025,
        limits: BufferLimits | None = None,
        on_state: Callable[[bool], None] | None = None,
    ) -> None:
        """Build it; nothing runs before it is entered."""
        super().__init__(
            commit=SqlCommit(engine),
            clock=clock,
            publish=publish,
            flush_interval_seconds=flush_interval_seconds,
            limits=limits,
            on_state=on_state,
        )


class SqlCommit:
    """Writes one group in one transaction."""

    def __init__(self, engine: Engine) -> None:
        """Write to the database behind `engine`."""
        self._engine = engine

    async def __call__(self, parts: Sequence[LogPart]) -> Sequence[bool]:
        """Write what may be written; tells for each part whether it stands in the log now.

        Raises:
            StoreUnavailableError: nothing is written, or the answer was lost; the same parts may be given again.
        """
        return await self._engine.write(_commit, parts)


def _commit(connection: Connection, parts: Sequence[LogPart]) -> list[bool]:
    locked = connection.execute(_LOCK_RUNS, {"run_ids": [part.run.run_id for part in parts]})
    rows = {row.run_id: row for row in locked}
    found = [(part, rows.get(part.run.run_id)) for part in parts]
    are_fresh = [_may_write(part, row) for part, row in found]
    if any(are_fresh):
        _write(connection, list(compress(parts, are_fresh)))
    return [
        is_fresh or _stands_already(connection, part, row)
        for (part, row), is_fresh in zip(found, are_fresh, strict=True)
    ]


def _may_write(part: LogPart, row: Any) -> bool:
    return (
        row is not None
        and row.fence == part.run.fence
        and row.status == RunStatus.RUNNING
        and row.last_seq == part.first_seq - 1
    )


def _stands_already(connection: Connection, part: LogPart, row: Any) -> bool:
    """Tell whether an earlier commit of this part, whose answer was lost, has written it."""
    if row is None or row.fence != part.run.fence or row.last_seq < part.last_seq:
        return False
    stored = read_log(connection, row.run_id, after=part.first_seq - 1, limit=len(part.events))
    return tuple(stored) == part.events


def _write(connection: Connection, parts: Sequence[LogPart]) -> None:
    connection.execute(insert(run_events), [event_row(event) for part in parts for event in part.events])
    going = [part for part in parts if part.ending is None]
    if going:
        connection.execute(_ADVANCE, [{"of_run": part.run.run_id, "reached": part.last_seq} for part in going])
    ended = [(part, part.ending) for part in parts if part.ending is not None]
    if ended:
        _end(connection, ended)


def _end(connection: Connection, ended: Sequence[tuple[LogPart, RunEnding]]) -> None:
    connection.execute(_END, [_ending_columns(part, ending) for part, ending in ended])
    # Threads in one order, so that two processes that end runs at once cannot wait for each other.
    touched = sorted((part.run.thread_id, ending.ended_at) for part, ending in ended)
    connection.execute(_TOUCH, [{"of_thread": thread_id, "at": at} for thread_id, at in touched])
    connection.execute(_ANSWER, [_answer_columns(part, ending) for part, ending in ended])
    ledger = [row for part, ending in ended for row in attempt_rows(ending.attempts, run_id=part.run.run_id)]
    if ledger:
        connection.execute(insert(attempts), ledger)
    calls = [
        run_tool_call_row(part.run.run_id, position, call)
        for part, ending in ended
        for position, call in enumerate(ending.tool_calls, 1)
    ]
    if calls:
        connection.execute(insert(tool_calls), calls)


def _ending_columns(part: LogPart, ending: RunEnding) -> dict[str, Any]:
    return {
        "of_run": part.run.run_id,
        "last_seq": part.last_seq,
        "lease_until": None,
        "status": ending.status.value,
        "provider": ending.provider,
        "model": ending.model,
        "finish_reason": ending.finish_reason,
        **usage_columns(ending.usage),
        "ttft_ms": ending.ttft_ms,
        "latency_ms": ending.latency_ms,
        "failover_occurred": ending.failover_occurred,
        "failover_chain": list(ending.failover_chain),
        "error": ending.error,
        "ended_at": ending.ended_at,
    }


def _answer_columns(part: LogPart, ending: RunEnding) -> dict[str, Any]:
    return {
        "of_thread": part.run.thread_id,
        "message_id": part.run.message_id,
        "thread_id": part.run.thread_id,
        "parent_message_id": part.run.input_message_id,
        "role": Role.ASSISTANT.value,
        "text": ending.text,
        "text_folded": folded(ending.text),
        "run_id": part.run.run_id,
        "created_at": ending.ended_at,
    }
