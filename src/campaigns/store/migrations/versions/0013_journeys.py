"""Steps by name, skips that a journey remembers, and runs that only go on with journeys."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables and the column."""
    op.create_table(
        "steps",
        sa.Column("campaign_id", _KEY, nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "name", name="pk_steps"),
        sa.UniqueConstraint("campaign_id", "number", name="uq_steps_campaign_id_number"),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_steps_campaign_id_campaigns"
        ),
    )
    op.create_table(
        "journey_skips",
        sa.Column("campaign_id", _KEY, nullable=False),
        sa.Column("step", sa.SmallInteger(), nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("ends", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("campaign_id", "step", "customer_id", name="pk_journey_skips"),
        sqlite_with_rowid=False,
    )
    op.add_column(
        "runs", sa.Column("continues", sa.Boolean(), server_default=sa.false(), nullable=False)
    )
