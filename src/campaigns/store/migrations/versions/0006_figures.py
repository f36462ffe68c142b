"""Indexes for looking at a run while it is sent, without reading its rows."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _where(condition: str) -> dict[str, Any]:
    """A partial index, on both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """One entry per message, added when it is settled; and what is due, with from when."""
    op.create_index(
        "ix_deliveries_settled",
        "deliveries",
        ["run_id", "channel", "state", "settled_at", "replaced"],
        **_where(
            "state <> 'pending' AND state <> 'claimed' AND state <> 'sending' AND NOT replaced"
        ),
    )
    op.drop_index("ix_deliveries_due", "deliveries")
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["run_id", "shard", "channel", "skeleton_id", "id", "not_before", "state"],
        **_where("state = 'pending'"),
    )
