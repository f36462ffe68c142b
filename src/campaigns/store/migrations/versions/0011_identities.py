"""Identities, merges of profiles, and the pairs to review."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    _identities()
    _merges()
    _matches()


def _identities() -> None:
    op.create_table(
        "identities",
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "key", name="pk_identities"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_identities_customer_id_customers"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_identities_customer_id", "identities", ["customer_id"])


def _merges() -> None:
    op.create_table(
        "merges",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("winner_id", _KEY, nullable=False),
        sa.Column("loser_id", _KEY, nullable=False),
        sa.Column("winner_ref", sa.String(length=80), nullable=True),
        sa.Column("loser_ref", sa.String(length=80), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("before", _JSON, nullable=True),
        sa.Column("undone_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_merges"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_merges_winner_id", "merges", ["winner_id"])
    op.create_index("ix_merges_loser_id", "merges", ["loser_id"])


def _matches() -> None:
    op.create_table(
        "matches",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("customer_a", _KEY, nullable=False),
        sa.Column("customer_b", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("evidence", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_matches"),
        sa.UniqueConstraint("customer_a", "customer_b", name="uq_matches_customer_a_customer_b"),
    )
    op.create_index("ix_matches_customer_b", "matches", ["customer_b"])
