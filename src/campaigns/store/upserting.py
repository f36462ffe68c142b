"""One batch of imported rows: who they are about and what they change.

How two states of a customer are merged is decided in domain.merging; what comes of it is written
in bulk by store.changes, in the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from campaigns.domain.consent import Purpose
from campaigns.domain.customer import AddressStatus
from campaigns.domain.identity import IdentityKind
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
    independent,
    made_ref,
    merge_address,
    merge_consents,
    merge_fields,
    new_fields,
)
from campaigns.store import known, stamps
from campaigns.store.changes import Changes, Writing
from campaigns.store.hashing import AddressHash
from campaigns.store.matching import Matcher, MismatchError, Telling

_WAS_ERASED = "this person was erased at their own request, and is not taken in again"
_REACH_OF_NO = {
    Purpose.MARKETING: SuppressionPurpose.MARKETING,
    Purpose.SERVICE: SuppressionPurpose.ALL,
}
_WIDER = (SuppressionPurpose.MARKETING, SuppressionPurpose.ALL)


class _Objection(NamedTuple):
    """A row of which only its noes are taken, and whom it seemed to be about; `refused`: why it is,
    if it is."""

    row: CustomerRow
    telling: Telling | None
    whose: Sequence[Known]
    refused: RefusedRow | None = None


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
        self._hashing = hashing
        self._matcher = Matcher(hashing)
        self._now = now
        self._writing = Writing(connection, now=now, actor=actor)
        self._seen = seen
        self._had: set[Known] = set()  # by this batch
        self._matched: list[Known] = []
        self._suppressed: dict[str, str] = {}
        self._erased: set[str] = set()
        self._objections: list[_Objection] = []
        self._told: list[tuple[Known, CustomerRow, int]] = []
        self._objected: set[Known] = set()
        self._changes = Changes()
        self.result = BatchResult()

    def run(self, rows: Sequence[CustomerRow]) -> BatchResult:
        """Decide and write. Every row is in exactly one of the result's counts."""
        tellings = [self._matcher.telling(row) for row in rows]
        self._load(rows, tellings)
        for row, telling in zip(rows, tellings, strict=True):
            if self._erased and not self._erased.isdisjoint(self._matcher.person_keys(row)):
                # Nothing of the row is told but its line: the report is a file as well.
                self.result.refused.append(RefusedRow(row.line, _WAS_ERASED))
                continue
            refused = row.refused
            if refused is None:
                refused = self._take_or_refuse(row, telling)
            if refused is not None:
                perhaps = self._matcher.perhaps(row, telling)
                self._objections.append(_Objection(row, telling, perhaps, refused))
        for objection in self._objections:  # last: whom they are about may come further down
            self._object(objection)
        self.result.refused.sort(key=lambda refused: refused.line)
        changes, result = self._changes, self.result
        result.interactions = self._writing.write(changes)
        stamps.write(self._connection, list(self._stamps()))
        self._seen.update(c.id for c in self._had)
        result.created = len(changes.created)
        result.updated = sum(1 for c in self._matched if c in changes.changed)
        result.unchanged = len(self._matched) - result.updated
        result.suppressed = len(changes.suppressed)
        return result

    def _load(self, rows: Sequence[CustomerRow], tellings: Sequence[Telling | None]) -> None:
        refs = {row.ref for row in rows if row.ref is not None}
        refs |= {v for row in rows for kind, v in row.identities if kind is IdentityKind.REF}
        refs |= {made_ref(*t) for row, t in zip(rows, tellings, strict=True) if t and not row.ref}
        keys = {telling.key for telling in tellings if telling}
        own_yes = any(not c.granted and c.at for row in rows for c in row.consents)
        self._matcher.add_all(known.load(self._connection, refs, keys, own_yes=own_yes))
        devices = {key for row in rows if row.identities for key in self._matcher.devices(row)}
        self._matcher.know_devices(known.load_devices(self._connection, devices))
        marked = {
            self._matcher.key_of(s.kind, s.normalised) for row in rows for s in row.suppressions
        }
        self._suppressed = known.load_suppressions(self._connection, marked)
        if known.anybody_erased(self._connection):
            persons = {key for row in rows for key in self._matcher.person_keys(row)}
            self._erased = known.load_erased(self._connection, persons)

    def _take_or_refuse(self, row: CustomerRow, telling: Telling | None) -> RefusedRow | None:
        try:
            self._take(row, telling)
        except MismatchError as reason:
            told = next((a.mailable for a in row.addresses), row.ref or "")
            return RefusedRow(row.line, str(reason), "", told)
        return None

    def _take(self, row: CustomerRow, telling: Telling | None) -> None:
        customer, ref_given = self._matcher.find(row, telling)
        if customer is None:
            customer = self._create(row, telling)
        else:
            if ref_given and row.ref:
                customer.ref = row.ref
                self._changes.changed.add(customer)
            if customer in self._had or customer.id in self._seen:
                self._take_identities(customer, row)
                self._repeated(customer, row, telling)
                return
            self._matched.append(customer)
            if merge_fields(customer, row):
                self._changes.changed.add(customer)
            self._take_addresses(customer, row)
        self._had.add(customer)
        self._take_identities(customer, row)
        kept = self._take_consents(customer, row.consents) if row.consents else 0
        if row.suppressions:
            self._take_suppressions(customer, row)
        if row.interactions:
            number = self._matcher.number(customer, row, telling)
            self._changes.past.append((customer, number, row))
        self._told.append((customer, row, kept))

    def _stamps(self) -> Iterator[stamps.StampRow]:
        """Of the rows that changed nothing, or that made their customer and would change nothing a
        second time, and are such as to be known by that again."""
        created = set(self._changes.created)
        changed = self._changes.changed - created | self._objected
        for customer, row, kept in self._told:
            if row.content is None or customer in changed:
                continue
            if customer in created and not independent(row.consents):
                continue
            if row.left_out or row.suppressions or row.identities:
                continue  # told each time, or decided by what no stamp holds
            if row.ref is None or row.ref == customer.ref:
                stamp = stamps.stamp_of(self._hashing, row.content, customer)
                yield customer.id, row.content.kind, stamp, kept

    def _take_identities(self, customer: Known, row: CustomerRow) -> None:
        if not row.identities and (row.ref is None or row.ref == customer.ref):
            return  # nearly all
        for kind, key in self._matcher.identities(customer, row):
            customer.others[kind, key] = customer.id
            self._changes.identities.append((customer, kind, key))
            self._changes.changed.add(customer)

    def _create(self, row: CustomerRow, telling: Telling | None) -> Known:
        key = self._matcher.key
        addresses = {
            channel: (mailable, key(channel, normalised), status or AddressStatus.ACTIVE)
            for channel, mailable, normalised, status in row.addresses
        }
        ref = self._matcher.ref_for(row, telling)
        customer = Known(0, ref, new_fields(row), dict(row.attributes), addresses)
        self._matcher.add(customer)
        self._changes.created.append(customer)
        return customer

    def _repeated(self, customer: Known, row: CustomerRow, telling: Telling | None) -> None:
        """A second row of the same customer: which of the two is right cannot be known, but a no
        in either is a no."""
        self.result.repeated.append(RepeatedRow(row.line, customer.ref))
        self._objections.append(_Objection(row, telling, [customer]))

    def _object(self, objection: _Objection) -> None:
        """Take a row's noes: for everybody whom it may be about (now, or when it was come upon),
        and where no customer answers for an address of a row that is refused, for the address."""
        row, telling, before, refused = objection
        if row.noes or row.suppressions:
            whose = list(dict.fromkeys([*before, *self._matcher.perhaps(row, telling)]))
            self._changes.distinct = False
            self._objected.update(whose)
            for customer in whose:
                self._take_consents(customer, [_not_taken_in(no, refused) for no in row.noes])
            barred = list(row.suppressions)
            if refused and self._matcher.named(row) is None:
                barred += self._unanswered(row, row.noes, whose)
            if sum(self._suppress(entry) for entry in barred):  # all of them, so no `any`
                self._changes.changed.update(whose)
            if refused:
                refused = refused._replace(reason=refused.reason + _taken_for(whose, barred))
        if refused:
            self.result.refused.append(refused)

    def _unanswered(
        self, row: CustomerRow, noes: Sequence[ConsentEntry], owners: Sequence[Known]
    ) -> Iterator[SuppressionEntry]:
        """The row's addresses that it says no for and that none of these customers has."""
        held = {key for owner in owners for _, key, _ in owner.addresses.values()}
        for no in noes:
            address = next((a for a in row.addresses if a.channel is no.channel), None)
            if address is None:
                continue
            key = self._matcher.key(no.channel, address.normalised)
            if key not in held:
                known_as = known.load_suppressions(self._connection, {key})
                self._suppressed = known_as | self._suppressed
                kind, purpose = no.channel.address_kind, _REACH_OF_NO[no.purpose]
                yield SuppressionEntry(kind, address.normalised, purpose, "unsubscribed")

    def _take_addresses(self, customer: Known, row: CustomerRow) -> None:
        for entry in row.addresses:
            before = customer.addresses.get(entry.channel)
            key = self._matcher.key(entry.channel, entry.normalised)
            if merge_address(customer, entry, key):
                self._changes.moved[customer, entry.channel] = None
                self._changes.changed.add(customer)
                self._matcher.moved(customer, before[1] if before else None, key)

    def _take_consents(self, customer: Known, entries: Sequence[ConsentEntry]) -> int:
        """How many yeses a no has kept out."""
        merged = merge_consents(customer, entries, now=self._now)
        self.result.kept_opt_out += merged.kept_opt_out
        if merged.entries:
            self._changes.changed.add(customer)
        for entry, at in merged.entries:
            self._changes.ledger.append((customer, entry, at))
            if entry.granted:
                self.result.granted += 1
            else:
                self.result.denied += 1
        return merged.kept_opt_out

    def _take_suppressions(self, customer: Known, row: CustomerRow) -> None:
        for entry in row.suppressions:
            if self._suppress(entry):
                self._changes.changed.add(customer)

    def _suppress(self, entry: SuppressionEntry) -> bool:
        """Whether it reaches further than what is on record."""
        key = self._matcher.key_of(entry.kind, entry.normalised)
        before = self._suppressed.get(key)
        if before is not None and (before, entry.purpose) != _WIDER:
            return False
        self._suppressed[key] = entry.purpose
        self._changes.suppressed[key] = entry
        return True


def _not_taken_in(no: ConsentEntry, refused: RefusedRow | None) -> ConsentEntry:
    return no._replace(proof=f"{no.proof}, a row that was refused") if refused else no


def _taken_for(whose: Sequence[Known], barred: Sequence[SuppressionEntry]) -> str:
    if whose:
        return f"; its no counts for customer {', '.join(c.ref for c in whose[:3])}"
    if barred:
        return "; its no counts for its address"
    return "; IT SAYS NO, and nobody is known whom it may be about"
