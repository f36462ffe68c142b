"""Letting more find a customer: devices, and refs of other systems. What was told of a device
before anybody was known to use it goes to who does."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Connection, text

from campaigns.domain.identity import IdentityKind
from campaigns.store import bulk, interactions
from campaigns.store.clock import to_ms
from campaigns.store.interactions import EventRow
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
    _adopt(connection, {key for kind, key, _ in rows if kind == IdentityKind.DEVICE})


def _taken(connection: Connection, refs: Collection[str]) -> set[str]:
    if not refs:
        return set()
    dialect = bulk.dialect_of(connection)
    query = text(_TAKEN.format(given=bulk.rows_sql(dialect, {"ref": "text"})))
    rows = bulk.rows_parameters(dialect, [(ref,) for ref in sorted(refs)])
    return set(connection.execute(query, rows).scalars())


def _adopt(connection: Connection, devices: Collection[str]) -> None:
    """What was told of these devices before is their users' own now."""
    if not devices:
        return
    dialect = bulk.dialect_of(connection)
    given = bulk.rows_sql(dialect, {"key": "text"})
    rows = bulk.rows_parameters(dialect, [(key,) for key in sorted(devices)])
    told = connection.execute(text(_TOLD.format(given=given)), rows).all()
    if told:
        interactions.record(connection, [EventRow(*row) for row in told])
        connection.execute(text(_JOINED.format(given=given)), rows)


_TAKEN = "SELECT c.ref FROM {given} AS given JOIN customers c ON c.ref = given.ref"
_TOLD = """
SELECT i.customer_id, e.at, e.kind, e.channel, NULL, e.source_key, CAST(e.data AS text)
  FROM {given} AS given
  JOIN identities i ON i.kind = 'device' AND i.key = given.key
  JOIN device_events e ON e.device_key = given.key
"""
_JOINED = "DELETE FROM device_events WHERE device_key IN (SELECT given.key FROM {given} AS given)"
