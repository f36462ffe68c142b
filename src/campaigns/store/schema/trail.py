"""Who did what, and the keys of programs that do."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from campaigns.store.schema.base import BigKey, Json, metadata

#: Who did what: rows are added, never changed. Erasure leaves them: they name no customer.
audit = Table(
    "audit",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("at", BigInteger, nullable=False),
    Column("actor", String(80), nullable=False),
    Column("action", String(40), nullable=False),  # audit.Action
    Column("subject", String(80), nullable=False),  # run:12, delivery:345, release:ab12…
    Column("why", Text, nullable=False),
    Column("data", Json),
    Index("ix_audit_subject", "subject"),
)

#: Keys of the programs that use the APIs; revoked ones stay, so that the trail can name them.
api_keys = Table(
    "api_keys",
    metadata,
    Column("id", BigKey, primary_key=True, autoincrement=True),
    Column("source", String(20), nullable=False),
    Column("hash", String(64), nullable=False, unique=True),  # api_key.hash_of
    Column("scopes", String(80), nullable=False),  # separated by spaces
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", String(80), nullable=False),
    Column("revoked_at", BigInteger),
    Column("revoked_by", String(80)),
    sqlite_autoincrement=True,
)
