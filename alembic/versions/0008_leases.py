"""Leases: until when the owner of a run holds it, and from whom it was taken over."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("lease_until", sa.Double(), nullable=True))
    op.add_column("runs", sa.Column("taken_over_from", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("runs", "taken_over_from")
    op.drop_column("runs", "lease_until")
