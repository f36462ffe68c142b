"""Contacts: marketing messages that left or may have left, counted for caps over all campaigns.

Written with the intent, taken back with a message that surely was not sent, pruned once a day
beyond the longest cap.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from campaigns.domain.batch import Claimed
from campaigns.domain.pressure import LONGEST_CAP, Cap
from campaigns.store import bulk, schema
from campaigns.store.clock import to_ms

_CONTACT = {"customer_id": "bigint", "delivery_id": "bigint"}
_COUNT = (
    "SELECT COUNT(*) FROM contacts k WHERE k.customer_id = d.customer_id AND k.at > :{since}{there}"
)
_THERE = (
    " AND EXISTS (SELECT 1 FROM deliveries e WHERE e.id = k.delivery_id AND e.channel = d.channel)"
)
# What is on its way, accepted or in doubt did leave or may have: its contact stays.
_TAKE_BACK = """
DELETE FROM contacts
 WHERE (customer_id, delivery_id) IN (
   SELECT given.customer_id, given.delivery_id FROM {given} AS given)
   AND NOT EXISTS (SELECT 1 FROM deliveries d WHERE d.id = contacts.delivery_id
                   AND d.state IN ('sending', 'accepted', 'in_doubt'))
"""
# (The run of each delivery, as a query of its own: joined, PostgreSQL may begin with the runs.)
_COUNT_AGAIN = """
INSERT INTO contacts (customer_id, at, delivery_id)
SELECT d.customer_id, :now, d.id
  FROM {given} AS given JOIN deliveries d ON d.id = given.id
 WHERE (SELECT r.purpose FROM runs r WHERE r.id = d.run_id) = 'marketing' AND d.customer_id <> 0
   AND NOT EXISTS (SELECT 1 FROM contacts k
                    WHERE k.customer_id = d.customer_id AND k.delivery_id = d.id)
"""
_FORGET = """
DELETE FROM contacts
 WHERE (customer_id, delivery_id) IN (
   SELECT given.customer_id, given.delivery_id FROM {given} AS given)
"""
_PRUNED, _EVERY = "contacts_pruned_at", timedelta(days=1)
_PRUNE_DUE = text("SELECT value FROM meta WHERE key = :key")
_NOTE_PRUNED = text(
    "INSERT INTO meta (key, value) VALUES (:key, :now) "
    "ON CONFLICT (key) DO UPDATE SET value = excluded.value"
)
_PRUNE = text("DELETE FROM contacts WHERE at <= :before")


def capped_sql(caps: Sequence[Cap]) -> str:
    """The condition that one more message would be too many, for a row `d` of deliveries and `p`
    of preferences. The same rule as domain.pressure.capped; a contract test compares them."""
    in_week = _COUNT.format(since="week", there="")
    own = f"p.weekly_most IS NOT NULL AND p.weekly_most <= ({in_week})"  # most ask for none
    terms = [
        f"({_COUNT.format(since=f'since_{i}', there=_THERE if cap.channel else '')}) >= :most_{i}"
        for i, cap in enumerate(caps)
    ]
    return " OR ".join([own, *terms])


def cap_parameters(caps: Sequence[Cap], now: datetime) -> Mapping[str, int]:
    """What `capped_sql` binds, besides `week`."""
    since = {f"since_{i}": to_ms(cap.since(now)) for i, cap in enumerate(caps)}
    return since | {f"most_{i}": cap.messages for i, cap in enumerate(caps)}


def add(connection: Connection, granted: Sequence[Claimed], now: datetime) -> None:
    """Count these from now on."""
    at = to_ms(now)
    bulk.insert(
        connection,
        schema.contacts,
        ("customer_id", "at", "delivery_id"),
        [(item.customer_id, at, item.delivery_id) for item in granted],
        on_conflict="ON CONFLICT DO NOTHING",
    )


def take_back(connection: Connection, items: Sequence[Claimed]) -> None:
    """Count these no more, unless they did leave or may have."""
    if not items:
        return
    rows = [(item.customer_id, item.delivery_id) for item in items]
    bulk.over(connection, _TAKE_BACK, _CONTACT, rows)


def count_again(connection: Connection, deliveries: Sequence[int], now: datetime) -> None:
    """Count these, which left after all: a message that surely was not sent gave its count back."""
    if not deliveries:
        return
    rows = [(i,) for i in deliveries]
    bulk.over(connection, _COUNT_AGAIN, {"id": "bigint"}, rows, now=to_ms(now))


def forget(connection: Connection, failed: Sequence[tuple[int, int]]) -> None:
    """Count these (customer, delivery) no more: they left, and surely did not arrive."""
    if not failed:
        return
    bulk.over(connection, _FORGET, _CONTACT, failed)


def prune(connection: Connection, now: datetime) -> None:
    """Forget what no cap can count any more; looks through the table once a day."""
    last = connection.execute(_PRUNE_DUE, {"key": _PRUNED}).scalar()
    if last is not None and to_ms(now - _EVERY) < int(last):
        return
    connection.execute(_PRUNE, {"before": to_ms(now - LONGEST_CAP)})
    connection.execute(_NOTE_PRUNED, {"key": _PRUNED, "now": str(to_ms(now))})
