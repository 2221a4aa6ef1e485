"""Accepting a question: the statements of `RunStore.create`, inside one transaction.

The thread's row is locked before its runs are looked at, so two questions at once are one accepted and one refused;
the partial unique index on active runs is the backstop that holds even against a mistake here.
"""

from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from sentinel.domain.events import Event, EventType, Phase
from sentinel.domain.messages import Role
from sentinel.domain.runs import NewRun, Run, RunStatus
from sentinel.errors import IdempotencyConflictError, MessageNotFoundError, ThreadBusyError, ThreadNotFoundError
from sentinel.persistence.ledgers import with_ledgers
from sentinel.persistence.rows import event_row, folded, options_column, run_from
from sentinel.persistence.statements import insert_into
from sentinel.persistence.tables import is_active, messages, run_events, runs, threads

_ACTIVE = select(runs.c.run_id).where(runs.c.thread_id == bindparam("of_thread"), is_active)
_NEWEST = (
    select(messages.c.message_id, messages.c.position)
    .where(messages.c.thread_id == bindparam("of_thread"))
    .order_by(messages.c.position.desc())
    .limit(1)
)


def accept(connection: Connection, new: NewRun) -> Run | None:
    """Write the question and its run, or give the earlier run of the same key.

    None: another transaction has just used the key; nothing is written, and asking again gives its run.
    """
    if (earlier := _earlier(connection, new)) is not None:
        return earlier
    thread_id = _open_thread(connection, new)
    if (active_run_id := _active_run(connection, thread_id)) is not None:
        # A copy of this request may have taken the thread while this one waited for its lock.
        if (earlier := _earlier(connection, new)) is not None:
            return earlier
        message = f"thread {thread_id!r} is busy with run {active_run_id!r}"
        raise ThreadBusyError(message, active_run_id=active_run_id)
    _insert_question(connection, new, thread_id)
    statement = insert_into(connection, runs).on_conflict_do_nothing().returning(runs)
    row = connection.execute(statement, _run_columns(new, thread_id)).one_or_none()
    if row is None:
        connection.rollback()
        return None
    queued = Event(new.run_id, 1, new.at, EventType.STATUS, {"phase": Phase.QUEUED.value})
    connection.execute(insert(run_events), event_row(queued))
    return run_from(row)


def _earlier(connection: Connection, new: NewRun) -> Run | None:
    if new.idempotency_key is None:
        return None
    row = connection.execute(select(runs).where(runs.c.idempotency_key == new.idempotency_key)).one_or_none()
    if row is None:
        return None
    if row.request_hash != new.request_hash:
        message = f"the idempotency key {new.idempotency_key!r} was used before with another request"
        raise IdempotencyConflictError(message)
    return with_ledgers(connection, [row])[0]


def _open_thread(connection: Connection, new: NewRun) -> str:
    if new.thread_id is None:
        _insert_thread(connection, new)
        return new.new_thread_id
    touch = update(threads).where(threads.c.thread_id == new.thread_id).values(updated_at=new.at)
    if connection.execute(touch).rowcount == 0:
        message = f"there is no thread {new.thread_id!r}"
        raise ThreadNotFoundError(message)
    return new.thread_id


def _active_run(connection: Connection, thread_id: str) -> str | None:
    return connection.scalar(_ACTIVE, {"of_thread": thread_id})


def _insert_thread(connection: Connection, new: NewRun) -> None:
    row = {
        "thread_id": new.new_thread_id,
        "title": new.title,
        "title_folded": folded(new.title),
        "archived": False,
        "created_at": new.at,
        "updated_at": new.at,
    }
    connection.execute(insert(threads), row)
    if new.history:
        connection.execute(insert(messages), _history_rows(new))


def _history_rows(new: NewRun) -> list[dict[str, Any]]:
    parents = [None, *(message.message_id for message in new.history)]
    return [
        {
            "message_id": message.message_id,
            "thread_id": new.new_thread_id,
            "position": position,
            "parent_message_id": parent,
            "role": message.role.value,
            "text": message.text,
            "text_folded": folded(message.text),
            "run_id": None,
            "created_at": new.at,
        }
        for position, (message, parent) in enumerate(zip(new.history, parents, strict=False), 1)
    ]


def _insert_question(connection: Connection, new: NewRun, thread_id: str) -> None:
    newest = connection.execute(_NEWEST, {"of_thread": thread_id}).one_or_none()
    following = newest.message_id if newest else None
    row = {
        "message_id": new.input_message_id,
        "thread_id": thread_id,
        "position": newest.position + 1 if newest else 1,
        "parent_message_id": _given_parent(connection, new, thread_id) if new.parent_given else following,
        "role": Role.USER.value,
        "text": new.text,
        "text_folded": folded(new.text),
        "run_id": None,
        "created_at": new.at,
    }
    connection.execute(insert(messages), row)


def _given_parent(connection: Connection, new: NewRun, thread_id: str) -> str | None:
    if new.parent_message_id is None:
        return None
    known = select(messages.c.message_id).where(
        messages.c.message_id == new.parent_message_id, messages.c.thread_id == thread_id
    )
    if connection.scalar(known) is None:
        message = f"there is no message {new.parent_message_id!r} in thread {thread_id!r}"
        raise MessageNotFoundError(message)
    return new.parent_message_id


def _run_columns(new: NewRun, thread_id: str) -> dict[str, Any]:
    return {
        "run_id": new.run_id,
        "thread_id": thread_id,
        "input_message_id": new.input_message_id,
        "message_id": new.message_id,
        "status": RunStatus.QUEUED.value,
        "options": options_column(new.options),
        "idempotency_key": new.idempotency_key,
        "request_hash": new.request_hash,
        "fence": 0,
        "last_seq": 1,
        "recovered": 0,
        "cancel_requested": False,
        "failover_occurred": False,
        "failover_chain": [],
        "created_at": new.at,
    }
