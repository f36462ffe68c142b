"""The inbox of replies, and the outbox of answers."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _where(condition: str) -> dict[str, Any]:
    """A partial index, on both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Add the tables."""
    _inbox()
    _answers()


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("because", sa.String(length=10), nullable=False),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_by", sa.String(length=80), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "uq_inbox_waiting",
        "inbox",
        ["customer_id", "channel"],
        unique=True,
        **_where("state = 'waiting'"),
    )
    op.create_index("ix_inbox_state", "inbox", ["state", "last_at"])


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("key", sa.String(length=100), nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("inbox_id", _KEY, nullable=True),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("subject", sa.String(length=300), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("campaign", sa.String(length=80), nullable=True),
        sa.Column("by", sa.String(length=80), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("provider_id", sa.String(length=120), nullable=True),
        sa.Column("outcome", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
        sa.UniqueConstraint("key", name="uq_answers_key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_answers_open", "answers", ["not_before"], **_where("state IN ('pending', 'sending')")
    )
    op.create_index("ix_answers_customer_id", "answers", ["customer_id", "created_at"])
