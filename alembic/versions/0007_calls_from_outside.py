"""Calls of tools by agents outside, beside those of runs; every call has an id of its own.

The table of calls is built anew, which both engines can; nothing refers to it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEPT = (
    "run_id, position, tool_call_id, server, tool, arguments, result, is_error, cause, duration_ms, started_at, "
    "ended_at, capability, effect, executed, attempts"
)


def upgrade() -> None:
    _set_aside("SELECT run_id || '/' || position AS call_id, * FROM tool_calls")
    op.create_table(
        "tool_calls",
        _text("call_id"),
        _text("run_id", nullable=True),
        _text("caller", nullable=True),
        sa.Column("position", sa.Integer()),
        *_call(),
        sa.PrimaryKeyConstraint("call_id", name="pk_tool_calls"),
        _owned_by_runs(),
        sa.CheckConstraint("(run_id IS NULL) <> (caller IS NULL)", name=op.f("ck_tool_calls_one_owner")),
        sa.UniqueConstraint("run_id", "position", name="uq_tool_calls_run_id_position"),
    )
    op.create_index("ix_tool_calls_started_at_call_id", "tool_calls", ["started_at", "call_id"])
    _bring_back(f"call_id, {_KEPT}")


def downgrade() -> None:
    """The calls of agents outside go."""
    _set_aside("SELECT * FROM tool_calls WHERE run_id IS NOT NULL")
    op.create_table(
        "tool_calls",
        _text("run_id"),
        sa.Column("position", sa.Integer(), nullable=False),
        *_call(),
        sa.PrimaryKeyConstraint("run_id", "position", name="pk_tool_calls"),
        _owned_by_runs(),
    )
    _bring_back(_KEPT)


def _set_aside(rows: str) -> None:
    op.execute(f"CREATE TEMPORARY TABLE calls_aside AS {rows}")
    op.drop_table("tool_calls")


def _bring_back(columns: str) -> None:
    op.execute(f"INSERT INTO tool_calls ({columns}) SELECT {columns} FROM calls_aside")  # noqa: S608 - constants
    op.execute("DROP TABLE calls_aside")


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _owned_by_runs() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["run_id"], ["runs.run_id"], name="fk_tool_calls_run_id_runs", ondelete="CASCADE")


def _call() -> list[sa.Column]:
    return [
        _text("tool_call_id"),
        _text("server"),
        _text("tool"),
        sa.Column("arguments", sa.JSON(), nullable=False),
        _text("result", nullable=True),
        sa.Column("is_error", sa.Boolean(), nullable=False),
        _text("cause", nullable=True),
        sa.Column("duration_ms", sa.Double()),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        _text("capability", nullable=True),
        _text("effect", nullable=True),
        _text("executed", nullable=True),
        sa.Column("attempts", sa.JSON()),
    ]
