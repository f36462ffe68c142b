"""Customers, their addresses, and what they asked for."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    SmallInteger,
    String,
    Table,
    text,
)

from campaigns.store.schema.base import BigKey, Json, metadata

customers = Table(
    "customers",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("ref", String(80), nullable=False, unique=True),  # the user's own customer id
    Column("first_name", String(80)),
    Column("last_name", String(80)),
    Column("locale", String(20), nullable=False),
    Column("country", String(2)),
    Column("time_zone", String(40)),
    Column("preferred_channel", String(10)),  # stated by the customer
    Column("attributes", Json, nullable=False, server_default=text("'{}'")),
    Column("last_purchase_at", BigInteger),  # kept by record_interactions
    Column("created_at", BigInteger, nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)

addresses = Table(
    "addresses",
    metadata,
    Column("customer_id", BigKey, ForeignKey("customers.id"), primary_key=True),
    Column("channel", String(10), primary_key=True),
    Column("address", String(254), nullable=False),
    Column("address_key", String(32), nullable=False),  # keyed hash of kind + normalised address
    Column("status", String(10), nullable=False),
    Column("updated_at", BigInteger, nullable=False),
    Index("ix_addresses_address_key", "address_key"),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: What a customer asked for beyond the preferred channel; most customers have no row. Minutes are
#: of the local day; NULL is the brand's or the law's own.
preferences = Table(
    "preferences",
    metadata,
    Column("customer_id", BigKey, ForeignKey("customers.id"), primary_key=True),
    Column("channels", String(60)),  # in the customer's order, separated by commas
    Column("quiet_from", SmallInteger),
    Column("quiet_until", SmallInteger),
    Column("paused_until", BigInteger),  # no marketing before this moment
    Column("weekly_most", SmallInteger),  # at most so many marketing messages in seven days
    Column("updated_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # read in ranges of customers
)

#: Of a customer and a kind of imported file: the keyed hash of a row and of the customer as they
#: were when that row changed nothing (store.stamps). A stamp of somebody who is gone finds nobody,
#: so it needs no foreign key, which would cost as much as the row.
stamps = Table(
    "stamps",
    metadata,
    Column("customer_id", BigKey, primary_key=True, autoincrement=False),
    Column("file_kind", String(24), primary_key=True),
    Column("stamp", LargeBinary, nullable=False),
    Column("kept_opt_out", SmallInteger, nullable=False),  # yeses that a no had kept out
    sqlite_with_rowid=False,
)
