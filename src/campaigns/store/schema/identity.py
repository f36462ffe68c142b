"""What finds a customer, and profiles that are or may be one person."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, String, Table, Text, UniqueConstraint

from campaigns.store.schema.base import BigKey, Json, metadata

#: What else finds a customer, beside the present ref and addresses: of a merged person every ref,
#: address and number of both; devices; refs of other systems.
identities = Table(
    "identities",
    metadata,
    Column("kind", String(8), primary_key=True),  # identity.IdentityKind
    Column("key", String(80), primary_key=True),  # refs and numbers plain, all others hashed
    Column("customer_id", BigKey, ForeignKey("customers.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("source", String(80)),  # who told it
    Column("was", BigInteger),  # the number of the merged profile that it came with
    Index("ix_identities_customer_id", "customer_id"),
    sqlite_with_rowid=False,
)

#: What the business told of devices that nobody is known to use: joined to the customer who turns
#: out to, or deleted after a while.
device_events = Table(
    "device_events",
    metadata,
    Column("source_key", String(80), primary_key=True),
    Column("device_key", String(32), nullable=False),  # keyed hash
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("channel", String(10)),
    Column("data", Json),
    Column("told_at", BigInteger, nullable=False),
    Index("ix_device_events_device_key", "device_key"),
    Index("ix_device_events_told_at", "told_at"),
)

#: Two profiles that became one, with all it takes to part them again. Erasure empties `before`.
merges = Table(
    "merges",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("winner_id", BigKey, nullable=False),
    Column("loser_id", BigKey, nullable=False),  # has no row in customers while merged
    Column("winner_ref", String(80)),
    Column("loser_ref", String(80)),
    Column("at", BigInteger, nullable=False),
    Column("by", String(80), nullable=False),
    Column("why", Text, nullable=False),
    Column("before", Json),  # joining.Before: personal data
    Column("undone_at", BigInteger),
    Index("ix_merges_winner_id", "winner_id"),
    Index("ix_merges_loser_id", "loser_id"),
    sqlite_autoincrement=True,
)

#: Pairs that may be one person, and what somebody said of them. A refused pair stays two people.
matches = Table(
    "matches",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("customer_a", BigKey, nullable=False),  # the smaller number
    Column("customer_b", BigKey, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("evidence", String(200), nullable=False),  # in words, without personal data
    Column("state", String(10), nullable=False),  # identity.MatchState
    Column("decided_at", BigInteger),
    Column("decided_by", String(80)),
    UniqueConstraint("customer_a", "customer_b"),
    Index("ix_matches_customer_b", "customer_b"),
)
