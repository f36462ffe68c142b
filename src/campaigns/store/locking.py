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
_HOLD_BATCH = text("SELECT id FROM batches WHERE id = :batch FOR UPDATE")
_HOLD_DELIVERIES = text(
    "SELECT id FROM deliveries WHERE id = ANY(CAST(:ids AS bigint[])) ORDER BY id FOR UPDATE"
)


class Locking:
    """The row locks of one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._by_row = dialect == "postgresql"

    def hold_batch(self, connection: Connection, batch_id: int) -> None:
        """Nobody else moves what this batch holds until the transaction ends."""
        if self._by_row:
            connection.execute(_HOLD_BATCH, {"batch": batch_id})

    def hold_deliveries(self, connection: Connection, ids: Collection[int]) -> None:
        """Nobody else moves these until the transaction ends."""
        if self._by_row and ids:
            connection.execute(_HOLD_DELIVERIES, {"ids": sorted(ids)}).close()

    def close_batch(self, connection: Connection, batch_id: int) -> None:
        """Close the batch when it holds nothing any more."""
        connection.execute(_CLOSE, {"batch": batch_id})
