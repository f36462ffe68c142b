"""Who may be contacted: the ledger of consent, and addresses that must be left alone."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    String,
    Table,
    Text,
)

from campaigns.store.schema.base import BigKey, metadata, partial

#: The ledger: rows are added, never changed; only erasure removes them.
consents = Table(
    "consents",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("customer_id", BigKey, ForeignKey("customers.id"), nullable=False),
    Column("channel", String(10), nullable=False),
    Column("purpose", String(10), nullable=False),
    Column("topic", String(40), nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("source", String(10), nullable=False),
    Column("proof", Text, nullable=False),
    Column("actor", String(80), nullable=False),
    Index("ix_consents_customer_id", "customer_id"),
)

#: What the ledger says now: its newest entry per customer, channel, purpose and topic. Written in
#: the transaction that appends to the ledger, after it; a contract test rebuilds it and compares.
#: The entry's foreign key holds the customer for both: one of its own would be a second question.
standings = Table(
    "standings",
    metadata,
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
    Column("channel", String(10), primary_key=True),
    Column("purpose", String(10), primary_key=True),
    Column("topic", String(40), primary_key=True),
    Column("granted", Boolean, nullable=False),
    Column("at", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: Addresses that must not be contacted, by keyed hash: they outlive the customer's erasure. Of an
#: erased customer there are also hashes of the mailbox and the ref, to know them again by.
suppressions = Table(
    "suppressions",
    metadata,
    Column("address_key", String(32), primary_key=True),
    # marketing: offers only. all: nothing at all (bounced, erased).
    Column("purpose", String(10), nullable=False),
    Column("reason", String(40), nullable=False),
    Column("at", BigInteger, nullable=False),
    CheckConstraint("purpose IN ('marketing', 'all')", name="purpose"),
    partial("ix_suppressions_erased", "address_key", only="reason = 'erased'"),
)
