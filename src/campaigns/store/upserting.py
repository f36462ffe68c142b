"""One batch of imported rows: who they are about, what they change, and writing it.

What changes is decided in domain.merging; what was decided is written in bulk, in the caller's
transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.channel import Channel
from campaigns.domain.consent import ConsentSource
from campaigns.domain.intake import (
    BatchResult,
    ConsentEntry,
    CustomerRow,
    RefusedRow,
    RepeatedRow,
    SeenCustomers,
    SuppressionEntry,
    SuppressionPurpose,
)
from campaigns.domain.merging import (
    Known,
    made_ref,
    merge_address,
    merge_consents,
    merge_fields,
    new_fields,
)
from campaigns.store import bulk, consents, interactions, known
from campaigns.store.clock import to_ms
from campaigns.store.hashing import AddressHash
from campaigns.store.interactions import EventRow
from campaigns.store.matching import Matcher, MismatchError
from campaigns.store.schema import addresses, customers, suppressions

_KINDS = {channel: channel.address_kind for channel in Channel}


class Upsert:
    """One batch in the making. `seen` are the customers that the file has had before it."""

    def __init__(
        self,
        connection: Connection,
        hashing: AddressHash,
        *,
        now: datetime,
        actor: str,
        seen: SeenCustomers,
    ) -> None:
        self._connection = connection
        self._matcher = Matcher(hashing)
        self._now = now
        self._actor = actor
        self._seen = seen
        self._had: set[Known] = set()  # by this batch
        self._created: list[Known] = []
        self._matched: list[Known] = []
        self._changed: set[Known] = set()
        self._moved: dict[tuple[Known, Channel], None] = {}
        self._ledger: list[tuple[Known, ConsentEntry, datetime]] = []
        self._suppressed: dict[str, str] = {}
        self._suppress: dict[str, SuppressionEntry] = {}
        self._past: list[tuple[Known, CustomerRow]] = []
        self.result = BatchResult()

    def run(self, rows: Sequence[CustomerRow]) -> BatchResult:
        """Decide and write. Every row is in exactly one of the result's counts."""
        self._load(rows)
        for row in rows:
            try:
                self._take(row)
            except MismatchError as reason:
                told = next((a.mailable for a in row.addresses), row.ref or "")
                self.result.refused.append(RefusedRow(row.line, str(reason), "", told))
        self._write()
        return self.result

    def _load(self, rows: Sequence[CustomerRow]) -> None:
        refs = {row.ref for row in rows if row.ref is not None}
        keys = {told[1] for row in rows if (told := self._matcher.telling(row))}
        own_yes = any(not c.granted and c.at for row in rows for c in row.consents)
        self._matcher.add_all(known.load(self._connection, refs, keys, own_yes=own_yes))
        marked = {self._matcher.key(s.kind, s.normalised) for row in rows for s in row.suppressions}
        self._suppressed = known.load_suppressions(self._connection, marked)

    # Deciding -------------------------------------------------------------------------------

    def _take(self, row: CustomerRow) -> None:
        customer, ref_given = self._matcher.find(row)
        if customer is None:
            self._create(row)
            return
        if ref_given and row.ref:
            customer.ref = row.ref
            self._changed.add(customer)
        if customer in self._had or customer.id in self._seen:
            self._take_noes(customer, row)
            return
        self._had.add(customer)
        self._matched.append(customer)
        if merge_fields(customer, row):
            self._changed.add(customer)
        self._take_addresses(customer, row)
        self._take_consents(customer, row.consents)
        self._take_suppressions(customer, row)
        if row.interactions:
            self._past.append((customer, row))

    def _create(self, row: CustomerRow) -> None:
        customer = Known(0, self._ref_for(row), new_fields(row), dict(row.attributes))
        for entry in row.addresses:
            merge_address(customer, entry, self._matcher.key(_KINDS[entry[0]], entry[2]))
        self._matcher.add(customer)
        self._had.add(customer)
        self._created.append(customer)
        if row.consents:
            self._take_consents(customer, row.consents)
        if row.suppressions:
            self._take_suppressions(customer, row)
        if row.interactions:
            self._past.append((customer, row))

    def _ref_for(self, row: CustomerRow) -> str:
        if row.ref is not None:
            return row.ref
        telling = self._matcher.telling(row)
        if telling is None:
            raise MismatchError("nothing says who the customer is: no id and no address")
        return made_ref(*telling)

    def _take_noes(self, customer: Known, row: CustomerRow) -> None:
        """A second row of the same customer: which of the two is right cannot be known, but a no
        in either is a no."""
        self.result.repeated.append(RepeatedRow(row.line, customer.ref))
        self._take_consents(customer, [c for c in row.consents if not c.granted])
        self._take_suppressions(customer, row)

    def _take_addresses(self, customer: Known, row: CustomerRow) -> None:
        for entry in row.addresses:
            before = customer.addresses.get(entry.channel)
            key = self._matcher.key(_KINDS[entry.channel], entry.normalised)
            if merge_address(customer, entry, key):
                self._moved[customer, entry.channel] = None
                self._changed.add(customer)
                self._matcher.moved(customer, before[1] if before else None, key)

    def _take_consents(self, customer: Known, entries: Sequence[ConsentEntry]) -> None:
        changes = merge_consents(customer, entries, now=self._now)
        self.result.kept_opt_out += changes.kept_opt_out
        for entry, at in changes.entries:
            self._ledger.append((customer, entry, at))
            self._changed.add(customer)
            if entry.granted:
                self.result.granted += 1
            else:
                self.result.denied += 1

    def _take_suppressions(self, customer: Known, row: CustomerRow) -> None:
        for entry in row.suppressions:
            key = self._matcher.key(entry.kind, entry.normalised)
            before = self._suppressed.get(key)
            if before is None or (before, entry.purpose) == _WIDER:
                self._suppressed[key] = entry.purpose
                self._suppress[key] = entry
                self._changed.add(customer)

    # Writing --------------------------------------------------------------------------------

    def _write(self) -> None:
        for customer, id_ in zip(
            self._created, _new_ids(self._connection, len(self._created)), strict=True
        ):
            customer.id = id_
        for customer in self._had:
            self._seen.add(customer.id)
        self._write_customers()
        self._write_addresses()
        self._write_ledger()
        self._write_suppressions()
        self._write_past()
        self.result.created = len(self._created)
        self.result.updated = sum(1 for c in self._matched if c in self._changed)
        self.result.unchanged = len(self._matched) - self.result.updated

    def _write_customers(self) -> None:
        new = set(self._created)
        changed = sorted((c for c in self._changed if c not in new), key=_id)
        moment = to_ms(self._now)
        rows = [_customer_row(c, moment) for c in (*self._created, *changed)]
        bulk.insert(
            self._connection, customers, _CUSTOMER_COLUMNS, rows, on_conflict=_TAKE_OVER_CUSTOMER
        )

    def _write_addresses(self) -> None:
        moment = to_ms(self._now)
        rows = [
            (c.id, str(channel), address, key, str(status), moment)
            for c in self._created
            for channel, (address, key, status) in c.addresses.items()
        ]
        for customer, channel in self._moved:
            address, key, status = customer.addresses[channel]
            rows.append((customer.id, str(channel), address, key, str(status), moment))
        bulk.insert(
            self._connection, addresses, _ADDRESS_COLUMNS, rows, on_conflict=_TAKE_OVER_ADDRESS
        )

    def _write_ledger(self) -> None:
        source = str(ConsentSource.IMPORT)
        consents.append(
            self._connection,
            [
                (
                    customer.id,
                    str(entry.channel),
                    str(entry.purpose),
                    entry.topic,
                    entry.granted,
                    to_ms(at),
                    source,
                    entry.proof,
                    self._actor,
                )
                for customer, entry, at in self._ledger
            ],
        )

    def _write_suppressions(self) -> None:
        moment = to_ms(self._now)
        rows = [(key, str(e.purpose), e.reason, moment) for key, e in self._suppress.items()]
        columns = ("address_key", "purpose", "reason", "at")
        bulk.insert(self._connection, suppressions, columns, rows, on_conflict=_WIDEN)
        self.result.suppressed = len(rows)

    def _write_past(self) -> None:
        new = set(self._created)
        fresh = [e for c, row in self._past if c in new for e in _events(c, row)]
        interactions.record_new(self._connection, fresh)
        later = {e.source_key: c for c, row in self._past if c not in new for e in _events(c, row)}
        rows = [e for c, row in self._past if c not in new for e in _events(c, row)]
        written = interactions.record(self._connection, rows)
        self._changed |= {later[key] for key in written}
        self.result.interactions = len(fresh) + len(written)


_WIDER = (SuppressionPurpose.MARKETING, SuppressionPurpose.ALL)
_CUSTOMER_COLUMNS = (
    "id",
    "ref",
    "first_name",
    "last_name",
    "locale",
    "country",
    "time_zone",
    "preferred_channel",
    "attributes",
    "created_at",
    "updated_at",
)
_TAKE_OVER_CUSTOMER = "ON CONFLICT (id) DO UPDATE SET " + ", ".join(
    f"{c} = excluded.{c}" for c in _CUSTOMER_COLUMNS if c not in ("id", "created_at")
)
_ADDRESS_COLUMNS = ("customer_id", "channel", "address", "address_key", "status", "updated_at")
_TAKE_OVER_ADDRESS = "ON CONFLICT (customer_id, channel) DO UPDATE SET " + ", ".join(
    f"{c} = excluded.{c}" for c in _ADDRESS_COLUMNS[2:]
)
_WIDEN = """
ON CONFLICT (address_key) DO UPDATE
SET purpose = excluded.purpose, reason = excluded.reason, at = excluded.at
WHERE suppressions.purpose = 'marketing' AND excluded.purpose = 'all'
"""


def _id(customer: Known) -> int:
    return customer.id


def _customer_row(customer: Known, moment: int) -> tuple[object, ...]:
    first, last, locale, country, zone, preferred = customer.fields
    return (
        customer.id,
        customer.ref,
        first,
        last,
        locale,
        country,
        zone,
        str(preferred) if preferred else None,
        orjson.dumps(customer.attributes).decode(),
        moment,
        moment,
    )


def _events(customer: Known, row: CustomerRow) -> list[EventRow]:
    """The row's past as single events; their keys make a later import of the same known."""
    return [
        EventRow(
            customer.id,
            to_ms(past.at),
            str(past.kind),
            str(past.channel) if past.channel else None,
            None,
            f"import:{customer.id}:{past.name}:{number}",
        )
        for past in row.interactions
        for number in range(1, past.times + 1)
    ]


def _new_ids(connection: Connection, count: int) -> Sequence[int]:
    """Ids for new customers. The import lock, or SQLite's one writer, keeps them ours."""
    if not count:
        return ()
    if bulk.dialect_of(connection) == "postgresql":
        return list(connection.execute(_NEXT_IDS, {"count": count}).scalars())
    query = "SELECT seq FROM sqlite_sequence WHERE name = 'customers'"
    last = connection.exec_driver_sql(query).scalar() or 0
    return range(last + 1, last + 1 + count)


_NEXT_IDS = text(
    "SELECT nextval(pg_get_serial_sequence('customers', 'id')) FROM generate_series(1, :count)"
)
