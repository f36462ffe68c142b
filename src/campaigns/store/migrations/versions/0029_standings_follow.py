"""Standings without a foreign key of their own: their ledger entry's holds the customer
(docs/decisions/0056-standings-follow-the-ledger.md)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0027"
branch_labels = None
depends_on = None

_NAME = "fk_standings_customer_id_customers"


def upgrade() -> None:
    """SQLite drops no constraint from a table: a new one takes the rows over."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(f"ALTER TABLE standings DROP CONSTRAINT IF EXISTS {_NAME}")
        return
    op.rename_table("standings", "standings_before")
    op.create_table(
        "standings",
        sa.Column("customer_id", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "channel", "purpose", "topic", name="pk_standings"),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO standings SELECT * FROM standings_before")
    op.drop_table("standings_before")
