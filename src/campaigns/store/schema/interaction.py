"""What customers did, what providers told, and clicks on links."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, String, Table, Text

from campaigns.store.schema.base import BigKey, Json, metadata, partial

interactions = Table(
    "interactions",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("customer_id", BigKey, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("channel", String(10)),
    Column("delivery_id", BigInteger),
    Column("source_key", String(80)),  # dedupes events told twice; NULL for our own `sent`
    # Who clicked or opened, as far as can be told: human, suspect or machine. Else NULL.
    Column("agent", String(8)),
    Column("data", Json),
    Index("ix_interactions_customer_id_at", "customer_id", "at"),
    # One `sent` per delivery, however often and however late its evidence comes.
    partial("uq_interactions_sent", "delivery_id", unique=True, only="kind = 'sent'"),
    partial("uq_interactions_source_key", "source_key", unique=True, only="source_key IS NOT NULL"),
    sqlite_autoincrement=True,  # learning goes on from an id: never use one twice
)

#: What a provider told of messages and people we do not know: kept and counted, never an error.
unmatched_events = Table(
    "unmatched_events",
    metadata,
    Column("key", String(80), primary_key=True),  # as in interactions.source_key
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("why", String(20), nullable=False),  # evidence.Why
    Column("address_key", String(32)),  # whom it concerns: the address itself is not kept
    Column("data", Json),
    Column("received_at", BigInteger, nullable=False),
    Index("ix_unmatched_events_received_at", "received_at"),
    Index("ix_unmatched_events_address_key", "address_key", "at"),
)

#: Where a release's click links lead: the mail carries the id, never an address of the link's own.
links = Table(
    "links",
    metadata,
    Column("release_hash", String(32), ForeignKey("releases.hash"), primary_key=True),
    Column("id", String(16), primary_key=True),
    Column("url", Text, nullable=False),
)

#: Every request on a click link, for telling people from programs (domain.agent): erasure deletes
#: a customer's.
clicks = Table(
    "clicks",
    metadata,
    Column("source_key", String(80), primary_key=True),  # of its interaction
    Column("at", BigInteger, nullable=False),
    Column("customer_id", BigKey, nullable=False),
    Column("delivery_id", BigKey, nullable=False),
    Column("link", String(16), nullable=False),
    Column("origin", String(32), nullable=False),  # keyed hash of the day and the IP address
    Column("machine", Boolean, nullable=False),  # the request said so itself
    Index("ix_clicks_delivery_id", "delivery_id", "at"),
    Index("ix_clicks_origin", "origin", "customer_id"),
    Index("ix_clicks_customer_id", "customer_id"),
)
