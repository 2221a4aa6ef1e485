"""In which form a run's log is kept, so that logs can be compacted and pruned some time after the end.

Packed tokens are unpacked on the way down; what was pruned stays so.
"""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_EVENTS = sa.table(
    "run_events",
    sa.column("run_id", sa.Text()),
    sa.column("seq", sa.Integer()),
    sa.column("type", sa.Text()),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("data", sa.JSON()),
)


def upgrade() -> None:
    op.add_column("runs", sa.Column("log_form", sa.Text(), nullable=False, server_default="full"))
    op.create_index("ix_runs_log_form_ended_at", "runs", ["log_form", "ended_at"])


def downgrade() -> None:
    connection = op.get_bind()
    is_packed = _EVENTS.c.type == "tokens"
    packed = connection.execute(sa.select(_EVENTS).where(is_packed)).all()
    connection.execute(sa.delete(_EVENTS).where(is_packed))
    for row in packed:
        connection.execute(sa.insert(_EVENTS), _unpacked(row))
    op.drop_index("ix_runs_log_form_ended_at", "runs")
    op.drop_column("runs", "log_form")


def _unpacked(row: Any) -> list[dict[str, Any]]:
    text, rest, steps = row.data["text"], row.data["rest"], row.data["steps"]
    lengths, gaps = steps[::2], steps[1::2]
    events, at, start = [], row.at, 0
    for seq, length, gap in zip(range(row.seq - len(lengths) + 1, row.seq + 1), lengths, gaps, strict=True):
        at += timedelta(microseconds=gap)
        data = {"text": text[start : start + length], **rest}
        events.append({"run_id": row.run_id, "seq": seq, "type": "token", "at": at, "data": data})
        start += length
    return events
