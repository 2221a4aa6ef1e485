"""Which definitions of tools are trusted, and what is known of a tool call: its effect, whether it acted, every try."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_ADDED = ("capability", "effect", "executed")


def upgrade() -> None:
    for name in _ADDED:
        op.add_column("tool_calls", sa.Column(name, sa.Text(), nullable=True))
    op.add_column("tool_calls", sa.Column("attempts", sa.JSON(), nullable=True))
    op.create_table(
        "tool_pins",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("server", "tool", "digest", "seen_digest")),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("first_seen_at", "changed_at")),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("server", "tool", name="pk_tool_pins"),
    )


def downgrade() -> None:
    op.drop_table("tool_pins")
    for name in (*_ADDED, "attempts"):
        op.drop_column("tool_calls", name)
