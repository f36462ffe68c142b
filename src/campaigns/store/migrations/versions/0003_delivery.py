"""Preferences, caps, fallbacks, paces and the audit trail."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    """A partial index, on both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Add the tables, and let one delivery replace another that surely failed."""
    op.add_column("interactions", sa.Column("agent", sa.String(length=8), nullable=True))
    _preferences()
    _paces()
    _audit()
    if op.get_bind().dialect.name == "sqlite":
        _rebuild_deliveries()
    else:
        _alter_deliveries()
    op.create_index(
        "uq_deliveries_standing",
        "deliveries",
        ["campaign_id", "step", "customer_id"],
        unique=True,
        **_where("NOT replaced"),
    )
    op.create_index(
        "ix_deliveries_in_doubt",
        "deliveries",
        ["run_id", "settled_at"],
        **_where("state = 'in_doubt'"),
    )


def _preferences() -> None:
    op.create_table(
        "preferences",
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("channels", sa.String(length=60), nullable=True),
        sa.Column("quiet_from", sa.SmallInteger(), nullable=True),
        sa.Column("quiet_until", sa.SmallInteger(), nullable=True),
        sa.Column("paused_until", sa.BigInteger(), nullable=True),
        sa.Column("weekly_most", sa.SmallInteger(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("customer_id", name="pk_preferences"),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_preferences_customer_id_customers"
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "contacts",
        sa.Column("customer_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("delivery_id", _KEY, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("customer_id", "at", "delivery_id", name="pk_contacts"),
        sqlite_with_rowid=False,
    )


def _paces() -> None:
    op.create_table(
        "paces",
        sa.Column("key", sa.String(length=120), nullable=False),
        sa.Column("free_at_us", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("trips", sa.Integer(), server_default="0", nullable=False),
        sa.Column("closed_until", sa.BigInteger(), nullable=True),
        sa.Column("because", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_paces"),
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("data", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_subject", "audit", ["subject"])


def _alter_deliveries() -> None:
    op.drop_constraint("uq_deliveries_campaign_id_step_customer_id", "deliveries", type_="unique")
    for column in _new_columns():
        op.add_column("deliveries", column)


def _new_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("hop", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("replaced", sa.Boolean(), server_default=sa.false(), nullable=False),
    )


def _rebuild_deliveries() -> None:
    """SQLite drops no constraint from a table: a new one takes the rows over, ids included."""
    for index in ("ix_deliveries_batch_id", "ix_deliveries_due", "ix_deliveries_run_id"):
        op.drop_index(index, "deliveries")
    op.rename_table("deliveries", "deliveries_before")
    _create_deliveries()
    columns = (
        "id, campaign_id, step, customer_id, run_id, shard, channel, skeleton_id, reason, state, "
        "batch_id, attempts, not_before, settled_at, provider_id, provider_state, outcome"
    )
    op.execute(
        f"INSERT INTO deliveries ({columns}) SELECT {columns} FROM deliveries_before"  # noqa: S608 - our own words
    )
    op.execute("DELETE FROM sqlite_sequence WHERE name = 'deliveries'")
    op.execute(  # ids are never used twice, also where the newest rows are gone
        "INSERT INTO sqlite_sequence (name, seq) "
        "SELECT 'deliveries', seq FROM sqlite_sequence WHERE name = 'deliveries_before'"
    )
    op.drop_table("deliveries_before")
    op.create_index("ix_deliveries_run_id", "deliveries", ["run_id"])
    op.create_index(
        "ix_deliveries_batch_id",
        "deliveries",
        ["batch_id"],
        **_where("state IN ('claimed', 'sending')"),
    )
    op.create_index(
        "ix_deliveries_due",
        "deliveries",
        ["run_id", "shard", "channel", "skeleton_id", "id"],
        **_where("state = 'pending'"),
    )


def _create_deliveries() -> None:
    hop, replaced = _new_columns()
    op.create_table(
        "deliveries",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("campaign_id", _KEY, nullable=False),
        sa.Column("step", sa.SmallInteger(), server_default="0", nullable=False),
        hop,
        replaced,
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("skeleton_id", _KEY, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("batch_id", _KEY, nullable=True),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("not_before", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.Column("provider_id", sa.String(length=120), nullable=True),
        sa.Column("provider_state", sa.String(length=10), nullable=True),
        sa.Column("outcome", sa.String(length=300), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sqlite_autoincrement=True,
    )
