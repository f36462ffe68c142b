"""Events of the rest of the business: found whose they are, written, and told what became of each,
in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeAlias

import orjson
from sqlalchemy import Connection

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.business_event import (
    BusinessEvent,
    EventResult,
    Result,
    refused,
    source_key,
)
from campaigns.domain.channel import AddressKind
from campaigns.domain.identity import IdentityKind
from campaigns.store import bulk, device_events, identifying, interactions
from campaigns.store.clock import to_ms
from campaigns.store.device_events import Waiting
from campaigns.store.engine import Database
from campaigns.store.hashing import AddressHash
from campaigns.store.interactions import EventRow
from campaigns.store.known import load_erased

_NOBODY = "customer: nobody here has this; import the customer first"
_SEVERAL = "customer: several customers have this; name one by ref"
_DEVICE = IdentityKind.DEVICE
_OTHER = "id: another event of this source has this id"


class _Asked(NamedTuple):
    """By what a customer is looked up: `ref` and the ref, or the kind and hash of an address or a
    device."""

    kind: str
    key: str


#: A customer; or the device that the event waits for; or why it is refused.
_Owner: TypeAlias = int | _Asked | str


class SqlBusinessEvents:
    """Implements services.record_business_events.EventLog."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def record(
        self, source: str, events: Sequence[BusinessEvent], *, now: datetime
    ) -> list[EventResult]:
        """What became of each event, in order; what is accepted, or waits, is on disk."""
        if not events:
            return []
        with self._database.write() as connection:
            whose = _whose(connection, events, source, now)
            rows = [_row(source, e, w) for e, w in zip(events, whose, strict=True)]
            stored = _write(connection, rows, whose, now)
        return [
            _became(event.id, owner, row, stored)
            for event, owner, row in zip(events, whose, rows, strict=True)
        ]


class _Stored(NamedTuple):
    """What is on disk now, by the source's key: `written` by this call, `known` on a profile,
    `waits` for its device."""

    written: set[str]
    known: Mapping[str, EventRow]
    waits: Mapping[str, Waiting]


def _write(
    connection: Connection, rows: Sequence[EventRow], whose: Sequence[_Owner], now: datetime
) -> _Stored:
    first: dict[str, EventRow] = {}
    waiting: dict[str, Waiting] = {}
    for row, owner in zip(rows, whose, strict=True):
        if isinstance(owner, int):
            first.setdefault(row.source_key, row)
        elif isinstance(owner, _Asked):
            waiting.setdefault(row.source_key, Waiting(owner.key, row))
    written = interactions.record(connection, list(first.values()))
    known = _kept(connection, {*first, *waiting})
    device_events.keep(connection, [w for k, w in waiting.items() if k not in known], now=now)
    return _Stored(written, known, device_events.read(connection, waiting))


def _became(id_: str, owner: _Owner, row: EventRow, stored: _Stored) -> EventResult:
    if isinstance(owner, str):
        return refused(id_, owner)
    if isinstance(owner, int):
        return _result(id_, row, stored.known.get(row.source_key), stored.written)
    return _wait(id_, Waiting(owner.key, row), stored.waits.get(row.source_key))


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


def _wait(id_: str, told: Waiting, kept: Waiting | None) -> EventResult:
    if kept is None or (kept.device, _content(kept.row)) != (told.device, _content(told.row)):
        return refused(id_, _OTHER)
    return EventResult(id_, Result.WAITING)


def _content(row: EventRow) -> tuple[object, ...]:
    return row.customer_id, row.at, row.kind, row.channel, orjson.loads(row.data or "{}")


def _row(source: str, event: BusinessEvent, whose: _Owner) -> EventRow:
    return EventRow(
        whose if isinstance(whose, int) else 0,
        to_ms(event.at),
        event.kind,
        event.channel,
        None,
        source_key(source, event.id),
        orjson.dumps(event.facts(source)).decode(),
    )


def _whose(
    connection: Connection, events: Sequence[BusinessEvent], source: str, now: datetime
) -> list[_Owner]:
    """Each event's customer, or the device it waits for, or why it is refused. A device told
    beside a customer finds them from now on, and what waited for it becomes theirs."""
    hashing = AddressHash.load(connection)
    asked = [_asked(hashing, event) for event in events]
    owners = _owners(connection, {a for a in asked if isinstance(a, _Asked)})
    found = [a if isinstance(a, str) else _only(owners.get(a, set())) for a in asked]
    devices = [
        (_DEVICE.value, hashing.key(_DEVICE, event.customer.device.strip()), owner)
        for event, owner in zip(events, found, strict=True)
        if event.customer.device and event.customer.told() and isinstance(owner, int)
    ]
    identifying.note(connection, devices, source=f"events of {source}", now=now)
    alone = {a for a in asked if isinstance(a, _Asked) and a.kind == _DEVICE}
    owners = _owners(connection, alone)  # now that those are known
    barred = load_erased(connection, {a.key for a in alone})
    return [
        _of_device(a, owners.get(a, set()), barred) if a in alone else owner
        for a, owner in zip(asked, found, strict=True)
    ]


def _of_device(asked: _Asked, owners: set[int], barred: Collection[str]) -> _Owner:
    if owners:
        return min(owners)
    return _NOBODY if asked.key in barred else asked


def _asked(hashing: AddressHash, event: BusinessEvent) -> _Asked | str:
    """By what the event's customer is looked up, or why they cannot be."""
    who = event.customer
    if not who.told():
        return _Asked(_DEVICE.value, hashing.key(_DEVICE, (who.device or "").strip()))
    ((name, value),) = who.told().items()
    if name == "ref":
        return _Asked("ref", value.strip())
    kind = AddressKind(name)
    try:
        return _Asked(name, hashing.key(kind, normalise(kind, value)))
    except AddressError:
        return f"customer.{name}: it is not one that exists"


def _only(owners: set[int]) -> int | str:
    if len(owners) == 1:
        return next(iter(owners))
    return _SEVERAL if owners else _NOBODY


def _owners(connection: Connection, asked: Collection[_Asked]) -> dict[_Asked, set[int]]:
    if not asked:
        return {}
    given = [tuple(a) for a in sorted(asked)]
    rows = bulk.over(connection, _OWNERS, {"kind": "text", "key": "text"}, given)
    found: dict[_Asked, set[int]] = {}
    for kind, key, customer_id in rows.all():
        found.setdefault(_Asked(kind, key), set()).add(int(customer_id))
    return found


def _kept(connection: Connection, keys: Collection[str]) -> dict[str, EventRow]:
    """What is stored under these keys."""
    if not keys:
        return {}
    rows = bulk.over(connection, _KEPT, {"key": "text"}, [(k,) for k in sorted(keys)])
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
