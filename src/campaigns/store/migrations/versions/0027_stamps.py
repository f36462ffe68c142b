"""Stamps: rows of imported files that would change nothing are known by them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Empty: the next import of each file fills it."""
    op.create_table(
        "stamps",
        sa.Column(
            "customer_id",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            nullable=False,
            autoincrement=False,
        ),
        sa.Column("file_kind", sa.String(24), nullable=False),
        sa.Column("stamp", sa.LargeBinary(), nullable=False),
        sa.Column("kept_opt_out", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "file_kind", name="pk_stamps"),
        sqlite_with_rowid=False,
    )
