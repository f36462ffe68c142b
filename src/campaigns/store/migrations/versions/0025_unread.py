"""What nobody ever read goes: up to which customer a run's audience reached, its shards say."""

from __future__ import annotations

from alembic import op

revision = "0025"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Drop the column."""
    op.drop_column("runs", "planned_until")
