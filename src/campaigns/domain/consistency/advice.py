"""Advice: what a finding tells the marketer about a mention, in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from difflib import SequenceMatcher
from typing import Final

from campaigns.domain.consistency.matching import Declared, is_end, matches, normal, same_day
from campaigns.domain.consistency.mentions import (
    Clock,
    Day,
    InWords,
    Kind,
    Mention,
    Money,
    Span,
    Value,
)

_CALLED: Final = {
    Kind.MONEY: "amount of money",
    Kind.PERCENT: "percentage",
    Kind.DATE_RANGE: "range of dates",
    Kind.PHONE: "phone number",
    Kind.URL: "link",
    Kind.TEXT: "offer",
}
_FAR: Final = 1e12


def stranger(mention: Mention, declared: Sequence[Declared]) -> tuple[str | None, str]:
    """The nearest declared fact, and what is wrong."""
    fact = nearest(mention.kind, mention.value, declared)
    if fact is None:
        return None, f"found {mention.text}, the campaign declares no {called(mention.kind)}"
    other_way = mention.other is not None and matches(
        fact, Mention(mention.kind, mention.other, mention.text, mention.start, mention.end)
    )
    if other_way:
        return fact.name, f"found {mention.text}, which reads differently here: write {says(fact)}"
    if mention.value is None:
        return fact.name, f"found {mention.text}, which cannot be read: write {says(fact)}"
    return fact.name, f"found {mention.text}, the campaign says {says(fact)}"


def wrong_format(mention: Mention, fact: Declared) -> str:
    """How the locale writes it."""
    return f"wrong format: write {says(fact)} instead of {mention.text}"


def doubt(mention: Mention, fact: Declared) -> str:
    """A value that may be taken for another."""
    return f"{mention.text} can also be read as {mention.other}: write {says(fact)}"


def unclear_year(mention: Mention, declared: Sequence[Declared]) -> str:
    """A date without a year that is the day of several facts."""
    names = [f.name for f in declared if _is_day_of(f, mention)]
    return f"{mention.text} could be {' or '.join(names)}: write the year"


def plainly(mention: Mention, declared: Sequence[Declared]) -> tuple[str | None, str]:
    """Write the fact, not its words."""
    spelled = mention.value
    assert isinstance(spelled, InWords)
    stated = Mention(spelled.kind, spelled.value, mention.text, mention.start, mention.end)
    same = next((f for f in declared if matches(f, stated)), None)
    if same:
        return same.name, f"“{mention.text}” spells {same.name} out: write {says(same)}"
    fact = nearest(spelled.kind, spelled.value, declared)
    if fact:
        advice = f"found “{mention.text}” in words, the campaign says {says(fact)}: write the fact"
        return fact.name, advice
    advice = f"“{mention.text}” is no declared {called(spelled.kind)}: declare it as a fact"
    return None, f"{advice}, and write the fact"


def says(fact: Declared) -> str:
    """The fact as the locale writes it."""
    return fact.written or str(fact.value)


def called(kind: Kind) -> str:
    """A kind in words."""
    return _CALLED.get(kind, kind.value)


def nearest(kind: Kind, value: Value | None, declared: Sequence[Declared]) -> Declared | None:
    """The declared fact of this kind that comes nearest; dates and ranges are one kind."""
    dates = (Kind.DATE, Kind.DATE_RANGE)
    kinds = dates if kind in dates else (kind,)
    same_kind = [f for f in declared if f.kind in kinds]
    return min(same_kind, key=lambda f: _distance(f, value), default=None)


def _distance(fact: Declared, value: Value | None) -> float:
    match fact.value, value:
        case Decimal() as one, Decimal() as other:
            return float(abs(one - other))
        case Money() as one, Money() as other:
            return float(abs(one.amount - other.amount)) + (one.currency != other.currency)
        case (date() | Span()) as one, (date() | Day() | Span()) as other:
            return min(abs(_ordinal(a, other) - _ordinal(other, a)) for a in _ends(one))
        case Clock() as one, Clock() as other:
            return abs(one.at.hour * 60 + one.at.minute - other.at.hour * 60 - other.at.minute)
        case str() as one, str() as other:
            return 1 - SequenceMatcher(None, str(normal(fact.kind, one)), other).ratio()
        case _:
            return _FAR


def _ends(value: date | Span) -> tuple[date | Day, ...]:
    return (value.start, value.end) if isinstance(value, Span) else (value,)


def _ordinal(value: date | Day | Span, other: date | Day | Span) -> int:
    """About which day it is; a day without a year takes the other's."""
    if isinstance(value, Span):
        value = value.end
    if isinstance(value, date):
        return value.toordinal()
    year = value.year or (other.year if isinstance(other, date) else None) or 2000
    return year * 365 + value.month * 30 + value.day


def _is_day_of(fact: Declared, mention: Mention) -> bool:
    if isinstance(fact.value, Clock):
        return fact.value.on is not None and same_day(fact.value.on, mention.value)
    return same_day(fact.value, mention.value) or is_end(fact, mention) is not None
