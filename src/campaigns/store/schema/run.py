"""Campaigns, their runs, and what belongs to one run as a whole."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from campaigns.store.schema.base import BigKey, metadata, partial

#: What may be told once: a campaign (and edition, for those that recur).
campaigns = Table(
    "campaigns",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("name", String(80), nullable=False),
    Column("edition", String(40), nullable=False),
    UniqueConstraint("name", "edition"),
)

ACTIVE_RUN = "state IN ('planning', 'running', 'paused')"

runs = Table(
    "runs",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("campaign_id", BigKey, ForeignKey("campaigns.id"), nullable=False),
    Column("release_hash", String(32), ForeignKey("releases.hash"), nullable=False),
    Column("state", String(10), nullable=False),
    Column("purpose", String(10), nullable=False),  # copied from the policy for the intent check
    Column("topic", String(40), nullable=False),
    Column("expires_at", BigInteger),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("row_limit", Integer),  # at most so many messages, for a first careful send
    Column("portion", Text),  # Portion.encode; null is the whole
    # Plans later steps of a journey only: nobody enters it by this run.
    Column("continues", Boolean, nullable=False, server_default=false()),
    Column("stopped_because", Text),
    partial("uq_runs_one_active", "campaign_id", unique=True, only=ACTIVE_RUN),
)

#: A run's audience cut by customer id: what one worker plans and dispatches at a time.
shards = Table(
    "shards",
    metadata,
    Column("run_id", BigKey, ForeignKey("runs.id"), primary_key=True),
    Column("no", Integer, primary_key=True),
    Column("first_customer", BigInteger, nullable=False),
    Column("last_customer", BigInteger, nullable=False),
    Column("planned_at", BigInteger),
    Column("already", Integer, nullable=False, server_default="0"),  # had this campaign before
)

#: The plan that a run carries out, and how it differs from the one that was approved.
run_plans = Table(
    "run_plans",
    metadata,
    Column("run_id", BigKey, ForeignKey("runs.id"), primary_key=True),
    Column("plan", String(32), nullable=False),
    Column("people", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("approval_id", BigInteger),
    Column("changed", Text),  # in words; NULL where there was no plan to compare with
    Index("ix_run_plans_approval_id", "approval_id"),
)

#: The first part of a run, watched before the rest is sent, and what came of it.
canaries = Table(
    "canaries",
    metadata,
    Column("run_id", BigKey, ForeignKey("runs.id"), primary_key=True),
    Column("state", String(10), nullable=False),  # canary.CanaryState
    Column("began_at", BigInteger, nullable=False),
    Column("decided_at", BigInteger),
    Column("because", Text),
)

canary_deliveries = Table(
    "canary_deliveries",
    metadata,
    Column("run_id", BigKey, primary_key=True),
    Column("delivery_id", BigKey, primary_key=True),
    sqlite_with_rowid=False,
)
