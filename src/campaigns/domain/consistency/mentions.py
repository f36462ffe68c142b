"""Mentions: the values a text states, with the exact words and where they stand.

These are plain values of their own, so that reading facts out of rendered text shares no code
with writing them: a slip in the one cannot hide a slip in the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias


class Kind(StrEnum):
    """What sort of value stands there. The words are those of the facts in campaign.yaml."""

    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    DATE_RANGE = "date_range"
    TIME = "time"
    NUMBER = "number"
    CODE = "code"
    URL = "url"
    PHONE = "phone"
    TEXT = "text"
    IN_WORDS = "in_words"


@dataclass(frozen=True, slots=True)
class Money:
    """An amount and its ISO 4217 currency."""

    amount: Decimal
    currency: str

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"


@dataclass(frozen=True, slots=True)
class Day:
    """A date as far as it is written: without a year, or impossible (31 April, a wrong weekday).

    `weekday` counts from Monday = 0 and is there only when it was written.
    """

    day: int
    month: int
    year: int | None = None
    weekday: int | None = None

    def __str__(self) -> str:
        return (
            f"{self.year:04}-{self.month:02}-{self.day:02}"
            if self.year
            else (f"{self.day}/{self.month} (day/month)")
        )


@dataclass(frozen=True, slots=True)
class Span:
    """From one day to another, both included."""

    start: date | Day
    end: date | Day

    def __str__(self) -> str:
        return f"{self.start} to {self.end}"


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day. `zone` is an IANA name, or an abbreviation such as CET as it was written.

    `on` is for declared facts only: the day that the time belongs to.
    """

    at: time
    zone: str | None = None
    on: date | None = None

    def __str__(self) -> str:
        return " ".join(str(x) for x in (self.on, f"{self.at:%H:%M}", self.zone) if x)


@dataclass(frozen=True, slots=True)
class InWords:
    """An amount spelled out; `value` is None where it is clear that it is one, not which."""

    kind: Kind
    value: Decimal | Money | Day | str | None = None


Value: TypeAlias = Decimal | Money | date | Day | Span | Clock | InWords | str


@dataclass(frozen=True, slots=True)
class Mention:
    """One value that a text states.

    Attributes:
        value: as the text's locale reads it; None when it has the shape but no readable value.
        text, start, end: the exact words, and their offsets in the original text.
        other: what it says to a reader with other habits (day and month exchanged, a point that
            marks decimals elsewhere); None when there is only one reading.
        local: it is written the way the locale writes it.
        doubtful: two readings are likely in this very locale, such as 3/4/2027.
        parts: the two dates of a date range.
        link: it is the target of a link, not in the visible text; offsets are those of the target.
    """

    kind: Kind
    value: Value | None
    text: str
    start: int
    end: int
    other: Value | None = None
    local: bool = True
    doubtful: bool = False
    parts: tuple[Mention, ...] = ()
    link: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """What extraction can only know from the campaign.

    Attributes:
        codes: the declared codes. Found whatever their letters; what has the same shape (letters
            and digits in the same places) or differs in its capitals only is a code as well.
        words: the declared and allowed texts, such as a street address.
        near: declared texts with a number in them: the same words with another number are told.
        numbers: also give bare numbers ("3 shops"); they are never strangers.
        currencies: more currencies to know by their ISO code, such as TRY.
    """

    codes: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    near: tuple[str, ...] = ()
    numbers: bool = False
    currencies: tuple[str, ...] = ()


def overlaps(inner: Mention, outers: Iterable[tuple[int, int]]) -> bool:
    """Whether a mention of the visible text lies inside one of the places."""
    return not inner.link and any(s <= inner.start and inner.end <= e for s, e in outers)
