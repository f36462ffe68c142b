"""Holding and closing batches.

PostgreSQL locks row by row, so every transaction takes the batch first and its deliveries after,
in the order of their ids: two that meet then wait for each other instead of blocking each other.
SQLite has one writer at a time and needs none of it.
"""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, text

from campaigns.store.bulk import Dialect

_CLOSE = text(
    """
    UPDATE batches SET open = false WHERE id = :batch AND open AND NOT EXISTS (
      SELECT 1 FROM deliveries
       WHERE batch_id = :batch AND state IN ('claimed', 'sending'))
    """
)
#: Customers share so many locks, a thousand neighbours one: few to take, and far below what
#: PostgreSQL has room for. Row locks would do, but imports and erasures take those in an order of
#: their own, and PostgreSQL would break one of the two off.
_CUSTOMER_LOCKS, _NEIGHBOURS, _LOCK_CLASS = 64, 1024, 4_801_238
_HOLD_CUSTOMERS = text(
    "SELECT pg_advisory_xact_lock(:lock_class, no) "
    "FROM unnest(CAST(:numbers AS integer[])) AS numbers(no)"
)
_HOLD_DELIVERIES = text(
    "SELECT id FROM deliveries WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE"
)


#: PostgreSQL plans a statement by statistics that know nothing of a run's last seconds, and goes on
#: with that plan. While tables are new it would read them whole for each delivery; once it has
#: looked at an outbox where all is pending, it expects one row in any other state, and compares all
#: with all.
_LOOK_UP = (
    "set_config('enable_seqscan', 'off', true), set_config('enable_hashjoin', 'off', true), "
    "set_config('enable_mergejoin', 'off', true)"
)
_BY_INDEX = text(f"SELECT {_LOOK_UP}")
_HOLD_BATCH = text(f"SELECT {_LOOK_UP} FROM batches WHERE id = :batch FOR UPDATE")  # noqa: S608 - our own words


def unguessed(condition: str) -> str:
    """The condition in words of which a database's statistics have no opinion: for rows that are
    looked up by key, and whose state the statistics cannot know. PostgreSQL takes it for even."""
    return f"CASE WHEN {condition} THEN true ELSE false END"


class Locking:
    """The row locks of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._by_row = dialect == "postgresql"

    def by_index(self, connection: Connection) -> None:
        """Rows are looked up, however small a table seems, until the transaction ends."""
        if self._by_row:
            connection.execute(_BY_INDEX).close()

    def hold_batch(self, connection: Connection, batch_id: int) -> None:
        """Nobody else moves what this batch holds until the transaction ends, in which rows are
        looked up as after `by_index`: asked together, since a text shares each question with only
        24 others."""
        if self._by_row:
            connection.execute(_HOLD_BATCH, {"batch": batch_id}).close()

    def hold_customers(self, connection: Connection, ids: Collection[int]) -> None:
        """No other intent to these customers is decided until the transaction ends: two campaigns
        could both see room below a cap. Taken in order, and before anything else is read."""
        if self._by_row and ids:
            numbers = sorted({i // _NEIGHBOURS % _CUSTOMER_LOCKS for i in ids})
            locks = {"lock_class": _LOCK_CLASS, "numbers": numbers}
            connection.execute(_HOLD_CUSTOMERS, locks).close()

    def hold_deliveries(self, connection: Connection, ids: Collection[int]) -> None:
        """Nobody else moves these until the transaction ends."""
        if self._by_row and ids:
            connection.execute(_HOLD_DELIVERIES, {"ids": sorted(ids)}).close()

    def close_batch(self, connection: Connection, batch_id: int) -> None:
        """Close the batch when it holds nothing any more."""
        connection.execute(_CLOSE, {"batch": batch_id})
