"""The steps of journeys, and who was skipped at one."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

from campaigns.store.schema.base import BigKey, metadata

#: A journey's steps by name: inserting or reordering steps shifts nobody. The numbers are those of
#: deliveries.step and are never used again; 0 is the first step that the campaign ever had.
steps = Table(
    "steps",
    metadata,
    Column("campaign_id", BigKey, ForeignKey("campaigns.id"), primary_key=True),
    Column("name", String(40), primary_key=True),
    Column("number", SmallInteger, nullable=False),
    UniqueConstraint("campaign_id", "number"),
)

#: Who was skipped at a later step of a journey, for good, and why: with `deliveries` it tells where
#: everyone is.
journey_skips = Table(
    "journey_skips",
    metadata,
    Column("campaign_id", BigKey, primary_key=True, autoincrement=False),
    Column("step", SmallInteger, primary_key=True, autoincrement=False),
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("ends", Boolean, nullable=False),  # the journey, not just this step
    sqlite_with_rowid=False,  # read in ranges of customers
)
