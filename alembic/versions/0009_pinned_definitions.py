"""What trusted definitions of tools say, so that a change can be shown."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("tool_pins", sa.Column("facts", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("tool_pins", "facts")
