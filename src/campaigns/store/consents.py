"""The ledger of consents and its projection, the standings: always written together."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from campaigns.store import bulk
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
