"""What an attempt cost, and how many garbled frames were left out of its answer; both unknown of earlier ones."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_BIG_INTEGER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("attempts", sa.Column("cost_nanos", _BIG_INTEGER))
    op.add_column("attempts", sa.Column("skipped_frames", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    op.drop_column("attempts", "skipped_frames")
    op.drop_column("attempts", "cost_nanos")
