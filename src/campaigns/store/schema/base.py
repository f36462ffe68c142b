"""What all tables share, and the facts about the database itself."""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, MetaData, String, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: SQLite counts rows up only for INTEGER primary keys; PostgreSQL wants BIGINT.
BigKey = BigInteger().with_variant(Integer, "sqlite")
Json = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")


def partial(name: str, *columns: str, only: str, unique: bool = False) -> Index:
    """An index of the rows for which the condition `only` holds, on both databases."""
    return Index(
        name, *columns, unique=unique, sqlite_where=text(only), postgresql_where=text(only)
    )


#: One row per fact about the database itself (the key of the address hash, …).
meta = Table(
    "meta",
    metadata,
    Column("key", String(40), primary_key=True),
    Column("value", Text, nullable=False),
)
