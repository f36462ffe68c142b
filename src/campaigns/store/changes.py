"""What a batch of rows changes, and writing it in bulk."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from sqlalchemy import Connection, Table, text

from campaigns.domain.channel import Channel
from campaigns.domain.consent import ConsentSource
from campaigns.domain.customer import AddressStatus
from campaigns.domain.intake import ConsentEntry, CustomerRow, Matter, SuppressionEntry
from campaigns.domain.merging import Known
from campaigns.store import bulk, consents, identifying, interactions
from campaigns.store.clock import to_ms
from campaigns.store.consents import LedgerRow
from campaigns.store.interactions import EventRow
from campaigns.store.schema import addresses, customers, suppressions

#: Words as plain text: what the drivers take at once, without asking each value what it is.
_CHANNELS = {channel: channel.value for channel in Channel}
_STATUSES = {status: status.value for status in AddressStatus}
_IMPORT = ConsentSource.IMPORT.value


@dataclass(slots=True)
class Changes:
    """One batch, decided: created and changed customers, and what is said of them.

    Attributes:
        moved: (customer, channel) whose address is another one, or has another status.
        ledger: entries with the moment from which they count.
        distinct: no matter of a customer is in `ledger` twice.
        suppressed: address key → why.
        past: what rows told of the past, with whose past it is, and under which number.
        identities: kind and key of what else finds a customer from now on.
    """

    created: list[Known] = field(default_factory=list)
    changed: set[Known] = field(default_factory=set)
    moved: dict[tuple[Known, Channel], None] = field(default_factory=dict)
    ledger: list[tuple[Known, ConsentEntry, datetime]] = field(default_factory=list)
    distinct: bool = True
    suppressed: dict[str, SuppressionEntry] = field(default_factory=dict)
    past: list[tuple[Known, int, CustomerRow]] = field(default_factory=list)
    identities: list[tuple[Known, str, str]] = field(default_factory=list)


class Writing:
    """Writes one batch's changes in the caller's transaction."""

    def __init__(self, connection: Connection, *, now: datetime, actor: str) -> None:
        self._connection = connection
        self._actor = actor
        self._moment = now
        self._now = to_ms(now)
        self._moments: dict[datetime, int] = {now: self._now}
        self._matters: dict[Matter, tuple[str, str, str]] = {}

    def write(self, changes: Changes) -> int:
        """All of it. Customers who are new get their numbers; those whose past is news join
        `changed`. Returns how many interactions were new."""
        new = changes.created
        for customer, number in zip(new, new_ids(self._connection, len(new)), strict=True):
            customer.id = number
        created = set(new)
        old = sorted(changes.changed - created, key=lambda c: c.id)
        self._insert(customers, _CUSTOMER, map(self._customer, new))
        self._insert(customers, _CUSTOMER, map(self._customer, old), _TAKE_OVER_CUSTOMER)
        self._insert(addresses, _ADDRESS, self._addresses_of(new))
        self._insert(addresses, _ADDRESS, self._moved(changes), _TAKE_OVER_ADDRESS)
        consents.append(self._connection, self._entries(changes), distinct=changes.distinct)
        self._insert(suppressions, _SUPPRESSION, self._suppressions(changes), _WIDEN)
        told = [(kind, key, customer.id) for customer, kind, key in changes.identities]
        if told:
            identifying.note(self._connection, told, source=self._actor, now=self._moment)
        return self._write_past(changes, created)

    def _insert(
        self,
        table: Table,
        columns: Sequence[str],
        rows: Iterable[Sequence[object]],
        on_conflict: str = "",
    ) -> None:
        bulk.insert(self._connection, table, columns, rows, on_conflict=on_conflict)

    def _ms(self, moment: datetime) -> int:
        known = self._moments.get(moment)
        if known is None:
            known = self._moments[moment] = to_ms(moment)
        return known

    def _customer(self, customer: Known) -> tuple[object, ...]:
        *plain, preferred = customer.fields
        return (
            customer.id,
            customer.ref,
            *plain,
            None if preferred is None else _CHANNELS[preferred],
            orjson.dumps(customer.attributes).decode() if customer.attributes else "{}",
            self._now,
            self._now,
        )

    def _addresses_of(self, created: Sequence[Known]) -> list[tuple[object, ...]]:
        now = self._now
        return [
            (customer.id, _CHANNELS[channel], address, key, _STATUSES[status], now)
            for customer in created
            for channel, (address, key, status) in customer.addresses.items()
        ]

    def _moved(self, changes: Changes) -> list[tuple[object, ...]]:
        rows: list[tuple[object, ...]] = []
        for customer, channel in changes.moved:
            address, key, status = customer.addresses[channel]
            row = (customer.id, _CHANNELS[channel], address, key, _STATUSES[status], self._now)
            rows.append(row)
        return rows

    def _entries(self, changes: Changes) -> list[LedgerRow]:
        matters, actor, moment = self._matters, self._actor, self._ms
        rows: list[LedgerRow] = []
        for customer, (matter, granted, _, proof), at in changes.ledger:
            words = matters.get(matter)
            if words is None:
                words = matters[matter] = (str(matter[0]), str(matter[1]), matter[2])
            rows.append((customer.id, *words, granted, moment(at), _IMPORT, proof, actor))
        return rows

    def _suppressions(self, changes: Changes) -> list[tuple[object, ...]]:
        return [(k, e.purpose.value, e.reason, self._now) for k, e in changes.suppressed.items()]

    def _write_past(self, changes: Changes, created: set[Known]) -> int:
        past = changes.past
        fresh = [e for c, _, row in past if c in created for e in self._events(c, c.id, row)]
        interactions.record_new(self._connection, fresh)
        if all(c in created for c, _, _ in past):
            return len(fresh)
        whose = {
            e: c for c, number, row in past if c not in created
            for e in self._events(c, number, row)
        }  # fmt: skip
        by_key = {event.source_key: customer for event, customer in whose.items()}
        written = interactions.record(self._connection, list(whose))
        changes.changed |= {by_key[key] for key in written}
        return len(fresh) + len(written)

    def _events(self, customer: Known, number: int, row: CustomerRow) -> list[EventRow]:
        """The row's past as single events; their keys make a later import of the same known, also
        after a merge: `number` is whose they were when they came first."""
        events = []
        for name, kind, channel, times, at in row.interactions:
            on = None if channel is None else _CHANNELS[channel]
            key, moment, what = f"import:{number}:{name}:", self._ms(at), str(kind)
            for occurrence in range(1, times + 1):
                event = EventRow(customer.id, moment, what, on, None, f"{key}{occurrence}", None)
                events.append(event)
        return events


def new_ids(connection: Connection, count: int) -> Sequence[int]:
    """Ids for new customers. The import lock, or SQLite's one writer, keeps them ours."""
    if not count:
        return ()
    if bulk.dialect_of(connection) == "postgresql":
        return list(connection.execute(_NEXT_IDS, {"count": count}).scalars())
    last = connection.execute(_LAST_ID).scalar() or 0
    return range(last + 1, last + 1 + count)


_NEXT_IDS = text(
    "SELECT nextval(pg_get_serial_sequence('customers', 'id')) FROM generate_series(1, :count)"
)
_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = 'customers'")
_CUSTOMER = (
    "id", "ref", "first_name", "last_name", "locale", "country", "time_zone",
    "preferred_channel", "attributes", "created_at", "updated_at",
)  # fmt: skip
_TAKE_OVER_CUSTOMER = "ON CONFLICT (id) DO UPDATE SET " + ", ".join(
    f"{c} = excluded.{c}" for c in _CUSTOMER if c not in ("id", "created_at")
)
_ADDRESS = ("customer_id", "channel", "address", "address_key", "status", "updated_at")
_TAKE_OVER_ADDRESS = "ON CONFLICT (customer_id, channel) DO UPDATE SET " + ", ".join(
    f"{c} = excluded.{c}" for c in _ADDRESS[2:]
)
_SUPPRESSION = ("address_key", "purpose", "reason", "at")
_WIDEN = """
ON CONFLICT (address_key) DO UPDATE
SET purpose = excluded.purpose, reason = excluded.reason, at = excluded.at
WHERE suppressions.purpose = 'marketing' AND excluded.purpose = 'all'
"""
