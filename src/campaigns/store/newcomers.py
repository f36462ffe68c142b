"""Customers whom nobody knows yet, written by the short way.

In a first import nearly every row is about somebody of whom no table knows anything. Then there is
nothing to merge, and all that is written of the row but the customer's number can be worked out
beforehand, in another process (bootstrap.importing): what is left for the one that writes is to
look whether the row is such a one. Rows of which that is not sure go the long way (store.upserting),
so that this one decides nothing. Writing a page's newcomers is as if their rows had come in an
earlier page of the file, which changes nothing since none of them shares a name with another row.

tests/contract/test_import_ahead.py compares the two ways on random files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    PastInteractions,
    ReadyRow,
    SeenCustomers,
)
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.merging import independent, made_ref, new_fields
from campaigns.store import bulk, consents, known
from campaigns.store.changes import new_ids
from campaigns.store.clock import to_ms
from campaigns.store.hashing import AddressHash
from campaigns.store.matching import Matcher
from campaigns.store.schema import addresses, channel_uses, customers, interactions

_Values: TypeAlias = tuple[object, ...]
_Rows: TypeAlias = tuple[_Values, ...]
#: Nothing but texts, numbers and tuples, since it goes from process to process by `marshal`: ref,
#: the key that tells who it is, all addresses' keys, what else an erased person would be known again
#: by, and what is written after the customer's number: the customer, addresses, entries of the ledger, last
#: replies; of the past the moment, kind, channel, name and how often.
Newcomer: TypeAlias = tuple[
    str, str | None, tuple[str, ...], tuple[str, ...], _Values, _Rows, _Rows, _Rows, _Rows
]


class Preparing:
    """Works out what is written of rows that are about nobody who is known."""

    def __init__(self, hashing: AddressHash, *, now: datetime, actor: str) -> None:
        self._hashing = hashing
        self._now = now
        self._actor = actor
        self._written = to_ms(now)
        self._moments: dict[datetime, int] = {}

    def newcomer(self, row: CustomerRow) -> Newcomer | None:
        """None for what is out of the ordinary and goes the long way."""
        if (
            row.refused or row.left_out or row.suppressions or row.identities
            or not independent(row.consents)
        ):  # fmt: skip
            return None
        matcher = Matcher(self._hashing)
        telling = matcher.telling(row)
        if row.ref is None and telling is None:
            return None
        found = [(a, matcher.key(a.channel, a.normalised)) for a in row.addresses]
        status = AddressStatus.ACTIVE
        return (
            row.ref if row.ref is not None else made_ref(*telling),  # type: ignore[misc]
            telling.key if telling else None,
            tuple({key for _, key in found}),
            tuple(self._of_the_person(row)),
            self._customer(row),
            tuple([
                (a.channel.value, a.mailable, key, (a.status or status).value, self._written)
                for a, key in found
            ]),
            tuple([self._entry(e) for e in row.consents]),
            tuple(self._replies(row.interactions)),
            tuple([
                (self._ms(p.at), p.kind.value, p.channel and p.channel.value, p.name, p.times)
                for p in row.interactions
            ]),
        )  # fmt: skip

    def _of_the_person(self, row: CustomerRow) -> Iterator[str]:
        if row.ref is not None:
            yield self._hashing.ref_key(row.ref)
        for entry in row.addresses:
            if entry.channel is Channel.EMAIL:
                yield self._hashing.mailbox_key(entry.normalised)

    def _customer(self, row: CustomerRow) -> _Values:
        *plain, preferred = new_fields(row)
        bought = [p.at for p in row.interactions if p.kind is InteractionKind.PURCHASED]
        return (
            *plain,
            preferred and preferred.value,
            orjson.dumps(row.attributes).decode() if row.attributes else "{}",
            self._ms(max(bought)) if bought else None,
            self._written,
            self._written,
        )

    def _entry(self, entry: ConsentEntry) -> _Values:
        (channel, purpose, topic), granted, at, proof = entry
        moment = self._ms(at or self._now)
        words = (channel.value, purpose.value, topic)
        return (*words, granted, moment, _IMPORT, proof, self._actor)

    def _replies(self, past: Iterable[PastInteractions]) -> Iterator[_Values]:
        last: dict[str, int] = {}
        for entry in past:
            if entry.channel is not None and entry.kind is InteractionKind.REPLIED:
                on, at = entry.channel.value, self._ms(entry.at)
                last[on] = max(at, last.get(on, at))
        yield from last.items()

    def _ms(self, moment: datetime) -> int:
        ms = self._moments.get(moment)
        if ms is None:
            ms = self._moments[moment] = to_ms(moment)
        return ms


_IMPORT = ConsentSource.IMPORT.value


def sorted_out(
    connection: Connection, hashing: AddressHash, rows: Sequence[CustomerRow | ReadyRow]
) -> tuple[list[Newcomer], list[CustomerRow]]:
    """A page's newcomers, and the rows that go the long way, in their order."""
    ready = [row.new for row in rows if type(row) is ReadyRow]
    if not ready:
        return [], [row for row in rows if type(row) is CustomerRow]
    plain = [row for row in rows if type(row) is CustomerRow]
    barred = _more_than_once(hashing, ready, plain)
    refs, keys = {new[0] for new in ready}, {new[1] for new in ready if new[1]}
    barred |= known.taken(connection, refs, keys)
    if known.anybody_erased(connection):
        barred |= known.load_erased(
            connection, {key for new in ready for key in (*new[2], *new[3])}
        )
    new: list[Newcomer] = []
    rest: list[CustomerRow] = []
    for row in rows:
        if type(row) is not ReadyRow:
            rest.append(row)  # type: ignore[arg-type]
        elif barred and not (
            barred.isdisjoint(row.new[2]) and barred.isdisjoint(row.new[3])
            and row.new[0] not in barred
        ):  # fmt: skip
            rest.append(row.plain())
        else:
            new.append(row.new)
    return new, rest


def _more_than_once(
    hashing: AddressHash, ready: Sequence[Newcomer], plain: Sequence[CustomerRow]
) -> set[str]:
    """Refs and keys that several of a page's rows have: who comes first matters there."""
    once: set[str] = set()
    more: set[str] = set()

    def note(names: Iterable[str]) -> None:
        for name in names:
            if name in once:
                more.add(name)
            once.add(name)

    for new in ready:
        note((new[0], *new[2]))
    matcher = Matcher(hashing)
    for row in plain:
        names = {matcher.key(a.channel, a.normalised) for a in row.addresses}
        names |= {value for kind, value in row.identities if kind is IdentityKind.REF}
        if row.ref is not None:
            names.add(row.ref)
        elif telling := matcher.telling(row):
            names.add(made_ref(*telling))
        note(names)
    return more


def write(connection: Connection, new: Sequence[Newcomer], seen: SeenCustomers) -> BatchResult:
    """Write newcomers in the caller's transaction; `seen` learns their numbers."""
    result = BatchResult(created=len(new))
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
    seen.update(ids)
    result.granted = sum(1 for entry in entries if entry[4])
    result.denied = len(entries) - result.granted
    result.interactions = len(past)
    return result


def _events(customer_id: int, past: _Rows) -> Iterator[_Values]:
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
