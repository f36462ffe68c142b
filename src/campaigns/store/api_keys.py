"""API keys by their hash."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update

from campaigns.domain.api_key import ApiKey, Scope
from campaigns.domain.audit import Action, AuditEntry
from campaigns.errors import NotFoundError
from campaigns.store.audit import append
from campaigns.store.clock import from_ms, from_ms_or_none, to_ms
from campaigns.store.engine import Database
from campaigns.store.schema import api_keys


class SqlApiKeys:
    """Making, finding and revoking keys; each change in the trail, in the same transaction."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(
        self, hashed: str, source: str, scopes: Collection[Scope], *, by: str, now: datetime
    ) -> int:
        """Keep a new key; returns its number."""
        written = " ".join(sorted(scopes))
        row = insert(api_keys).values(
            source=source, hash=hashed, scopes=written, created_at=to_ms(now), created_by=by[:80]
        )
        with self._database.write() as connection:
            number = int(connection.execute(row.returning(api_keys.c.id)).scalar_one())
            facts = {"source": source, "scopes": written}
            append(connection, AuditEntry(now, by, Action.CREATED, f"key:{number}", data=facts))
        return number

    def find(self, hashed: str) -> ApiKey | None:
        """The key with this hash, unless it is revoked."""
        query = select(api_keys).where(api_keys.c.hash == hashed, api_keys.c.revoked_at.is_(None))
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else _key(row)

    def list(self) -> list[ApiKey]:
        """All keys, revoked ones too, the newest first."""
        with self._database.read() as connection:
            return [_key(r) for r in connection.execute(select(api_keys).order_by(-api_keys.c.id))]

    def revoke(self, number: int, *, by: str, now: datetime) -> None:
        """From now on this key opens nothing; a second time changes nothing. Raises
        NotFoundError."""
        key = api_keys.c
        revoke = update(api_keys).where(key.id == number, key.revoked_at.is_(None))
        with self._database.write() as connection:
            if connection.execute(select(key.id).where(key.id == number)).scalar() is None:
                raise NotFoundError(f"there is no key {number}; `campaigns keys list` shows all.")
            done = connection.execute(revoke.values(revoked_at=to_ms(now), revoked_by=by[:80]))
            if done.rowcount:
                append(connection, AuditEntry(now, by, Action.REVOKED, f"key:{number}"))


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        number=row.id,
        source=row.source,
        scopes=frozenset(map(Scope, row.scopes.split())),
        created_at=from_ms(row.created_at),
        created_by=row.created_by,
        revoked_at=from_ms_or_none(row.revoked_at),
        revoked_by=row.revoked_by,
    )
