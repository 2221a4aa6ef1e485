"""Incidents."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BIG_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "incidents",
        _text("incident_id"),
        _text("type"),
        _text("severity"),
        _moment("at"),
        _moment("last_at"),
        sa.Column("count", _BIG_INTEGER, nullable=False),
        _text("key"),
        _text("title"),
        *(_text(name, nullable=True) for name in ("detail", "actor", "reason", "run_id", "request_id")),
        sa.Column("data", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("incident_id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_at", "incidents", ["at"])
    op.create_index("ix_incidents_type_incident_id", "incidents", ["type", "incident_id"])


def downgrade() -> None:
    op.drop_table("incidents")


def _text(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)
