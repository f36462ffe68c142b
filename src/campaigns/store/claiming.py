"""Claim: take up to a request's worth of due deliveries of one channel and skeleton."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, TextClause, bindparam, text

from campaigns.domain.batch import Batch, Claimed
from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeValue
from campaigns.store import bulk
from campaigns.store.bulk import Dialect
from campaigns.store.clock import from_ms, from_ms_or_none, to_ms
from campaigns.store.locking import Locking, unguessed

_NO_ATTRIBUTES: Mapping[str, AttributeValue] = {}

# The states are literal, and the same as in the partial indexes, so that the databases see that
# these fit: SQLite does not conclude `state IN ('claimed', 'sending')` from `state = 'claimed'`.
_FIRST_DUE = """
SELECT d.channel, d.skeleton_id
  FROM deliveries d JOIN runs r ON r.id = d.run_id
 WHERE d.run_id = :run AND d.shard = :shard AND d.state = 'pending' AND d.not_before <= :now
   AND d.channel IN :channels AND r.state = 'running'
 ORDER BY d.run_id, d.shard, d.channel, d.skeleton_id, d.id LIMIT 1 {of_d}
"""
_OPEN_BATCH = """
INSERT INTO batches (run_id, shard, channel, skeleton_id, owner, lease_until, open)
VALUES (:run, :shard, :channel, :skeleton, :owner, :until, true) RETURNING id
"""
# MATERIALIZED, or PostgreSQL may run the subquery again for each row and take more than :most.
_TAKE = f"""
WITH due AS MATERIALIZED (
  SELECT id FROM deliveries
   WHERE run_id = :run AND shard = :shard AND channel = :channel AND skeleton_id = :skeleton
     AND state = 'pending' AND not_before <= :now
   ORDER BY run_id, shard, channel, skeleton_id, id LIMIT :most {{rows}})
UPDATE deliveries SET state = 'claimed', batch_id = :batch
 WHERE {unguessed("state = 'pending'")} AND id IN (SELECT id FROM due)
"""  # noqa: S608 - our own words
_READ = """
SELECT d.id, d.customer_id, c.ref, a.address, c.first_name, c.last_name, c.attributes,
       u.last_inbound_at, c.country, c.time_zone, p.quiet_from, p.quiet_until, p.updated_at
  FROM deliveries d
  LEFT JOIN customers c ON c.id = d.customer_id
  LEFT JOIN addresses a ON a.customer_id = d.customer_id AND a.channel = d.channel
  LEFT JOIN channel_uses u ON u.customer_id = d.customer_id AND u.channel = d.channel
  LEFT JOIN preferences p ON p.customer_id = d.customer_id
 WHERE d.batch_id = :batch AND d.state IN ('claimed', 'sending') AND d.state = 'claimed'
 ORDER BY d.id
"""


class Claiming:
    """The statements of a claim in one dialect."""

    def __init__(self, dialect: Dialect) -> None:
        self._locking = Locking(dialect)
        lock = "FOR UPDATE{of} SKIP LOCKED" if dialect == "postgresql" else ""
        self._first_due = text(_FIRST_DUE.format(of_d=lock.format(of=" OF d"))).bindparams(
            bindparam("channels", expanding=True)
        )
        self._take = text(_TAKE.format(rows=lock.format(of="")))
        self._open: TextClause = text(_OPEN_BATCH)
        self._read: TextClause = text(_READ)

    def claim(
        self,
        connection: Connection,
        run_id: int,
        shard: int,
        *,
        owner: str,
        limits: Mapping[Channel, int],
        now: datetime,
        lease: timedelta,
    ) -> Batch | None:
        """See services.ports.Outbox.claim. Only a running run gives anything out."""
        self._locking.by_index(connection)
        here: dict[str, Any] = {"run": run_id, "shard": shard, "now": to_ms(now)}
        first = connection.execute(self._first_due, {**here, "channels": list(map(str, limits))})
        found = first.first()
        if found is None:
            return None
        channel, until = Channel(found.channel), now + lease
        here |= {"channel": found.channel, "skeleton": found.skeleton_id}
        opened = {"owner": owner, "until": to_ms(until)}
        batch_id: int = connection.execute(self._open, {**here, **opened}).scalar_one()
        connection.execute(self._take, {**here, "batch": batch_id, "most": limits[channel]})
        return Batch(
            id=batch_id,
            run_id=run_id,
            shard=shard,
            channel=channel,
            skeleton_id=found.skeleton_id,
            lease_until=from_ms(to_ms(until)),
            items=self._items(connection, batch_id),
        )

    def _items(self, connection: Connection, batch_id: int) -> tuple[Claimed, ...]:
        """With what filling needs. The public, and a customer erased since, have no profile."""
        rows = bulk.tuples(connection.execute(self._read, {"batch": batch_id}))
        return tuple(
            Claimed(
                delivery_id,
                customer_id,
                ref or "",
                address or "",
                first_name,
                last_name,
                _attributes(attributes),
                from_ms_or_none(last_inbound_at),
                country,
                time_zone,
                None if quiet_from is None or quiet_until is None else (quiet_from, quiet_until),
                from_ms_or_none(preferences_at),
            )
            for (
                delivery_id,
                customer_id,
                ref,
                address,
                first_name,
                last_name,
                attributes,
                last_inbound_at,
                country,
                time_zone,
                quiet_from,
                quiet_until,
                preferences_at,
            ) in rows
        )


def _attributes(stored: Any) -> Mapping[str, AttributeValue]:
    """JSON text on SQLite, already read on PostgreSQL."""
    if not stored or stored == "{}":
        return _NO_ATTRIBUTES
    values: Mapping[str, AttributeValue] = (
        orjson.loads(stored) if isinstance(stored, str) else stored
    )
    return values
