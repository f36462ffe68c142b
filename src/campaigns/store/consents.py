"""The ledger of consents and its projection, the standings: always written together."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection

from campaigns.domain.consent import no_counts_from
from campaigns.store import bulk
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.schema import consents, standings

LEDGER_COLUMNS = (
    "customer_id",
    "channel",
    "purpose",
    "topic",
    "granted",
    "at",
    "source",
    "proof",
    "actor",
)
_STANDING_COLUMNS = LEDGER_COLUMNS[:6]

#: One row for the ledger, in the order of LEDGER_COLUMNS.
LedgerRow = tuple[int, str, str, str, bool, int, str, str, str]


def append(
    connection: Connection,
    rows: Sequence[LedgerRow],
    *,
    distinct: bool = False,
    of_new: bool = False,
) -> None:
    """Add to the ledger and bring the standings to what it says now.

    Of entries on one matter the newest stands, and of two of the same moment the no. `distinct`:
    the caller knows that no matter is in `rows` twice. `of_new`: that, and that all customers were
    created in this transaction. Whoever may write a denial of another calls `engine.bar_intents`
    first.
    """
    if not rows:
        return
    bulk.insert(connection, consents, LEDGER_COLUMNS, rows)
    standing = [row[:6] for row in rows] if distinct or of_new else _newest(rows)
    on_conflict = "" if of_new else _NEWEST_STANDS
    bulk.insert(connection, standings, _STANDING_COLUMNS, standing, on_conflict=on_conflict)


def noes_heard(
    connection: Connection, rows: Sequence[LedgerRow], *, now: datetime
) -> list[LedgerRow]:
    """The same noes, each from when it counts: see domain.consent.no_counts_from. What was claimed
    stands in the ledger's proof: the event, or the delivery, that says it."""
    if not rows:
        return []
    found = bulk.over(
        connection, _YESES_TO_COME, {"id": "bigint"}, sorted({(row[0],) for row in rows}),
        now=to_ms(now),
    )  # fmt: skip
    yeses: dict[tuple[int, str, str], list[datetime]] = {}
    for row in found:
        yeses.setdefault((row.customer_id, row.channel, row.purpose), []).append(from_ms(row.at))
    return [
        (*row[:5], to_ms(no_counts_from(from_ms(row[5]), now, yeses.get(row[:3], ()))), *row[6:])
        for row in rows
    ]


_YESES_TO_COME = """
SELECT s.customer_id, s.channel, s.purpose, s.at
  FROM {given} AS given JOIN standings s ON s.customer_id = given.id
 WHERE s.granted AND s.at > :now
"""


def _newest(rows: Sequence[LedgerRow]) -> list[tuple[object, ...]]:
    newest: dict[tuple[object, ...], tuple[object, ...]] = {}
    for row in rows:
        before = newest.get(row[:4])
        if before is None or _stands_over(row[5], row[4], before):
            newest[row[:4]] = row[:6]
    return list(newest.values())


def _stands_over(at: int, granted: bool, before: tuple[object, ...]) -> bool:
    return (at, not granted) > (before[5], not before[4])


_NEWEST_STANDS = """
ON CONFLICT (customer_id, channel, purpose, topic)
DO UPDATE SET granted = excluded.granted, at = excluded.at
 WHERE excluded.at > standings.at OR (excluded.at = standings.at AND NOT excluded.granted)
"""
