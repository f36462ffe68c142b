"""Customers whom nobody knows yet, written by the short way.

In a first import nearly every row is about somebody of whom no table knows anything. Then there is
nothing to merge, and all that is written of the row but the customer's number can be worked out
beforehand, in another process (bootstrap.importing): what is left for the one that writes is to
look whether the row is such a one. Rows of which that is not sure go the long way
(store.upserting), so that this one decides nothing. Writing a page's newcomers is as if their rows
had come in an earlier page of the file, which changes nothing since none of them shares a ref or an
address with another row of the page.

tests/contract/test_import_ahead.py compares the two ways on random files.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TypeAlias

import orjson
from sqlalchemy import Connection, Table

from campaigns.domain.channel import Channel
from campaigns.domain.consent import ConsentSource
from campaigns.domain.customer import AddressStatus
from campaigns.domain.identity import IdentityKind
from campaigns.domain.intake import (
    BatchResult,
    ConsentEntry,
    CustomerRow,
    Matter,
    PastInteractions,
    ReadyRow,
    SeenCustomers,
)
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.merging import independent, made_ref, new_fields
from campaigns.store import bulk, consents, known, schema
from campaigns.store.changes import new_ids
from campaigns.store.clock import to_ms
from campaigns.store.hashing import AddressHash
from campaigns.store.matching import Matcher
from campaigns.store.schema import addresses, channel_uses, customers, interactions
from campaigns.store.stamps import COLUMNS, stamp

_Values: TypeAlias = tuple[object, ...]
_Rows: TypeAlias = tuple[_Values, ...]
#: Nothing but texts, numbers and tuples, since it goes from process to process by `marshal`: ref,
#: the key that tells who it is, all keys, the e-mail address as it is compared, and what is written
#: after the customer's number: the customer, addresses, entries of the ledger, last replies; of the
#: past the moment, kind, channel, name and how often; the stamp (store.stamps), if there is one.
Newcomer: TypeAlias = tuple[
    str, str | None, tuple[str, ...], str | None, _Values, _Rows, _Rows, _Rows, _Rows, _Rows
]

#: Plain texts, which enumerations are not.
_CHANNELS: dict[Channel | None, str | None] = {None: None} | {c: c.value for c in Channel}
_STATUSES: dict[AddressStatus | None, str] = {None: AddressStatus.ACTIVE.value}
_STATUSES |= {status: status.value for status in AddressStatus}
_KINDS = {kind: kind.value for kind in InteractionKind}
_IMPORT = ConsentSource.IMPORT.value


class Preparing:
    """Works out what is written of rows that are about nobody who is known."""

    def __init__(self, hashing: AddressHash, *, now: datetime, actor: str) -> None:
        self._hashing = hashing
        self._now = now
        self._actor = actor
        self._written = to_ms(now)
        self._moments: dict[datetime, int] = {}
        self._matters: dict[Matter, tuple[str, str, str]] = {}

    def newcomer(self, row: CustomerRow) -> Newcomer | None:
        """None for a row that is out of the ordinary and goes the long way."""
        if row.refused or row.left_out or row.suppressions or row.identities:
            return None
        if not independent(row.consents):
            return None
        matcher = Matcher(self._hashing)
        telling = matcher.telling(row)
        if row.ref is not None:
            ref = row.ref
        elif telling is not None:
            ref = made_ref(telling.kind, telling.key)
        else:
            return None
        key, now = matcher.key, self._written
        keyed = tuple([
            (_CHANNELS[channel], mailable, key(channel, normalised), _STATUSES[status], now)
            for channel, mailable, normalised, status in row.addresses
        ])  # fmt: skip
        entries = tuple([self._entry(entry) for entry in row.consents])
        return (
            ref,
            telling and telling.key,
            tuple({address[2] for address in keyed}),
            next((a.normalised for a in row.addresses if a.channel is Channel.EMAIL), None),
            self._customer(row),
            keyed,
            entries,
            self._replies(row.interactions),
            tuple([
                (self._ms(at), _KINDS[kind], _CHANNELS[channel], name, times)
                for name, kind, channel, times, at in row.interactions
            ]),
            self._stamp(ref, row, keyed, entries),
        )  # fmt: skip

    def _stamp(self, ref: str, row: CustomerRow, addresses: _Rows, entries: _Rows) -> _Rows:
        """The row again would change nothing of who is made of it."""
        content = row.content
        if content is None:
            return ()
        customer = (ref, *new_fields(row), row.attributes)
        keyed = [address[:4] for address in addresses]
        stands = [(*entry[:3], 1 if entry[3] else 0, entry[4]) for entry in entries]
        return ((content.kind, stamp(self._hashing, content, customer, keyed, stands), 0),)

    def _customer(self, row: CustomerRow) -> _Values:
        first, last, locale, country, zone, preferred = new_fields(row)
        bought = [p.at for p in row.interactions if p.kind is InteractionKind.PURCHASED]
        return (
            first,
            last,
            locale,
            country,
            zone,
            _CHANNELS[preferred],
            orjson.dumps(row.attributes).decode() if row.attributes else "{}",
            self._ms(max(bought)) if bought else None,
            self._written,
            self._written,
        )

    def _entry(self, entry: ConsentEntry) -> _Values:
        matter, granted, at, proof = entry
        words = self._matters.get(matter)
        if words is None:
            words = self._matters[matter] = (matter[0].value, matter[1].value, matter[2])
        moment = self._ms(at) if at else self._written
        return (*words, granted, moment, _IMPORT, proof, self._actor)

    def _replies(self, past: Sequence[PastInteractions]) -> _Rows:
        last: dict[str, int] = {}
        for entry in past:
            if entry.kind is InteractionKind.REPLIED and entry.channel is not None:
                on, at = entry.channel.value, self._ms(entry.at)
                last[on] = max(at, last.get(on, at))
        return tuple(last.items())

    def _ms(self, moment: datetime) -> int:
        ms = self._moments.get(moment)
        if ms is None:
            ms = self._moments[moment] = to_ms(moment)
        return ms


def sorted_out(
    connection: Connection, hashing: AddressHash, rows: Sequence[CustomerRow | ReadyRow]
) -> tuple[list[Newcomer], list[CustomerRow]]:
    """A page's newcomers, and the rows that go the long way, in their order."""
    ready = [row.new for row in rows if isinstance(row, ReadyRow)]
    plain = [row for row in rows if not isinstance(row, ReadyRow)]
    if not ready:
        return [], plain
    barred = _more_than_once(hashing, ready, plain)
    barred |= known.taken(connection, [n[0] for n in ready], [n[1] for n in ready if n[1]])
    if known.anybody_erased(connection):
        barred |= _erased(connection, hashing, ready)
    new: list[Newcomer] = []
    rest: list[CustomerRow] = []
    for row in rows:
        if not isinstance(row, ReadyRow):
            rest.append(row)
        elif row.new[0] in barred or not barred.isdisjoint(row.new[2]):
            rest.append(row.plain())
        else:
            new.append(row.new)
    return new, rest


def _more_than_once(
    hashing: AddressHash, ready: Sequence[Newcomer], plain: Sequence[CustomerRow]
) -> set[str]:
    """Refs and keys that several of a page's rows have: who comes first matters there."""
    told = [name for new in ready for name in (new[0], *new[2])]
    matcher = Matcher(hashing)
    for row in plain:
        told += _names(matcher, row)
    once: set[str] = set()
    return {name for name in told if name in once or once.add(name)}  # type: ignore[func-returns-value]


def names(hashing: AddressHash, rows: Iterable[CustomerRow | ReadyRow]) -> set[str]:
    """Refs and keys of whomever these rows may be about."""
    matcher, told = Matcher(hashing), set[str]()
    for row in rows:
        told |= {row.new[0], *row.new[2]} if isinstance(row, ReadyRow) else _names(matcher, row)
    return told


def _names(matcher: Matcher, row: CustomerRow) -> set[str]:
    told = {matcher.key(a.channel, a.normalised) for a in row.addresses}
    told |= {value for kind, value in row.identities if kind is IdentityKind.REF}
    return told if row.ref is None else {*told, row.ref}


def _erased(connection: Connection, hashing: AddressHash, ready: Sequence[Newcomer]) -> set[str]:
    """The refs of rows about somebody who may have been erased."""
    refs = {
        key: ref
        for ref, _, keys, email, *_ in ready
        for key in (*keys, hashing.ref_key(ref), *([hashing.mailbox_key(email)] if email else []))
    }
    return {refs[key] for key in known.load_erased(connection, refs)}


def write(connection: Connection, new: Sequence[Newcomer], seen: SeenCustomers) -> BatchResult:
    """Write newcomers in the caller's transaction; `seen` learns their numbers."""
    ids = new_ids(connection, len(new))
    told = list(zip(ids, new, strict=True))

    def insert(table: Table, columns: Sequence[str], rows: list[_Values]) -> None:
        bulk.insert(connection, table, columns, rows)

    insert(customers, _CUSTOMER, [(i, n[0], *n[4]) for i, n in told])
    insert(addresses, _ADDRESS, [(i, *address) for i, n in told for address in n[5]])
    entries = [(i, *entry) for i, n in told for entry in n[6]]
    consents.append(connection, entries, of_new=True)  # type: ignore[arg-type]
    insert(channel_uses, _REPLY, [(i, *reply) for i, n in told for reply in n[7]])
    past = [event for i, n in told for event in _events(i, n[8])]
    insert(interactions, _EVENT, past)
    insert(schema.stamps, COLUMNS, [(i, *kept) for i, n in told for kept in n[9]])
    seen.update(ids)
    granted = sum(1 for entry in entries if entry[4])
    return BatchResult(
        created=len(new),
        granted=granted,
        denied=len(entries) - granted,
        interactions=len(past),
    )


def _events(customer_id: int, past: _Rows) -> Iterable[_Values]:
    """One by one, with the keys that make a later import of the same known (store.changes)."""
    for at, kind, channel, name, times in past:
        for occurrence in range(1, times + 1):  # type: ignore[operator]
            yield customer_id, at, kind, channel, f"import:{customer_id}:{name}:{occurrence}"


_CUSTOMER = (
    "id", "ref", "first_name", "last_name", "locale", "country", "time_zone",
    "preferred_channel", "attributes", "last_purchase_at", "created_at", "updated_at",
)  # fmt: skip
_ADDRESS = ("customer_id", "channel", "address", "address_key", "status", "updated_at")
_REPLY = ("customer_id", "channel", "last_inbound_at")
_EVENT = ("customer_id", "at", "kind", "channel", "source_key")
