"""Plans, what was decided on them, and canaries."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0017"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables and the columns."""
    op.add_column(
        "approvals",
        sa.Column("verdict", sa.String(length=10), server_default="approved", nullable=False),
    )
    op.add_column("approvals", sa.Column("plan", sa.String(length=32), nullable=True))
    op.add_column("approvals", sa.Column("first", sa.Integer(), nullable=True))
    op.create_table(
        "plans",
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("release_hash", sa.String(length=32), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("allotment", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_plans"),
    )
    op.create_table(
        "run_plans",
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("plan", sa.String(length=32), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("approval_id", sa.BigInteger(), nullable=True),
        sa.Column("changed", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_run_plans"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_run_plans_run_id_runs"),
    )
    op.create_index("ix_run_plans_approval_id", "run_plans", ["approval_id"])
    op.create_table(
        "canaries",
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("began_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("run_id", name="pk_canaries"),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_canaries_run_id_runs"),
    )
    op.create_table(
        "canary_deliveries",
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("delivery_id", _KEY, nullable=False),
        sa.PrimaryKeyConstraint("run_id", "delivery_id", name="pk_canary_deliveries"),
        sqlite_with_rowid=False,
    )
