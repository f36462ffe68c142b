"""What the business told of devices that nobody is known to use, until somebody is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from campaigns.store import bulk, interactions
from campaigns.store.clock import to_ms
from campaigns.store.interactions import EventRow
from campaigns.store.schema import device_events


class Waiting(NamedTuple):
    """An event of nobody yet, and the device's keyed hash."""

    device: str
    row: EventRow


def keep(connection: Connection, events: Sequence[Waiting], *, now: datetime) -> None:
    """Keep them until their device is somebody's; one that is kept already stays as it is."""
    rows = [
        (w.row.source_key, w.device, w.row.at, w.row.kind, w.row.channel, w.row.data, to_ms(now))
        for w in events
    ]
    columns = ("source_key", "device_key", "at", "kind", "channel", "data", "told_at")
    bulk.insert(connection, device_events, columns, rows, on_conflict="ON CONFLICT DO NOTHING")


def read(connection: Connection, source_keys: Collection[str]) -> dict[str, Waiting]:
    """What waits under these keys."""
    if not source_keys:
        return {}
    rows = bulk.over(connection, _READ, _KEY, [(key,) for key in sorted(source_keys)])
    found = (Waiting(row[0], EventRow(*row[1:])) for row in rows)
    return {w.row.source_key: w for w in found}


def adopt(connection: Connection, devices: Collection[str]) -> None:
    """What waits for these devices goes to who uses them, where somebody does."""
    if not devices:
        return
    rows = bulk.over(connection, _TOLD, _KEY, [(key,) for key in sorted(devices)])
    told = [EventRow(*row) for row in rows]
    if not told:
        return
    interactions.record(connection, told)
    bulk.over(connection, _DROP, _KEY, [(row.source_key,) for row in told])


_KEY = {"key": "text"}
_READ = """
SELECT e.device_key, 0, e.at, e.kind, e.channel, NULL, e.source_key, CAST(e.data AS text)
  FROM {given} AS given JOIN device_events e ON e.source_key = given.key
"""
_TOLD = """
SELECT i.customer_id, e.at, e.kind, e.channel, NULL, e.source_key, CAST(e.data AS text)
  FROM {given} AS given
  JOIN identities i ON i.kind = 'device' AND i.key = given.key
  JOIN device_events e ON e.device_key = given.key
"""
_DROP = "DELETE FROM device_events WHERE source_key IN (SELECT given.key FROM {given} AS given)"
