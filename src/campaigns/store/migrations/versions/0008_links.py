"""Click links, the requests on them, and events that match nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "unmatched_events",
        sa.Column("key", sa.String(length=80), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("why", sa.String(length=20), nullable=False),
        sa.Column("address_key", sa.String(length=32), nullable=True),
        sa.Column("data", _JSON, nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_unmatched_events"),
    )
    op.create_index("ix_unmatched_events_received_at", "unmatched_events", ["received_at"])
    op.create_table(
        "links",
        sa.Column("release_hash", sa.String(length=32), nullable=False),
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("release_hash", "id", name="pk_links"),
        sa.ForeignKeyConstraint(
            ["release_hash"], ["releases.hash"], name="fk_links_release_hash_releases"
        ),
    )
    op.create_table(
        "clicks",
        sa.Column("source_key", sa.String(length=80), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("delivery_id", _KEY, nullable=False),
        sa.Column("link", sa.String(length=16), nullable=False),
        sa.Column("origin", sa.String(length=32), nullable=False),
        sa.Column("machine", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("source_key", name="pk_clicks"),
    )
    op.create_index("ix_clicks_delivery_id", "clicks", ["delivery_id", "at"])
    op.create_index("ix_clicks_origin", "clicks", ["origin", "customer_id"])
    op.create_index("ix_clicks_customer_id", "clicks", ["customer_id"])
