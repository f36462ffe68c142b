"""Approvals of releases: added, never changed."""

from __future__ import annotations

from sqlalchemy import insert, select

from campaigns.domain.approval import Approval, Decision
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database
from campaigns.store.schema import approvals


class SqlApprovals:
    """Who said yes or no to which release."""

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
                    verdict=approval.verdict,
                    plan=approval.plan or None,
                    first=approval.first,
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
                Approval(
                    release_hash=row.release_hash,
                    by=row.by,
                    at=from_ms(row.at),
                    note=row.note,
                    verdict=Decision(row.verdict),
                    plan=row.plan or "",
                    first=row.first,
                    id=row.id,
                )
                for row in connection.execute(query)
            ]
