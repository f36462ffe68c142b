"""Knowing without reading it that a row of a file changes nothing.

Of an export that is imported every night nearly every row says what it said the night before, of a
customer who is as they were. When a row is found to change nothing, the keyed hash of the row and
of the customer is kept. When both come together again, the row is neither read nor compared.

All that decides what comes of a row is in the hash (its cells, how they are read, the customer's
fields, addresses, standings, and what else finds them), or asked here: whether anybody else has the
e-mail address by now, and whether somebody was erased with what the customer is known by. So no
writer has to know of stamps: what changes a customer makes another hash, and the row is read.
tests/contract/test_import_again.py compares it with reading every row.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.intake import (
    CustomerRow,
    PageRow,
    ReadyRow,
    SameRow,
    SeenCustomers,
    UnreadRow,
)
from campaigns.store import bulk, known, newcomers
from campaigns.store.hashing import AddressHash
from campaigns.store.stamps import stamp

_EMAIL = Channel.EMAIL.value


class _State(NamedTuple):
    """A customer as the tables have them: id, stamp and yeses kept out; ref, six fields and
    attributes; then rows of addresses, standings and identities."""

    found: tuple[int, bytes, int]
    customer: Sequence[Any]
    addresses: list[tuple[str, str, str, str]]
    standings: list[tuple[str, str, str, bool, int]]
    others: list[tuple[str, str, int]]

    @property
    def email(self) -> tuple[str, str] | None:
        """The e-mail address and its key."""
        return next(((a[1], a[2]) for a in self.addresses if a[0] == _EMAIL), None)

    def names(self) -> frozenset[str]:
        """The refs and keys that find this customer."""
        keys = [address[2] for address in self.addresses]
        return frozenset((self.customer[0], *keys, *(key for _, key, _ in self.others)))


def unchanged(
    connection: Connection, hashing: AddressHash, rows: Sequence[UnreadRow]
) -> list[UnreadRow | SameRow]:
    """The rows of one file in their order; those that would change nothing are told."""
    found = _found(connection, hashing, rows)
    states = {state.found[0]: state for state in found.values()}
    if not states:
        return list(rows)
    _complete(connection, states)
    barred = _shared(connection, states)
    if known.anybody_erased(connection):
        barred |= _erased(connection, hashing, states)

    def told(row: UnreadRow) -> UnreadRow | SameRow:
        state = found.get(row.ref or row.email or "")
        if state is None or state.found[0] in barred:
            return row
        customer_id, stamped, kept = state.found
        if stamped != stamp(hashing, row.content, *state[1:]):
            return row
        return SameRow(row.line, customer_id, state.names(), kept, row.read)  # type: ignore[arg-type]

    return [told(row) for row in rows]


def apart(
    hashing: AddressHash, rows: Sequence[PageRow], seen: SeenCustomers
) -> tuple[list[SameRow], list[CustomerRow | ReadyRow]]:
    """A page's rows that change nothing, and all others, in their order. With those goes one whose
    customer another row of the file may be about: which of them comes first matters there."""
    same = [row for row in rows if isinstance(row, SameRow)]
    others = [row for row in rows if not isinstance(row, SameRow)]
    if not same:
        return [], others
    times = Counter(row.customer_id for row in same)
    names = newcomers.names(hashing, others)
    alone = {
        row.line
        for row in same
        if times[row.customer_id] == 1
        and row.customer_id not in seen
        and names.isdisjoint(row.names)
    }
    rest = [
        row.plain() if isinstance(row, SameRow) else row for row in rows if row.line not in alone
    ]
    return [row for row in same if row.line in alone], rest


def _found(
    connection: Connection, hashing: AddressHash, rows: Sequence[UnreadRow]
) -> dict[str, _State]:
    """Customers with a stamp, by what the rows call them: ref, or e-mail address."""
    kind = rows[0].content.kind if rows else ""
    called = {row.ref: row.ref for row in rows if row.ref}
    states = {
        called[first]: _state(row)
        for first, *row in _joined(connection, _BY_REF, "text", called, kind=kind)
    }
    called = {hashing.key(AddressKind.EMAIL, r.email): r.email for r in rows if r.email}
    return states | {
        called[first]: _state(row)
        for first, *row in _joined(connection, _BY_KEY, "text", called, kind=kind)
    }


def _state(row: Sequence[Any]) -> _State:
    customer_id, stamped, kept, *customer, attributes = row
    values = {} if attributes == "{}" else orjson.loads(attributes)
    return _State((customer_id, stamped, kept), (*customer, values), [], [], [])


def _complete(connection: Connection, states: Mapping[int, _State]) -> None:
    for id_, *address in _joined(connection, _ADDRESSES, "bigint", states):
        states[id_].addresses.append(tuple(address))
    for id_, channel, purpose, topic, granted, at in _joined(
        connection, _STANDINGS, "bigint", states
    ):
        states[id_].standings.append((channel, purpose, topic, bool(granted), at))
    for id_, kind, key, was in _joined(connection, _OTHERS, "bigint", states):
        states[id_].others.append((kind, key, was or id_))


def _shared(connection: Connection, states: Mapping[int, _State]) -> set[int]:
    """Whose e-mail address finds somebody else too."""
    given = [(id_, state.email[1]) for id_, state in states.items() if state.email]
    if not given:
        return set()
    dialect = bulk.dialect_of(connection)
    columns = {"id": "bigint", "key": "text"}
    statement = text(_SHARED.format(given=bulk.rows_sql(dialect, columns)))
    return set(connection.execute(statement, bulk.rows_parameters(dialect, given)).scalars())


def _erased(connection: Connection, hashing: AddressHash, states: Mapping[int, _State]) -> set[int]:
    """Who is known by something that somebody was erased with."""
    whose: dict[str, list[int]] = {}
    for id_, state in states.items():
        keys = [hashing.ref_key(state.customer[0]), *(a[2] for a in state.addresses)]
        if state.email:
            keys.append(_mailbox_key(hashing, state.email[0]))
        for key in keys:
            whose.setdefault(key, []).append(id_)
    return {id_ for key in known.load_erased(connection, whose) for id_ in whose[key]}


def _mailbox_key(hashing: AddressHash, address: str) -> str:
    try:
        return hashing.mailbox_key(normalise(AddressKind.EMAIL, address))
    except AddressError:  # taken in by rules that are stricter now: no row has it either
        return ""


def _joined(
    connection: Connection, query: str, type_: str, values: Iterable[object], **more: str
) -> Sequence[tuple[Any, ...]]:
    rows = [(value,) for value in values]
    if not rows:
        return []
    dialect = bulk.dialect_of(connection)
    statement = text(query.format(given=bulk.rows_sql(dialect, {"given": type_})))
    parameters = bulk.rows_parameters(dialect, rows) | more
    return bulk.tuples(connection.execute(statement, parameters))


_CUSTOMER = """
s.customer_id, s.stamp, s.kept_opt_out, c.ref, c.first_name, c.last_name, c.locale, c.country,
c.time_zone, c.preferred_channel, CAST(c.attributes AS text)
"""
_BY_REF = f"""
SELECT g.given, {_CUSTOMER} FROM {{given}} AS g
  JOIN customers c ON c.ref = g.given
  JOIN stamps s ON s.customer_id = c.id AND s.file_kind = :kind
"""  # noqa: S608 - our own words
_BY_KEY = f"""
SELECT g.given, {_CUSTOMER} FROM {{given}} AS g
  JOIN addresses a ON a.address_key = g.given
  JOIN customers c ON c.id = a.customer_id
  JOIN stamps s ON s.customer_id = c.id AND s.file_kind = :kind
"""  # noqa: S608 - our own words
_ADDRESSES = """
SELECT a.customer_id, a.channel, a.address, a.address_key, a.status
  FROM {given} AS g JOIN addresses a ON a.customer_id = g.given
"""
_STANDINGS = """
SELECT s.customer_id, s.channel, s.purpose, s.topic, s.granted, s.at
  FROM {given} AS g JOIN standings s ON s.customer_id = g.given
"""
_OTHERS = """
SELECT i.customer_id, i.kind, i.key, i.was
  FROM {given} AS g JOIN identities i ON i.customer_id = g.given
"""
_SHARED = """
SELECT g.id FROM {given} AS g
 WHERE EXISTS (SELECT 1 FROM addresses a WHERE a.address_key = g.key AND a.customer_id <> g.id)
    OR EXISTS (SELECT 1 FROM identities i WHERE i.kind = 'email' AND i.key = g.key
                AND i.customer_id <> g.id)
"""
