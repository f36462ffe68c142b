"""What one row of an imported file says of a customer: read, checked, not yet stored.

Named tuples, since a million of them pass through an import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple, TypeAlias

from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import AddressStatus, AttributeValue
from campaigns.domain.identity import IdentityKind
from campaigns.domain.interaction import InteractionKind


class SuppressionPurpose(StrEnum):
    """How far a suppression reaches."""

    MARKETING = "marketing"  # no offers
    ALL = "all"  # nothing at all: bounced, complained, erased


class Fields(NamedTuple):
    """The plain fields of a customer; None is not said."""

    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    country: str | None = None
    time_zone: str | None = None
    preferred_channel: Channel | None = None


class AddressEntry(NamedTuple):
    """An address; `status` None: as it is known, and active where it is new."""

    channel: Channel
    mailable: str
    normalised: str
    status: AddressStatus | None = None


#: What a consent is about, of one customer: channel, purpose and topic.
Matter: TypeAlias = tuple[Channel, Purpose, str]


class ConsentEntry(NamedTuple):
    """A yes or a no; `at` None: the file has no date, so the import's time counts."""

    matter: Matter
    granted: bool
    at: datetime | None
    proof: str

    @property
    def channel(self) -> Channel:
        """The channel it is about."""
        return self.matter[0]

    @property
    def purpose(self) -> Purpose:
        """The purpose it is about."""
        return self.matter[1]

    @property
    def topic(self) -> str:
        """The topic it is about; `*` for all."""
        return self.matter[2]


class SuppressionEntry(NamedTuple):
    """An address that must not be contacted."""

    kind: AddressKind
    normalised: str
    purpose: SuppressionPurpose
    reason: str


class PastInteractions(NamedTuple):
    """Something the customer did so many `times` before the import, last `at`.

    `name` is unique among all mappings' interactions: together with the customer and the number
    of the occurrence it tells an event that is known already from a new one.
    """

    name: str
    kind: InteractionKind
    channel: Channel | None
    times: int
    at: datetime


class LeftOut(NamedTuple):
    """One value of a row that goes in without it, and why."""

    line: int
    reason: str
    column: str
    value: str


class RefusedRow(NamedTuple):
    """A row that does not go in, and why. `value` may be long; reports shorten it."""

    line: int
    reason: str
    column: str = ""
    value: str = ""


class Content(NamedTuple):
    """A row as it stands in the file, and how it is read: where both are the same, the row says the
    same. `kind` is the file's (`MappingFile.name`)."""

    kind: str
    told: bytes


class CustomerRow(NamedTuple):
    """One row. `otherwise` fills what a new customer's row leaves unsaid, never a known one's.

    `refused`: why the row does not go in; then it holds only what tells whose its noes are.
    """

    line: int
    ref: str | None
    stated: Fields
    otherwise: Fields
    attributes: Mapping[str, AttributeValue]
    addresses: tuple[AddressEntry, ...]
    consents: tuple[ConsentEntry, ...] = ()
    suppressions: tuple[SuppressionEntry, ...] = ()
    interactions: tuple[PastInteractions, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    identities: tuple[tuple[IdentityKind, str], ...] = ()  # refs of other systems, devices
    refused: RefusedRow | None = None
    content: Content | None = None  # None where it says something else on another day

    @property
    def noes(self) -> tuple[ConsentEntry, ...]:
        """The consents that it denies."""
        return tuple([c for c in self.consents if not c.granted])


class ReadyRow(NamedTuple):
    """A row that was read ahead, with what the store would write of it if it is about nobody who is
    known; `plain` reads it once more, where it may be about somebody."""

    line: int
    new: Any
    plain: Callable[[], CustomerRow]


class UnreadRow(NamedTuple):
    """A row of which only its content is known and, if it has one of them, its ref or else its
    e-mail address as it is compared; `read` reads it."""

    line: int
    content: Content
    ref: str | None
    email: str | None
    read: Callable[[], CustomerRow | RefusedRow]


class SameRow(NamedTuple):
    """A row that would change nothing of its customer, who is found by these refs and address keys;
    `kept_opt_out` of its yeses stand against a no. `plain` reads it, where more is to be known."""

    line: int
    customer_id: int
    names: Sequence[str]
    kept_opt_out: int
    plain: Callable[[], CustomerRow | RefusedRow]


class BlankRow(NamedTuple):
    """A row without any value: counted, not refused."""

    line: int


class RepeatedRow(NamedTuple):
    """A second row of a customer in one file. Only its noes are taken."""

    line: int
    ref: str


@dataclass(slots=True)
class BatchResult:
    """What became of a batch of rows.

    rows = created + updated + unchanged + refused + repeated.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: list[RefusedRow] = field(default_factory=list)
    repeated: list[RepeatedRow] = field(default_factory=list)
    granted: int = 0
    denied: int = 0
    kept_opt_out: int = 0
    suppressed: int = 0
    interactions: int = 0

    def add(self, other: BatchResult) -> None:
        """Count the rows of another batch too."""
        for name in (f.name for f in fields(other)):
            setattr(self, name, getattr(self, name) + getattr(other, name))


class SeenCustomers:
    """Which customers a file has had, in one bit each."""

    def __init__(self) -> None:
        self._bits = bytearray()

    def __contains__(self, customer_id: int) -> bool:
        byte = customer_id >> 3
        return byte < len(self._bits) and bool(self._bits[byte] & (1 << (customer_id & 7)))

    def update(self, customer_ids: Iterable[int]) -> None:
        """Remember more."""
        bits = self._bits
        for customer_id in customer_ids:
            byte = customer_id >> 3
            if byte >= len(bits):
                bits.extend(bytes(byte + 4096 - len(bits)))
            bits[byte] |= 1 << (customer_id & 7)


ReadRow: TypeAlias = CustomerRow | ReadyRow | RefusedRow | BlankRow
FileRow: TypeAlias = ReadRow | UnreadRow
#: What a page of a file holds for the store.
PageRow: TypeAlias = CustomerRow | ReadyRow | SameRow
