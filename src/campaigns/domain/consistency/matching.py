"""Matching: whether a mention is a declared fact. One digit more or less, and it is not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from campaigns.domain.consistency.links import link_value
from campaigns.domain.consistency.mentions import Clock, Day, Kind, Mention, Span, Value

#: Abbreviations that other languages use, and those without summer time.
_SAME_ZONE: Final = {"MEZ": "CET", "MESZ": "CEST"}


@dataclass(frozen=True, slots=True)
class Declared:
    """A value that the campaign declares.

    Attributes:
        value: as in a mention of its kind: Decimal for percent and number, `Money`, `date`, `Span`
            of dates, `Clock`; a string for code, url, phone (in any international writing), text.
        written: the fact as the text's locale writes it; advice quotes it.
    """

    name: str
    kind: Kind
    value: Value | None
    written: str = ""


def normal(kind: Kind, value: Value | None) -> Value | None:
    """The value as mentions have it: the place a link leads to, a phone number as +34600000120."""
    if kind is Kind.URL and isinstance(value, str):
        return link_value(value)
    if kind is Kind.PHONE and isinstance(value, str):
        return "+" + re.sub(r"\D", "", value)
    return value


def matches(fact: Declared, mention: Mention) -> bool:
    """Whether the mention, as its own locale reads it, is the fact."""
    value, stated = fact.value, mention.value
    if mention.kind is Kind.DATE and isinstance(value, Span):
        return value.start == value.end and same_day(value.start, stated)
    if stated is None or fact.kind is not mention.kind:
        return False
    return _same(fact.kind, value, stated)


def _same(kind: Kind, value: Value | None, stated: Value) -> bool:
    match value, stated:
        case date(), _:
            return same_day(value, stated)
        case Span(), Span():
            return same_day(value.start, stated.start) and same_day(value.end, stated.end)
        case Clock(), Clock():
            return value.at == stated.at and _same_zone(value.zone, stated.zone, value.on)
        case _:
            return normal(kind, value) == stated


def is_end(fact: Declared, mention: Mention) -> bool | None:
    """True for the first day of a declared range, False for its last, None for neither."""
    value = fact.value
    if mention.kind is not Kind.DATE or not isinstance(value, Span):
        return None
    if same_day(value.start, mention.value):
        return True
    return False if same_day(value.end, mention.value) else None


def same_day(declared: object, stated: object) -> bool:
    """Whether what is stated is that day, as far as it says: year and weekday may be left out."""
    if isinstance(stated, date) or not isinstance(declared, date):
        return declared == stated
    return (
        isinstance(stated, Day)
        and (stated.day, stated.month) == (declared.day, declared.month)
        and stated.year in (None, declared.year)
        and stated.weekday in (None, declared.weekday())
    )


def _same_zone(declared: str | None, stated: str | None, on: date | None) -> bool:
    if stated is None or declared == stated:
        return True
    if declared is None or "/" in stated:
        return False
    return _SAME_ZONE.get(stated, stated) in _abbreviations(declared, on)


@lru_cache(maxsize=256)
def _abbreviations(zone: str, on: date | None) -> frozenset[str | None]:
    """What a zone is called on that day, or in winter and summer; `ET` for EST and EDT."""
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError):
        return frozenset()
    days = (on,) if on else (date(2027, 1, 1), date(2027, 7, 1))
    names = {datetime(d.year, d.month, d.day, 12, tzinfo=known).tzname() or "" for d in days}
    return frozenset(names | {f"{n[0]}T" for n in names if zone.startswith("America/") and n})
