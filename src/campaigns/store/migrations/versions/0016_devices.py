"""From where an identity is known, and events of devices that nobody is known to use."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Of what is known already nobody wrote down from where."""
    op.add_column("identities", sa.Column("source", sa.String(length=80), nullable=True))
    op.add_column("identities", sa.Column("was", sa.BigInteger(), nullable=True))
    op.create_table(
        "device_events",
        sa.Column("source_key", sa.String(length=80), nullable=False),
        sa.Column("device_key", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=True),
        sa.Column("data", _JSON, nullable=True),
        sa.Column("told_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("source_key", name="pk_device_events"),
    )
    op.create_index("ix_device_events_device_key", "device_events", ["device_key"])
    op.create_index("ix_device_events_told_at", "device_events", ["told_at"])
