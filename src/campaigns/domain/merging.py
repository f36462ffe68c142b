"""What a file's rows change of what is known: decided here, written by the store.

The rules, each with its test in tests/contract/test_profiles_*.py: importing again updates and
never duplicates; a blank cell erases nothing; an import never turns an opt-out into consent and
never lifts a suppression or wakes a bounced address; the ledger grows only when something changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.consent import (
    ALL_TOPICS,
    Standing,
    import_may_write,
)
from campaigns.domain.customer import AddressStatus, AttributeValue
from campaigns.domain.intake import AddressEntry, ConsentEntry, CustomerRow, Fields, Matter


@dataclass(slots=True, eq=False)
class Known:
    """A customer as the database has it, or as it will be after this batch.

    Attributes:
        addresses: channel → address as mailed, its key, its status.
        standings: what the ledger says now.
        own_yes: matter → when the customer last said yes in person (not by an import).
        others: what else finds this customer, (kind, key) of refs and addresses of old → the
            number under which it did, before a merge.
    """

    id: int
    ref: str
    fields: Fields
    attributes: dict[str, AttributeValue]
    addresses: dict[Channel, tuple[str, str, AddressStatus]] = field(default_factory=dict)
    standings: dict[Matter, tuple[bool, datetime]] = field(default_factory=dict)
    own_yes: dict[Matter, datetime] = field(default_factory=dict)
    others: dict[tuple[str, str], int] = field(default_factory=dict)

    @property
    def ref_is_made(self) -> bool:
        """The ref was made from an address, since no file has told one yet."""
        return self.ref.startswith(_MADE)

    @property
    def system(self) -> str:
        """Which system the ref is of: what stands before the colon, if anything does."""
        return system_of(self.ref)


_MADE = tuple(f"{kind}:" for kind in AddressKind)


def made_ref(kind: AddressKind, key: str) -> str:
    """The ref of a customer of whom only an address is known; the hash keeps it anonymous."""
    return f"{kind}:{key[:20]}"


def system_of(ref: str) -> str:
    """`shopify` of `shopify:123`, `` of `123`."""
    return ref.partition(":")[0] if ":" in ref else ""


def merge_fields(known: Known, row: CustomerRow) -> bool:
    """Take over what the row states; a blank erases nothing. True if something changed."""
    changed = False
    stated = row.stated
    if any(stated):
        merged = Fields._make(a or b for a, b in zip(stated, known.fields, strict=True))
        if merged != known.fields:
            known.fields = merged
            changed = True
    for name, value in row.attributes.items():
        if known.attributes.get(name) != value:
            known.attributes = {**known.attributes, name: value}
            changed = True
    return changed


def new_fields(row: CustomerRow) -> Fields:
    """The fields of a new customer: what the row states, else the file's defaults."""
    stated, otherwise = row.stated, row.otherwise
    return Fields(
        stated.first_name,
        stated.last_name,
        stated.locale or otherwise.locale,
        stated.country or otherwise.country,
        stated.time_zone or otherwise.time_zone,
        stated.preferred_channel,
    )


def merge_address(known: Known, entry: AddressEntry, key: str) -> bool:
    """Take over one address. The same address keeps its status unless the row states another; a
    new one is active. True if something changed."""
    before = known.addresses.get(entry.channel)
    status = entry.status
    if status is None:
        status = before[2] if before and before[1] == key else AddressStatus.ACTIVE
    after = (entry.mailable, key, status)
    if before == after:
        return False
    known.addresses[entry.channel] = after
    return True


@dataclass(slots=True)
class ConsentChanges:
    """Entries for the ledger, each with the moment it counts from; and yeses that a no has kept
    out."""

    entries: list[tuple[ConsentEntry, datetime]] = field(default_factory=list)
    kept_opt_out: int = 0


def merge_consents(
    known: Known, entries: Sequence[ConsentEntry], *, now: datetime
) -> ConsentChanges:
    """What a row's yeses and noes add to the ledger; `known.standings` follows.

    Noes come first, so that a row that says both stays a no.
    """
    changes = ConsentChanges()
    if not known.standings and independent(entries):
        for entry in entries:
            at = entry.at or now
            known.standings[entry.matter] = (entry.granted, at)
            changes.entries.append((entry, at))
        return changes
    for entry in sorted(entries, key=_granted):
        if entry.granted and _barred(known, entry.matter):
            changes.kept_opt_out += 1
            continue
        moment = _moment(known, entry, now)
        if moment is not None:
            known.standings[entry.matter] = (entry.granted, moment)
            changes.entries.append((entry, moment))
    return changes


def independent(entries: Sequence[ConsentEntry]) -> bool:
    """Whether none of these bears on another: the usual case, and the quick one. Of a customer of
    whom nothing stands yet all of them are taken."""
    matters = {entry.matter for entry in entries}
    if len(matters) < len(entries):
        return False
    return len(entries) < 2 or all(matter[2] != ALL_TOPICS for matter in matters)


def _moment(known: Known, entry: ConsentEntry, now: datetime) -> datetime | None:
    """From when an entry counts that may be written; None if it changes nothing."""
    if not entry.granted:
        return _moment_of_no(known, entry, now)
    return None if entry.matter in known.standings else entry.at or now


def _granted(entry: ConsentEntry) -> bool:
    return entry.granted


def _barred(known: Known, matter: Matter) -> bool:
    """Whether a yes would stand over a no: on this matter, on all topics, or, for a yes to all
    topics, on any of them."""
    return any(
        not import_may_write(Standing(topic, granted, at), granted=True)
        for topic, granted, at in _relevant(known, matter)
    )


def _relevant(known: Known, matter: Matter) -> Iterator[tuple[str, bool, datetime]]:
    channel, purpose, topic = matter
    for (c, p, t), (granted, at) in known.standings.items():
        if c is channel and p is purpose and (topic == ALL_TOPICS or t in (topic, ALL_TOPICS)):
            yield t, granted, at


def _moment_of_no(known: Known, entry: ConsentEntry, now: datetime) -> datetime | None:
    """When a no takes effect; None if it changes nothing.

    A no of an import always stands, even when its date is older than a yes on record: that yes
    may be an undated one from another export. So it is dated no earlier than the yeses it ends.
    Only a yes that the customer gave in person after the no outlives it.
    """
    matter = entry.matter
    standing = known.standings.get(matter)
    relevant = list(_relevant(known, matter))
    yeses = [at for _, granted, at in relevant if granted]
    if standing is not None and not standing[0] and all(at <= standing[1] for at in yeses):
        return None
    if entry.at is not None and any(
        said > entry.at for m, said in known.own_yes.items() if _covers(matter, m)
    ):
        return None
    return max([entry.at or now, *yeses, *([standing[1]] if standing else [])])


def _covers(matter: Matter, other: Matter) -> bool:
    topic = matter[2]
    same = matter[:2] == other[:2]
    return same and (topic == ALL_TOPICS or other[2] in (topic, ALL_TOPICS))
