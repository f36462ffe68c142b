"""When a pace's breaker last learned something: reserving a rate is no news of the provider."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column("paces", sa.Column("learned_at", sa.BigInteger(), nullable=True))
