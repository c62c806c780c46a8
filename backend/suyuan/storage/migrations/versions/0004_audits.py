"""audits, and what seals cost."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("seals", sa.Column("gas", sa.BigInteger(), nullable=True))
    op.add_column("seals", sa.Column("paid", sa.Numeric(78, 0), nullable=True))
    op.create_index("seals_costs", "seals", ["number"], postgresql_include=["size", "sealed_at", "gas", "paid"])
    op.create_index("seals_unread", "seals", ["number"], postgresql_where=sa.text("state = 'sealed' AND gas IS NULL"))
    op.create_table(
        "entry_counts",
        sa.Column("kind", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("arg", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "arg"),
    )
    op.create_table(
        "entry_waits",
        sa.Column("seconds", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("entries", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("seconds"),
    )
    op.create_table(
        "audits",
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("day", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audited_at", sa.BigInteger(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("issued_at", sa.BigInteger(), nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("by", "day"),
    )
    op.create_index("audits_newest", "audits", ["audited_at"])


def downgrade() -> None:
    op.drop_table("audits")
    op.drop_table("entry_waits")
    op.drop_table("entry_counts")
    op.drop_index("seals_unread", "seals")
    op.drop_index("seals_costs", "seals")
    op.drop_column("seals", "paid")
    op.drop_column("seals", "gas")
