"""Interactions, and what follows from them at once: when the customer last wrote to us on a
channel, and the date of the last purchase. What is learnt from them later is store.learning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, text

from campaigns.domain.interaction import InteractionKind
from campaigns.store import bulk
from campaigns.store.schema import channel_uses, interactions, unlearned

_COLUMNS = {
    "customer_id": "bigint",
    "at": "bigint",
    "kind": "text",
    "channel": "text",
    "delivery_id": "bigint",
    "source_key": "text",
    "data": "text",
    "agent": "text",
}


class EventRow(NamedTuple):
    """One interaction in storage values, in the order of the columns."""

    customer_id: int
    at: int
    kind: str
    channel: str | None
    delivery_id: int | None
    source_key: str
    data: str | None = None
    agent: str | None = None


def record(connection: Connection, rows: Sequence[EventRow]) -> set[str]:
    """Write events that are not known yet, and what follows from them. Returns their source keys.

    An event that is told twice, in one call or in two, counts once; one about a customer who was
    erased meanwhile not at all.
    """
    if not rows:
        return set()
    here = _existing(connection, {row.customer_id for row in rows})
    listed = list({row.source_key: row for row in rows if row.customer_id in here}.values())
    if not listed:
        return set()
    plain = [tuple(row) for row in listed]  # a named tuple is no JSON array
    dialect = bulk.dialect_of(connection)
    data = "given.data" if dialect == "sqlite" else "CAST(given.data AS jsonb)"
    statement = text(
        _INSERT.format(given=bulk.rows_sql(dialect, _COLUMNS), data=data)  # our own text only
    )
    result = connection.execute(statement, bulk.rows_parameters(dialect, plain))
    written = set(result.scalars())
    follow(connection, [row for row in listed if row.source_key in written])
    return written


def _existing(connection: Connection, ids: set[int]) -> set[int]:
    return set(bulk.over(connection, _HERE, {"id": "bigint"}, [(i,) for i in ids]).scalars())


_HERE = "SELECT c.id FROM {given} AS given JOIN customers c ON c.id = given.id"
_INSERT = """
INSERT INTO interactions (customer_id, at, kind, channel, delivery_id, source_key, data,
                          agent)
SELECT given.customer_id, given.at, given.kind, given.channel, given.delivery_id,
       given.source_key, {data}, given.agent
  FROM {given} AS given WHERE true
    ON CONFLICT (source_key) WHERE source_key IS NOT NULL DO NOTHING
RETURNING source_key
"""


def record_new(connection: Connection, rows: Sequence[EventRow]) -> None:
    """Write events that are surely new: those of customers created in this transaction."""
    bulk.insert(connection, interactions, tuple(_COLUMNS), rows)
    follow(connection, rows)


def follow(connection: Connection, rows: Sequence[EventRow]) -> None:
    """Bring last replies and last purchases up to these events."""
    replies: dict[tuple[int, str], int] = {}
    purchases: dict[int, int] = {}
    for row in rows:
        if row.kind == _PURCHASED:
            purchases[row.customer_id] = max(row.at, purchases.get(row.customer_id, row.at))
        if row.channel is not None and row.kind == _REPLIED:
            key = (row.customer_id, row.channel)
            replies[key] = max(row.at, replies.get(key, row.at))
    _note_replies(connection, replies)
    _note_purchases(connection, purchases)


_PURCHASED, _REPLIED = str(InteractionKind.PURCHASED), str(InteractionKind.REPLIED)


def _note_replies(connection: Connection, replies: dict[tuple[int, str], int]) -> None:
    bulk.insert(
        connection,
        channel_uses,
        ("customer_id", "channel", "last_inbound_at"),
        [(*key, at) for key, at in sorted(replies.items())],
        on_conflict=_LATER,
    )


_LATER = """
ON CONFLICT (customer_id, channel) DO UPDATE SET last_inbound_at = excluded.last_inbound_at
WHERE channel_uses.last_inbound_at IS NULL
   OR channel_uses.last_inbound_at < excluded.last_inbound_at
"""


def _note_purchases(connection: Connection, purchases: dict[int, int]) -> None:
    if not purchases:
        return
    rows = sorted(purchases.items())
    bulk.over(connection, _NOTE_PURCHASE, {"id": "bigint", "at": "bigint"}, rows)


_NOTE_PURCHASE = """
UPDATE customers SET last_purchase_at = given.at
  FROM {given} AS given
 WHERE customers.id = given.id
   AND (customers.last_purchase_at IS NULL OR customers.last_purchase_at < given.at)
"""


def doubt(connection: Connection, source_keys: Sequence[str]) -> None:
    """Clicks that were taken for a person's and no longer are: they stop counting as answers, and
    what was learnt from them is learnt anew."""
    if not source_keys:
        return
    rows = [(key,) for key in source_keys]
    moved = bulk.over(connection, _DOUBT, {"key": "text"}, rows).all()
    learn_anew(connection, {row.customer_id for row in moved})


def learn_anew(connection: Connection, ids: Iterable[int]) -> None:
    """What was known of these customers' channels has changed, and not only been added to."""
    rows = [(customer_id,) for customer_id in sorted(ids)]
    nothing = "ON CONFLICT DO NOTHING"
    bulk.insert(connection, unlearned, ("customer_id",), rows, on_conflict=nothing)


_DOUBT = """
UPDATE interactions SET agent = 'suspect'
  FROM {given} AS given
 WHERE interactions.source_key = given.key AND interactions.kind = 'clicked'
   AND interactions.agent = 'human'
RETURNING interactions.customer_id
"""
