"""What a preview page shows: plain data, ready to be written out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from campaigns.domain.channel import Channel
from campaigns.domain.findings import Finding


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen, and how people read it."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Trait:
    """A declared trait and the values its skeletons differ by."""

    name: str
    label: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    """What of a campaign is looked at. What does not exist falls back to the first there is.

    Attributes:
        locale: one locale, or empty for all.
        channel: one channel, or empty for all.
        reader: a made-up reader's name.
        customer: a real customer instead: their ref, e-mail address, phone or handle. Language
            and traits are theirs.
        traits: trait name → value, as in `Option.value`.
    """

    locale: str = ""
    channel: str = ""
    reader: str = ""
    customer: str = ""
    variant: str = ""
    step: str = ""
    traits: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Offer:
    """Everything there is to choose from in one campaign."""

    locales: tuple[Option, ...]
    channels: tuple[Option, ...]
    readers: tuple[Option, ...]
    variants: tuple[Option, ...]
    steps: tuple[Option, ...]
    traits: tuple[Trait, ...]


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure of a message: `1 of 3 segments`, and whether that fits."""

    label: str
    value: str
    fits: bool = True


@dataclass(frozen=True, slots=True)
class Cell:
    """One message as it will arrive.

    Attributes:
        parts: the message's parts, filled; none when `unfilled` says why.
        address: of the sender.
        public: it is the public post, the same for everyone.
        sent: False for a post in a language other than the one that is posted.
        unfilled: why this reader would get no message.
        key: changes when anything shown changes.
    """

    channel: Channel
    locale: str
    parts: Mapping[str, str]
    preheader: str
    sender: str
    address: str
    readings: tuple[Reading, ...]
    findings: tuple[Finding, ...]
    public: bool = False
    sent: bool = True
    unfilled: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the fact table: one part of one channel's message."""

    channel: Channel
    part: str
    required: bool


@dataclass(frozen=True, slots=True)
class Sighting:
    """Whether a fact stands in a part: `words` are the exact words there, none when it does not."""

    column: Column
    words: tuple[str, ...]
    missing: bool = False


@dataclass(frozen=True, slots=True)
class FactRow:
    """One fact across all parts."""

    name: str
    kind: str
    written: str
    must_say: bool
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Stranger:
    """Words that need a look: a value that is no declared fact, is spelled out or doubtful.

    `advice` is a sentence for the marketer.
    """

    column: Column
    kind: str
    words: str
    advice: str


@dataclass(frozen=True, slots=True)
class FactTable:
    """Where each fact was found, for one locale."""

    columns: tuple[Column, ...]
    rows: tuple[FactRow, ...]
    strangers: tuple[Stranger, ...]

    @property
    def missing(self) -> int:
        """How many places lack a fact that they must say."""
        return sum(s.missing for row in self.rows for s in row.sightings)


@dataclass(frozen=True, slots=True)
class Row:
    """One locale: its messages side by side, and its fact table."""

    locale: str
    label: str
    reader: str
    cells: tuple[Cell, ...]
    table: FactTable


@dataclass(frozen=True, slots=True)
class Preview:
    """One campaign as it will arrive, for what was chosen."""

    name: str
    title: str
    purpose: str
    brand: str
    release: str
    offer: Offer
    choices: Choices
    rows: tuple[Row, ...]
