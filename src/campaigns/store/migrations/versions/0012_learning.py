"""What is learnt of each customer's channels, in place of counted uses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
_COLUMNS = "id, customer_id, at, kind, channel, delivery_id, source_key, data, agent"


def upgrade() -> None:
    """Uses are not converted: `campaigns learn` counts everything anew."""
    op.drop_column("channel_uses", "uses")
    for name in ("messages", "answers", "recent_messages", "recent_answers"):
        column = sa.Column(name, sa.Integer(), server_default="0", nullable=False)
        op.add_column("channel_uses", column)
    op.add_column("channel_uses", sa.Column("kind", sa.String(length=20), nullable=True))
    op.add_column("channel_uses", sa.Column("learned_at", sa.BigInteger(), nullable=True))
    op.create_table(
        "unlearned",
        sa.Column("customer_id", _KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_unlearned"),
    )
    op.create_table(
        "learnings",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until_id", sa.BigInteger(), nullable=False),
        sa.Column("all_at", sa.BigInteger(), nullable=False),
        sa.Column("customers", sa.BigInteger(), nullable=False),
        sa.Column("priors", _JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_learnings"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _never_use_an_id_twice()


def _never_use_an_id_twice() -> None:
    """SQLite gives the number of a deleted last row away again, unless the table was made so."""
    op.rename_table("interactions", "interactions_before")
    op.create_table(
        "interactions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("source_key", sa.String(length=80), nullable=True),
        sa.Column("agent", sa.String(length=8), nullable=True),
        sa.Column("data", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_interactions"),
        sqlite_autoincrement=True,
    )
    op.execute(
        f"INSERT INTO interactions ({_COLUMNS}) SELECT {_COLUMNS} FROM interactions_before"  # noqa: S608 - our own words
    )
    op.drop_table("interactions_before")
    op.create_index("ix_interactions_customer_id_at", "interactions", ["customer_id", "at"])
    for name, column, where in (
        ("uq_interactions_sent", "delivery_id", "kind = 'sent'"),
        ("uq_interactions_source_key", "source_key", "source_key IS NOT NULL"),
    ):
        op.create_index(name, "interactions", [column], unique=True, sqlite_where=sa.text(where))
