"""journals that go on from one another."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("journal", "seals"):
        op.add_column(table, sa.Column("before", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    for table in ("seals", "journal"):
        op.drop_column(table, "before")
