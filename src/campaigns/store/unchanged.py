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
from typing import Any

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.address import AddressError, normalise
from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.intake import (
    CustomerRow,
    Fields,
    PageRow,
    ReadyRow,
    SameRow,
    SeenCustomers,
    UnreadRow,
)
from campaigns.store import bulk, known, newcomers
from campaigns.store.hashing import AddressHash
from campaigns.store.locking import unguessed
from campaigns.store.stamps import stamp

_EMAIL = Channel.EMAIL.value


class _State:
    """A customer as the tables have them, and their stamp with the yeses that a no kept out.

    Attributes:
        customer: ref, six fields and attributes.
        addresses, standings, others: rows as `stamps.stamp` takes them.
        names: the refs and keys that find this customer.
        email: the address; `shared`: it finds somebody else too.
    """

    __slots__ = (
        "addresses", "customer", "email", "id", "kept_opt_out", "names", "others", "shared",
        "stamp", "standings",
    )  # fmt: skip

    def __init__(self, row: tuple[Any, ...]) -> None:
        _, self.id, self.stamp, self.kept_opt_out, *customer, attributes = row
        self.customer = (*customer, {} if attributes == "{}" else orjson.loads(attributes))
        self.addresses: list[tuple[Any, ...]] = []
        self.standings: list[tuple[Any, ...]] = []
        self.others: list[tuple[Any, ...]] = []
        self.names: list[str] = [customer[0]]
        self.email = ""
        self.shared = False


def unchanged(
    connection: Connection, hashing: AddressHash, rows: Sequence[UnreadRow]
) -> list[UnreadRow | SameRow]:
    """The rows of one file in their order; those that would change nothing are told."""
    by_ref, by_email = _stamped(connection, hashing, rows)
    states = {state.id: state for found in (by_ref, by_email) for state in found.values()}
    if not states:
        return list(rows)
    _complete(connection, states)
    barred = {state.id for state in states.values() if state.shared}
    if known.anybody_erased(connection):
        barred |= _erased(connection, hashing, states)

    def told(row: UnreadRow) -> UnreadRow | SameRow:
        s = by_ref.get(row.ref) if row.ref else by_email.get(row.email or "")
        if s is None or s.id in barred:
            return row
        if s.stamp != stamp(hashing, row.content, s.customer, s.addresses, s.standings, s.others):
            return row
        return SameRow(row.line, s.id, s.names, s.kept_opt_out, row.read)

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
    times = Counter([row.customer_id for row in same])
    names = newcomers.names(hashing, others)
    alone = [
        row
        for row in same
        if times[row.customer_id] == 1
        and row.customer_id not in seen
        and names.isdisjoint(row.names)
    ]
    if len(alone) == len(same):
        return alone, others
    lines = {row.line for row in alone}
    left = [row for row in rows if row.line not in lines]
    return alone, [_read(row) if isinstance(row, SameRow) else row for row in left]


def _read(row: SameRow) -> CustomerRow:
    read = row.plain()
    if isinstance(read, CustomerRow):
        return read
    # It went in when it got its stamp: by a clock set back since, its date is in the future.
    return CustomerRow(read.line, None, Fields(), Fields(), {}, (), refused=read)


def _stamped(
    connection: Connection, hashing: AddressHash, rows: Sequence[UnreadRow]
) -> tuple[dict[str, _State], dict[str, _State]]:
    """Customers with a stamp of this kind of file, by the refs and by the e-mail addresses that
    rows call them by."""
    kind = rows[0].content.kind
    refs = [row.ref for row in rows if row.ref]
    emails = {hashing.key(AddressKind.EMAIL, row.email): row.email for row in rows if row.email}
    return (
        {row[0]: _State(row) for row in _joined(connection, _BY_REF, "text", refs, kind=kind)},
        {
            emails[row[0]]: _State(row)
            for row in _joined(connection, _BY_KEY, "text", emails, kind=kind)
        },
    )


def _complete(connection: Connection, states: Mapping[int, _State]) -> None:
    for row in _joined(connection, _ADDRESSES, "bigint", states):
        state = states[row[0]]
        state.addresses.append(row[1:5])
        if row[1] == _EMAIL:
            state.email, state.shared = row[2], row[5]
        state.names.append(row[3])
    for row in _joined(connection, _STANDINGS, "bigint", states):
        states[row[0]].standings.append(row[1:])
    for row in _joined(connection, _OTHERS, "bigint", states):
        states[row[0]].others.append(row[1:])
        states[row[0]].names.append(row[2])


def _erased(connection: Connection, hashing: AddressHash, states: Mapping[int, _State]) -> set[int]:
    """Who is known by something that somebody was erased with."""
    whose: dict[str, list[int]] = {}
    for id_, state in states.items():
        keys = [hashing.ref_key(state.customer[0]), *(a[2] for a in state.addresses)]
        if state.email:
            keys.append(_mailbox_key(hashing, state.email))
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
#: While PostgreSQL has not looked at an import's tables, it takes one stamp in 200 for this kind's,
#: and would begin with all of them for each page of the file.
_OF_KIND = unguessed("s.file_kind = :kind")
_BY_REF = f"""
SELECT g.given, {_CUSTOMER} FROM {{given}} AS g
  JOIN customers c ON c.ref = g.given
  JOIN stamps s ON s.customer_id = c.id AND {_OF_KIND}
"""  # noqa: S608 - our own words
_BY_KEY = f"""
SELECT g.given, {_CUSTOMER} FROM {{given}} AS g
  JOIN addresses a ON a.address_key = g.given
  JOIN customers c ON c.id = a.customer_id
  JOIN stamps s ON s.customer_id = c.id AND {_OF_KIND}
"""  # noqa: S608 - our own words
_ADDRESSES = """
SELECT a.customer_id, a.channel, a.address, a.address_key, a.status,
       a.channel = 'email' AND (
       EXISTS (SELECT 1 FROM addresses o
                WHERE o.address_key = a.address_key AND o.customer_id <> a.customer_id)
       OR EXISTS (SELECT 1 FROM identities i WHERE i.kind = 'email' AND i.key = a.address_key
                     AND i.customer_id <> a.customer_id))
  FROM {given} AS g JOIN addresses a ON a.customer_id = g.given
"""
_STANDINGS = """
SELECT s.customer_id, s.channel, s.purpose, s.topic, CAST(s.granted AS integer), s.at
  FROM {given} AS g JOIN standings s ON s.customer_id = g.given
"""
_OTHERS = """
SELECT i.customer_id, i.kind, i.key, coalesce(i.was, i.customer_id)
  FROM {given} AS g JOIN identities i ON i.customer_id = g.given
"""
