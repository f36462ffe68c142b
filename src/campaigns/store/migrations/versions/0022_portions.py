"""Skips name the channel's rule that forbade the message; a run may be for a portion."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column, and give each skip `not_permitted` the rule's own name, which stands among
    its obstacles."""
    op.add_column("runs", sa.Column("portion", sa.Text()))
    for rule in ("not_written_first", "no_us_marketing"):
        op.execute(
            f"UPDATE skips SET reason = replace(reason, 'not_permitted', '{rule}') "  # noqa: S608 - our own words
            f"WHERE reason LIKE 'not_permitted|%={rule}%'"
        )
