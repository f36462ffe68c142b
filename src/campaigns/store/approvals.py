"""Approvals of releases: added, never changed."""

from __future__ import annotations

from sqlalchemy import insert, select

from campaigns.domain.approval import Approval
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database
from campaigns.store.schema import approvals


class SqlApprovals:
    """Who said yes to which release."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, approval: Approval) -> None:
        """Write one down. The release must be stored."""
        with self._database.write() as connection:
            connection.execute(
                insert(approvals).values(
                    release_hash=approval.release_hash,
                    by=approval.by,
                    at=to_ms(approval.at),
                    note=approval.note,
                )
            )

    def of(self, release_hash: str) -> list[Approval]:
        """All of one release, oldest first."""
        query = (
            select(approvals)
            .where(approvals.c.release_hash == release_hash)
            .order_by(approvals.c.id)
        )
        with self._database.read() as connection:
            return [
                Approval(row.release_hash, row.by, from_ms(row.at), row.note)
                for row in connection.execute(query)
            ]
