"""Every table as it was in the first release."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_JSON = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")


def _where(condition: str) -> dict[str, Any]:
    """A partial index, on both databases."""
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def upgrade() -> None:
    """Make the tables, and the key under which this database hashes addresses."""
    _meta_and_profiles()
    _consents()
    _releases()
    _runs()
    _deliveries()
    _messages()
    op.bulk_insert(
        sa.table("meta", sa.column("key", sa.String), sa.column("value", sa.Text)),
        [{"key": "address_key", "value": secrets.token_hex(32)}],
    )


def _meta_and_profiles() -> None:
    op.create_table(
        "meta",
        sa.Column("key", sa.String(length=40), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_meta"),
    )
    op.create_table(
        "customers",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("ref", sa.String(length=80), nullable=False),
        sa.Column("first_name", sa.String(length=80), nullable=True),
        sa.Column("last_name", sa.String(length=80), nullable=True),
        sa.Column("locale", sa.String(length=20), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=True),
        sa.Column("time_zone", sa.String(length=40), nullable=True),
        sa.Column("preferred_channel", sa.String(length=10), nullable=True),
        sa.Column("attributes", _JSON, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("last_purchase_at", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_customers"),
        sa.UniqueConstraint("ref", name="uq_customers_ref"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "addresses",
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("address_key", sa.String(length=32), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_addresses_customer_id_customers"
        ),
        sa.PrimaryKeyConstraint("customer_id", "channel", name="pk_addresses"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_addresses_address_key", "addresses", ["address_key"])
    op.create_table(
        "channel_uses",
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("uses", sa.Integer(), nullable=False),
        sa.Column("last_inbound_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_channel_uses_customer_id_customers"
        ),
        sa.PrimaryKeyConstraint("customer_id", "channel", name="pk_channel_uses"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "interactions",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=True),
        sa.Column("delivery_id", sa.BigInteger(), nullable=True),
        sa.Column("source_key", sa.String(length=80), nullable=True),
        sa.Column("data", _JSON, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_interactions"),
    )
    op.create_index("ix_interactions_customer_id_at", "interactions", ["customer_id", "at"])
    op.create_index(
        "uq_interactions_sent",
        "interactions",
        ["delivery_id"],
        unique=True,
        **_where("kind = 'sent'"),
    )
    op.create_index(
        "uq_interactions_source_key",
        "interactions",
        ["source_key"],
        unique=True,
        **_where("source_key IS NOT NULL"),
    )


def _consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_consents_customer_id_customers"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_customer_id", "consents", ["customer_id"])
    op.create_table(
        "standings",
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name="fk_standings_customer_id_customers"
        ),
        sa.PrimaryKeyConstraint("customer_id", "channel", "purpose", "topic", name="pk_standings"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "suppressions",
        sa.Column("address_key", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("purpose IN ('marketing', 'all')", name=op.f("ck_suppressions_purpose")),
        sa.PrimaryKeyConstraint("address_key", name="pk_suppressions"),
    )


def _releases() -> None:
    op.create_table(
        "releases",
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("campaign", sa.String(length=80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_releases"),
    )
    op.create_table(
        "skeletons",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.Column("document", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_skeletons"),
        sa.UniqueConstraint("hash", name="uq_skeletons_hash"),
    )
    op.create_table(
        "release_skeletons",
        sa.Column("release_hash", sa.String(length=32), nullable=False),
        sa.Column("skeleton_id", _KEY, nullable=False),
        sa.ForeignKeyConstraint(
            ["release_hash"], ["releases.hash"], name="fk_release_skeletons_release_hash_releases"
        ),
        sa.ForeignKeyConstraint(
            ["skeleton_id"], ["skeletons.id"], name="fk_release_skeletons_skeleton_id_skeletons"
        ),
        sa.PrimaryKeyConstraint("release_hash", "skeleton_id", name="pk_release_skeletons"),
    )


def _runs() -> None:
    op.create_table(
        "campaigns",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("edition", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.UniqueConstraint("name", "edition", name="uq_campaigns_name_edition"),
    )
    op.create_table(
        "runs",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("campaign_id", _KEY, nullable=False),
        sa.Column("release_hash", sa.String(length=32), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=10), nullable=False),
        sa.Column("topic", sa.String(length=40), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("planned_until", sa.BigInteger(), nullable=False),
        sa.Column("row_limit", sa.Integer(), nullable=True),
        sa.Column("stopped_because", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name="fk_runs_campaign_id_campaigns"
        ),
        sa.ForeignKeyConstraint(
            ["release_hash"], ["releases.hash"], name="fk_runs_release_hash_releases"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_runs"),
    )
    op.create_index(
        "uq_runs_one_active",
        "runs",
        ["campaign_id"],
        unique=True,
        **_where("state IN ('planning', 'running', 'paused')"),
    )
    op.create_table(
        "shards",
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("no", sa.Integer(), nullable=False),
        sa.Column("first_customer", sa.BigInteger(), nullable=False),
        sa.Column("last_customer", sa.BigInteger(), nullable=False),
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.Column("already", sa.Integer(), server_default="0", nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["runs.id"], name="fk_shards_run_id_runs"),
        sa.PrimaryKeyConstraint("run_id", "no", name="pk_shards"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("campaign_id", _KEY, nullable=False),
        sa.Column("step", sa.SmallInteger(), server_default="0", nullable=False),
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
        sa.UniqueConstraint(
            "campaign_id", "step", "customer_id", name="uq_deliveries_campaign_id_step_customer_id"
        ),
        sqlite_autoincrement=True,
    )
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
    op.create_index("ix_deliveries_run_id", "deliveries", ["run_id"])
    op.create_table(
        "batches",
        sa.Column("id", _KEY, autoincrement=True, nullable=False),
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("shard", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("skeleton_id", _KEY, nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("request_id", sa.String(length=120), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_batches_open", "batches", ["lease_until"], **_where("open"))


def _messages() -> None:
    op.create_table(
        "messages",
        sa.Column("delivery_id", _KEY, autoincrement=False, nullable=False),
        sa.Column("address", sa.String(length=254), nullable=False),
        sa.Column("slot_values", sa.Text(), nullable=False),
        sa.Column("hash", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_messages"),
    )
    op.create_table(
        "skips",
        sa.Column("run_id", _KEY, nullable=False),
        sa.Column("customer_id", _KEY, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("run_id", "customer_id", name="pk_skips"),
        sqlite_with_rowid=False,
    )
