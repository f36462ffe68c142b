"""Letting more find a customer: devices, and refs of other systems. What was told of a device
before anybody was known to use it goes to who does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection

from campaigns.domain.identity import IdentityKind
from campaigns.store import bulk, device_events
from campaigns.store.clock import to_ms
from campaigns.store.schema import identities


def note(
    connection: Connection,
    rows: Sequence[tuple[str, str, int]],
    *,
    source: str,
    now: datetime,
) -> None:
    """Let each kind and key find its customer, unless it finds somebody already; a ref that is
    somebody's own stays theirs."""
    taken = _taken(connection, {key for kind, key, _ in rows if kind == IdentityKind.REF})
    at = to_ms(now)
    fresh = [
        (kind, key, customer_id, at, source[:80])
        for kind, key, customer_id in rows
        if kind != IdentityKind.REF or key not in taken
    ]
    columns = ("kind", "key", "customer_id", "at", "source")
    bulk.insert(connection, identities, columns, fresh, on_conflict="ON CONFLICT DO NOTHING")
    device_events.adopt(connection, {key for kind, key, _ in rows if kind == IdentityKind.DEVICE})


def _taken(connection: Connection, refs: Collection[str]) -> set[str]:
    if not refs:
        return set()
    rows = [(ref,) for ref in sorted(refs)]
    return set(bulk.over(connection, _TAKEN, {"ref": "text"}, rows).scalars())


_TAKEN = "SELECT c.ref FROM {given} AS given JOIN customers c ON c.ref = given.ref"
