"""The sweep: takes back what workers that died, or were stopped too long, had in their hands."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from campaigns.domain.delivery import DeliveryState
from campaigns.store import bulk, contacts
from campaigns.store.clock import to_ms

_OVERDUE = "SELECT id FROM batches WHERE open AND lease_until < :now ORDER BY id"
# A message that may have left is never sent again by itself; one that surely did not, is.
_TAKE_BACK = text(
    """
    UPDATE deliveries SET
        state = CASE state WHEN 'claimed' THEN 'pending' ELSE 'in_doubt' END,
        outcome = CASE state WHEN 'claimed' THEN outcome
                             ELSE 'the worker stopped while this was being sent' END,
        batch_id = CASE state WHEN 'claimed' THEN NULL ELSE batch_id END,
        settled_at = CASE state WHEN 'claimed' THEN settled_at ELSE :now END
     WHERE batch_id = :batch AND state IN ('claimed', 'sending')
    RETURNING state
    """
)
_CLOSE = text("UPDATE batches SET open = false WHERE id = :batch")
# One statement per end, over the index of what is due. That every shard is -1 or more is always
# true, and lets SQLite prefer it to the index of all the run's rows.
_CANCEL = text(
    """
    UPDATE deliveries SET state = 'cancelled', settled_at = :now,
           outcome = 'the run was cancelled or stopped'
     WHERE state = 'pending' AND shard >= -1
       AND run_id IN (SELECT id FROM runs WHERE state IN ('cancelled', 'stopped'))
    """
)
_EXPIRE = text(
    """
    UPDATE deliveries SET state = 'expired', outcome = 'the offer ended before this was sent',
           settled_at = :now
     WHERE state = 'pending' AND shard >= -1
       AND run_id IN (SELECT id FROM runs WHERE expires_at <= :now)
    """
)
# A worker that was stopped beyond its lease may give back what a run that has finished meanwhile
# had in doubt. That run is opened again, the newest of its campaign where several are to be: left
# as it is, nobody would send them, and no later run plan them. While another run of the campaign
# is under way they end, and belong to the next one.
_LEFT_BEHIND = """
r.state = 'finished' AND EXISTS (
  SELECT 1 FROM deliveries d WHERE d.run_id = r.id AND d.state = 'pending' AND d.shard >= -1)
"""
_REOPEN = text(
    f"""
    UPDATE runs SET state = 'running'
     WHERE state = 'finished' AND id IN (
       SELECT max(r.id) FROM runs r WHERE {_LEFT_BEHIND} AND NOT EXISTS (
         SELECT 1 FROM runs o WHERE o.campaign_id = r.campaign_id
            AND o.state IN ('planning', 'running', 'paused'))
        GROUP BY r.campaign_id)
    """  # noqa: S608 - our own words
)
_LEAVE = text(
    f"""
    UPDATE deliveries SET state = 'cancelled', settled_at = :now,
           outcome = 'given back after the run had finished'
     WHERE state = 'pending' AND shard >= -1
       AND run_id IN (SELECT r.id FROM runs r WHERE {_LEFT_BEHIND})
    """  # noqa: S608 - our own words
)


def sweep(connection: Connection, now: datetime) -> dict[DeliveryState, int]:
    """See services.ports.Outbox.sweep. Batches that another sweep holds are left to it."""
    moved: Counter[DeliveryState] = Counter()
    by_row = bulk.dialect_of(connection) == "postgresql"
    overdue = text(_OVERDUE + (" FOR UPDATE SKIP LOCKED" if by_row else ""))
    for batch_id in list(connection.execute(overdue, {"now": to_ms(now)}).scalars()):
        states = connection.execute(_TAKE_BACK, {"batch": batch_id, "now": to_ms(now)}).scalars()
        moved.update(map(DeliveryState, states))
        connection.execute(_CLOSE, {"batch": batch_id})
    moved[DeliveryState.CANCELLED] += cancel_pending(connection, now)
    moved[DeliveryState.EXPIRED] += connection.execute(_EXPIRE, {"now": to_ms(now)}).rowcount
    moved[DeliveryState.CANCELLED] += _open_again(connection, now)
    contacts.prune(connection, now)
    return {state: count for state, count in moved.items() if count}


def cancel_pending(connection: Connection, now: datetime) -> int:
    """End what is pending in cancelled and stopped runs. Returns how many."""
    return connection.execute(_CANCEL, {"now": to_ms(now)}).rowcount


def _open_again(connection: Connection, now: datetime) -> int:
    """Let finished runs send what came back to them. Returns how many messages ended instead."""
    try:
        with connection.begin_nested():
            connection.execute(_REOPEN)
    except IntegrityError:  # another run of the campaign begins at this moment: the next sweep
        return 0
    return connection.execute(_LEAVE, {"now": to_ms(now)}).rowcount
