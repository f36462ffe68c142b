"""What is known of messages in doubt, and why a failed message has no fallback."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FAILED = (
    "NOT replaced AND no_fallback IS NULL "
    "AND (state = 'rejected' OR provider_state IN ('bounced', 'failed'))"
)


def upgrade() -> None:
    """Make the table, the column, and indexes of what failed and of what was replaced."""
    op.create_table(
        "doubts",
        sa.Column(
            "delivery_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("looks", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("looked_at", sa.BigInteger(), nullable=True),
        sa.Column("next_look_at", sa.BigInteger(), nullable=True),
        sa.Column("finding", sa.String(length=10), nullable=True),
        sa.Column("told", sa.String(length=300), nullable=True),
        sa.Column("resolved", sa.String(length=10), nullable=True),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_doubts"),
    )
    op.add_column("deliveries", sa.Column("no_fallback", sa.String(length=200), nullable=True))
    op.create_index(
        "ix_deliveries_failed",
        "deliveries",
        ["run_id", "settled_at"],
        sqlite_where=sa.text(_FAILED),
        postgresql_where=sa.text(_FAILED),
    )
    op.create_index(
        "ix_deliveries_replaced",
        "deliveries",
        ["customer_id"],
        sqlite_where=sa.text("replaced"),
        postgresql_where=sa.text("replaced"),
    )
