"""The tables, for both engines. `alembic/versions` builds them; a test proves that the two are equal.

A thread owns its messages and runs, a run owns its events, attempts and tool calls, a request to the gateway owns its
attempts: deleting the owner deletes all.
"""

from enum import StrEnum
from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    UniqueConstraint,
    false,
    literal_column,
)

from sentinel.domain.runs import ACTIVE_STATUSES, RunStatus
from sentinel.persistence.columns import BIG_INTEGER, CleanText, UtcDateTime, json_column

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _owner(column: str) -> ForeignKey:
    return ForeignKey(column, ondelete="CASCADE")


def _text(name: str, *rest: Any, **options: Any) -> Column[str]:
    return Column(name, CleanText, *rest, **{"nullable": False, **options})


def _optional_text(name: str) -> Column[str]:
    return _text(name, nullable=True)


def _moment(name: str, *, nullable: bool = False) -> Column[Any]:
    return Column(name, UtcDateTime, nullable=nullable)


def _usage() -> list[Column[Any]]:
    """Tokens in, tokens out, and whether we counted them ourselves; all NULL when nothing is known."""
    return [
        Column("input_tokens", BIG_INTEGER),  # what a provider says is not limited by what is plausible
        Column("output_tokens", BIG_INTEGER),
        Column("usage_estimated", Boolean),
    ]


threads = Table(
    "threads",
    metadata,
    _text("thread_id", primary_key=True),
    _text("title"),
    _text("title_folded"),
    Column("archived", Boolean, nullable=False),
    _moment("created_at"),
    _moment("updated_at"),
    Index(None, "archived", "updated_at", "thread_id"),
)

messages = Table(
    "messages",
    metadata,
    _text("message_id", primary_key=True),
    _text("thread_id", _owner("threads.thread_id")),
    Column("position", Integer, nullable=False),  # the order of creation within the thread
    # No cascade along the chain: SQLite allows 1,000 nested ones, a thread may be longer. The thread deletes all.
    _text("parent_message_id", ForeignKey("messages.message_id"), nullable=True, index=True),
    _text("role"),
    _text("text"),
    _text("text_folded"),
    _optional_text("run_id"),  # the run that wrote it; no foreign key: runs refer to messages already
    _moment("created_at"),
    UniqueConstraint("thread_id", "position"),
)


class LogForm(StrEnum):
    """What is left of a run's log: all rows as they were written, with its tokens packed, or only its end."""

    FULL = "full"
    COMPACTED = "compacted"
    PRUNED = "pruned"


runs = Table(
    "runs",
    metadata,
    _text("run_id", primary_key=True),
    _text("thread_id", _owner("threads.thread_id")),
    _text("input_message_id", ForeignKey("messages.message_id"), unique=True),
    _text("message_id"),
    _text("status"),
    Column("options", json_column(), nullable=False),
    _text("idempotency_key", nullable=True, unique=True),
    _optional_text("request_hash"),
    _optional_text("owner"),
    Column("lease_until", Double),  # seconds since the epoch by the database's clock; NULL: nobody holds it
    _optional_text("taken_over_from"),
    Column("fence", Integer, nullable=False),
    Column("last_seq", Integer, nullable=False),
    _text("log_form", server_default=LogForm.FULL.value),
    Column("recovered", Integer, nullable=False),
    Column("cancel_requested", Boolean, nullable=False),
    _optional_text("provider"),
    _optional_text("model"),
    _optional_text("finish_reason"),
    *_usage(),
    Column("ttft_ms", Double),
    Column("latency_ms", Double),
    Column("failover_occurred", Boolean, nullable=False),
    Column("failover_chain", json_column(), nullable=False),
    Column("error", json_column()),
    _moment("created_at"),
    _moment("started_at", nullable=True),
    _moment("ended_at", nullable=True),
    CheckConstraint("status IN (" + ", ".join(f"'{status}'" for status in RunStatus) + ")", name="status"),
    Index(None, "created_at", "run_id"),
    Index(None, "thread_id", "created_at", "run_id"),
    Index(None, "status", "created_at", "run_id"),
    Index(None, "log_form", "ended_at"),
)

# Literals, not parameters: SQLite uses a partial index only when it can read the condition in the statement.
is_active = runs.c.status.in_([literal_column(f"'{status}'", CleanText) for status in ACTIVE_STATUSES])

Index(
    "uq_runs_active_thread",
    runs.c.thread_id,
    unique=True,
    sqlite_where=is_active,
    postgresql_where=is_active,
)

run_events = Table(
    "run_events",
    metadata,
    _text("run_id", _owner("runs.run_id"), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _text("type"),
    _moment("at"),
    Column("data", json_column(), nullable=False),
    sqlite_with_rowid=False,  # rows lie in the order in which a reader wants them, and there is one tree to write
)

gateway_requests = Table(
    "gateway_requests",
    metadata,
    _text("request_id", primary_key=True),
    _text("trace_id", index=True),  # callers may choose it, so it need not be unique
    _text("endpoint"),
    _text("route"),
    _text("requested_model"),
    Column("is_stream", Boolean, nullable=False),
    _text("outcome"),
    Column("status_code", Integer),
    _optional_text("error_code"),
    _optional_text("provider"),
    _optional_text("model"),
    *_usage(),
    Column("ttft_ms", Double),
    Column("latency_ms", Double, nullable=False),
    Column("failover_chain", json_column(), nullable=False),
    Column("skipped_frames", Integer, nullable=False),
    _moment("started_at"),
    _moment("ended_at"),
    Index(None, "started_at", "request_id"),
    Index(None, "outcome", "started_at", "request_id"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("attempt_id", BIG_INTEGER, primary_key=True),
    # One owner: a run or a request to the gateway.
    _text("run_id", _owner("runs.run_id"), nullable=True),
    _text("request_id", _owner("gateway_requests.request_id"), nullable=True),
    Column("position", Integer, nullable=False),
    Column("number", Integer, nullable=False),
    _text("provider"),
    _text("model"),
    _text("outcome"),
    _optional_text("cause"),
    _optional_text("detail"),
    Column("skipped", Boolean, nullable=False),
    Column("final", Boolean, nullable=False),
    Column("hedge", Boolean, nullable=False, server_default=false()),
    Column("status_code", Integer),
    _moment("started_at"),
    _moment("ended_at"),
    Column("duration_ms", Double, nullable=False),
    Column("ttft_ms", Double),
    *_usage(),
    Column("cost_nanos", BIG_INTEGER),
    Column("skipped_frames", Integer, nullable=False, server_default="0"),
    _optional_text("breaker_state"),
    Column("splice_offset", Integer),
    CheckConstraint("(run_id IS NULL) <> (request_id IS NULL)", name="one_owner"),
    UniqueConstraint("run_id", "position"),
    UniqueConstraint("request_id", "position"),
)

tool_calls = Table(
    "tool_calls",
    metadata,
    _text("call_id", primary_key=True),
    # One owner: a run, or an agent outside.
    _text("run_id", _owner("runs.run_id"), nullable=True),
    _optional_text("caller"),
    Column("position", Integer),
    _text("tool_call_id"),
    _text("server"),
    _text("tool"),
    Column("arguments", json_column(), nullable=False),
    _optional_text("result"),
    Column("is_error", Boolean, nullable=False),
    _optional_text("cause"),
    Column("duration_ms", Double),
    _moment("started_at"),
    _moment("ended_at", nullable=True),
    _optional_text("capability"),
    _optional_text("effect"),
    _optional_text("executed"),
    Column("attempts", json_column()),
    CheckConstraint("(run_id IS NULL) <> (caller IS NULL)", name="one_owner"),
    UniqueConstraint("run_id", "position"),
    Index(None, "started_at", "call_id"),
)

tool_pins = Table(
    "tool_pins",
    metadata,
    _text("server", primary_key=True),
    _text("tool", primary_key=True),
    _text("digest"),
    _text("seen_digest"),
    _moment("first_seen_at"),
    _moment("changed_at"),
    _moment("approved_at", nullable=True),
    _optional_text("approved_by"),
    Column("facts", json_column()),
)

faults = Table(
    "faults",
    metadata,
    _text("kind", primary_key=True),
    _text("target", primary_key=True),
    _optional_text("reason"),
    _text("actor"),
    _moment("created_at"),
    _moment("expires_at", nullable=True),
)

incidents = Table(
    "incidents",
    metadata,
    _text("incident_id", primary_key=True),  # sorts by time
    _text("type"),
    _text("severity"),
    _moment("at"),
    _moment("last_at"),
    Column("count", BIG_INTEGER, nullable=False),
    _text("key"),
    _text("title"),
    _optional_text("detail"),
    _optional_text("actor"),
    _optional_text("reason"),
    _optional_text("run_id"),  # no foreign keys: an incident outlives what it tells of
    _optional_text("request_id"),
    Column("data", json_column(), nullable=False),
    Index(None, "at"),
    Index(None, "type", "incident_id"),
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("entry_id", BIG_INTEGER, primary_key=True),
    _moment("at"),
    _text("actor"),
    _text("action"),
    _text("target"),
    Column("detail", json_column(), nullable=False),
    Index(None, "at"),
)
