"""Events of the rest of the business: found whose they are, written, and told what became of each,
in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.business_event import (
    BusinessEvent,
    EventResult,
    Result,
    refused,
    source_key,
)
from campaigns.domain.channel import AddressKind
from campaigns.store import bulk, interactions
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from campaigns.store.hashing import AddressHash
from campaigns.store.interactions import EventRow

_NOBODY = "customer: nobody here has this; import the customer first"
_SEVERAL = "customer: several customers have this; name one by ref"
_OTHER = "id: another event of this source has this id"


class _Asked(NamedTuple):
    """By what a customer is looked up: `ref` and the ref, or an address's kind and hash."""

    kind: str
    key: str


class SqlBusinessEvents:
    """Implements services.record_business_events.EventLog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(self, source: str, events: Sequence[BusinessEvent]) -> list[EventResult]:
        """What became of each event, in order; what is accepted is on disk."""
        if not events:
            return []
        with self._database.write() as connection:
            asked = _asked(AddressHash.load(connection), events)
            owners = _owners(connection, {a for a in asked if isinstance(a, _Asked)})
            found = [a if isinstance(a, str) else _only(owners.get(a, set())) for a in asked]
            rows = [
                None if isinstance(whose, str) else _row(source, event, whose)
                for event, whose in zip(events, found, strict=True)
            ]
            first: dict[str, EventRow] = {}
            for row in rows:
                if row is not None:
                    first.setdefault(row.source_key, row)
            written = interactions.record(connection, list(first.values()))
            kept = _kept(connection, first)
        results = []
        for event, whose, row in zip(events, found, rows, strict=True):
            if row is None:
                results.append(refused(event.id, str(whose)))
            else:
                results.append(_result(event.id, row, kept.get(row.source_key), written))
        return results


def _result(id_: str, row: EventRow, kept: EventRow | None, written: set[str]) -> EventResult:
    """Each key that was written now is accepted once; `written` forgets it then."""
    if kept is None:
        return refused(id_, _NOBODY)  # erased in the meantime
    if _content(kept) != _content(row):
        return refused(id_, _OTHER)
    if row.source_key in written:
        written.discard(row.source_key)
        return EventResult(id_, Result.ACCEPTED)
    return EventResult(id_, Result.DUPLICATE)


def _content(row: EventRow) -> tuple[object, ...]:
    return row.customer_id, row.at, row.kind, row.channel, orjson.loads(row.data or "{}")


def _row(source: str, event: BusinessEvent, customer_id: int) -> EventRow:
    return EventRow(
        customer_id,
        to_ms(event.at),
        event.kind,
        event.channel,
        None,
        source_key(source, event.id),
        orjson.dumps(event.facts(source)).decode(),
    )


def _asked(hashing: AddressHash, events: Sequence[BusinessEvent]) -> list[_Asked | str]:
    """By what each event's customer is looked up, or why they cannot be."""
    asked: list[_Asked | str] = []
    for event in events:
        ((name, value),) = event.customer.told().items()
        if name == "ref":
            asked.append(_Asked("ref", value.strip()))
            continue
        kind = AddressKind(name)
        try:
            asked.append(_Asked(name, hashing.key(kind, normalise(kind, value))))
        except AddressError:
            asked.append(f"customer.{name}: it is not one that exists")
    return asked


def _only(owners: set[int]) -> int | str:
    if len(owners) == 1:
        return next(iter(owners))
    return _SEVERAL if owners else _NOBODY


def _owners(connection: Connection, asked: Collection[_Asked]) -> dict[_Asked, set[int]]:
    if not asked:
        return {}
    dialect = bulk.dialect_of(connection)
    given = bulk.rows_sql(dialect, {"kind": "text", "key": "text"})
    rows = connection.execute(
        text(_OWNERS.format(given=given)),
        bulk.rows_parameters(dialect, [tuple(a) for a in sorted(asked)]),
    )
    found: dict[_Asked, set[int]] = {}
    for kind, key, customer_id in rows.all():
        found.setdefault(_Asked(kind, key), set()).add(int(customer_id))
    return found


def _kept(connection: Connection, keys: Collection[str]) -> dict[str, EventRow]:
    """What is stored under these keys."""
    if not keys:
        return {}
    dialect = bulk.dialect_of(connection)
    query = text(_KEPT.format(given=bulk.rows_sql(dialect, {"key": "text"})))
    rows = connection.execute(query, bulk.rows_parameters(dialect, [(k,) for k in sorted(keys)]))
    return {row.source_key: EventRow(*row) for row in rows.all()}


# A ref, an address of today, or either of before a merge. The hash holds the kind of the address.
_OWNERS = """
SELECT given.kind, given.key, c.id FROM {given} AS given
  JOIN customers c ON given.kind = 'ref' AND c.ref = given.key
 UNION
SELECT given.kind, given.key, a.customer_id FROM {given} AS given
  JOIN addresses a ON given.kind <> 'ref' AND a.address_key = given.key
 UNION
SELECT given.kind, given.key, i.customer_id FROM {given} AS given
  JOIN identities i ON i.kind = given.kind AND i.key = given.key
 WHERE given.kind <> 'ref' OR NOT EXISTS (SELECT 1 FROM customers c WHERE c.ref = given.key)
"""
_KEPT = """
SELECT i.customer_id, i.at, i.kind, i.channel, i.delivery_id, i.source_key,
       CAST(i.data AS text) AS data
  FROM {given} AS given JOIN interactions i ON i.source_key = given.key
"""
