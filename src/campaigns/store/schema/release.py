"""What is said: releases and skeletons; and what people decided on them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from campaigns.store.schema.base import BigKey, metadata

releases = Table(
    "releases",
    metadata,
    Column("hash", String(32), primary_key=True),
    Column("campaign", String(80), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("document", LargeBinary, nullable=False),  # canonical JSON without the skeletons
)

skeletons = Table(
    "skeletons",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("hash", String(32), nullable=False, unique=True),
    Column("document", LargeBinary, nullable=False),  # Skeleton.to_json
)

release_skeletons = Table(
    "release_skeletons",
    metadata,
    Column("release_hash", String(32), ForeignKey("releases.hash"), primary_key=True),
    Column("skeleton_id", BigKey, ForeignKey("skeletons.id"), primary_key=True),
)

#: Somebody's yes or no to one exact release and plan: rows are added, never changed.
approvals = Table(
    "approvals",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("release_hash", String(32), ForeignKey("releases.hash"), nullable=False),
    Column("by", String(80), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("note", Text, nullable=False),
    Column("verdict", String(10), nullable=False, server_default="approved"),
    Column("plan", String(32)),  # the hash in `plans`
    Column("first", Integer),  # so many people and no more; NULL: everybody
    Index("ix_approvals_release_hash", "release_hash"),
)

#: Plans that somebody decided on: who would have got which message (domain.allotment).
plans = Table(
    "plans",
    metadata,
    Column("hash", String(32), primary_key=True),
    Column("release_hash", String(32), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("allotment", LargeBinary, nullable=False),
)
