"""From a cell's text to a value. Each function is small, pure, and says why it refuses.

A `Reader` takes a row's cells, already without spaces around them, and returns the text of one
`Value` of the mapping file, "" for none; the functions below turn that text into what a profile
holds. A million rows pass here: what is looked up is looked up once per distinct text.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from operator import itemgetter
from typing import TypeAlias
from zoneinfo import ZoneInfo

from campaigns.sources.headers import Headers, fold
from campaigns.sources.mapping import Value

Reader: TypeAlias = Callable[[Sequence[str]], str]

YES = frozenset({"yes", "y", "true", "t", "1", "on", "x", "sí", "si", "oui", "ja", "sim"})
NO = frozenset({"no", "n", "false", "f", "0", "off", "non", "nein", "não"})
#: How many days a month counts when a file tells dates as months ago.
DAYS_OF_MONTH = 30.4375


class RowError(Exception):
    """This row cannot go in."""

    def __init__(self, reason: str, column: str = "", value: str = "") -> None:
        self.reason = reason
        self.column = column
        self.value = value
        super().__init__(reason)


def reader(value: Value, headers: Headers) -> Reader | None:
    """How to read a value from this file's rows; None when the file has none of its columns."""
    if value.constant is not None:
        constant = value.prefix + value.constant
        return lambda _: constant
    found = [i for name in value.column if (i := headers.find(name)) is not None]
    if not found:
        return None
    read = _first_of(found)
    if value.strip_apostrophe:
        read = _then(read, lambda text: text.removeprefix("'").strip())
    if value.tags:
        read = _then(read, tags)
    if value.choices is not None:
        read = _then(read, _chooser(value))
    return _prefixed(read, value.prefix) if value.prefix else read


def _first_of(positions: list[int]) -> Reader:
    if len(positions) == 1:
        return itemgetter(positions[0])

    def first(cells: Sequence[str]) -> str:
        return next((text for i in positions if (text := cells[i])), "")

    return first


def _then(read: Reader, change: Callable[[str], str]) -> Reader:
    return lambda cells: change(read(cells))


def _prefixed(read: Reader, prefix: str) -> Reader:
    return lambda cells: prefix + text if (text := read(cells)) else ""


def _chooser(value: Value) -> Callable[[str], str]:
    choices = {fold(cell): chosen or "" for cell, chosen in (value.choices or {}).items()}

    def choose(text: str) -> str:
        chosen = choices.get(fold(text))
        if chosen is not None:
            return chosen
        if value.otherwise is not None:
            return value.otherwise
        if not text:
            return ""
        allowed = ", ".join((value.choices or {}).keys())
        raise RowError(f"the cell is none of {allowed}", value.column[0], text)

    return choose


def tags(text: str) -> str:
    """`"VIP","Blog"` → `VIP, Blog`."""
    if not text:
        return ""
    parsed = next(csv.reader([text.replace("\n", " ")], skipinitialspace=True), [])
    return ", ".join(t for tag in parsed if (t := tag.strip()))


def text_of(text: str, column: str, longest: int) -> str | None:
    """Words for people: line breaks become spaces. Raises RowError for control characters."""
    if not text.isprintable():
        text = " ".join(text.split())
        control = next((c for c in text if ord(c) < 32 or 127 <= ord(c) < 160), None)
        if control is not None:
            raise RowError(f"control character U+{ord(control):04X}", column, text)
    if len(text) > longest:
        raise RowError(f"it is longer than {longest} characters", column, text)
    return text or None


def answer(value: Value) -> Callable[[str], bool | None]:
    """Yes, no, or None for no answer. Raises RowError for a word that is neither."""
    known: dict[str, bool | None] = {"": None}
    known |= dict.fromkeys(map(fold, value.yes or YES), True)
    known |= dict.fromkeys(map(fold, value.no or NO), False)
    known |= dict.fromkeys(map(fold, value.nothing), None)

    @lru_cache(maxsize=1_000)
    def read(text: str) -> bool | None:
        word = fold(text)
        if word not in known:
            raise RowError(
                "the word is neither a yes nor a no; list it under `yes:`, `no:` or "
                "`nothing:` in the mapping",
                _named(value),
                text,
            )
        return known[word]

    return read


def moment(value: Value, now: datetime) -> Callable[[str], datetime | None]:
    """An instant in UTC; None for a blank cell. Raises RowError for what is no date, and for
    dates still to come: a consent of the future would outlive every later no."""
    zone = ZoneInfo(value.zone) if value.zone else UTC
    if value.ago:
        days = 1.0 if value.ago == "days" else DAYS_OF_MONTH
        return lambda text: _ago(text, days, now, value)
    parse = _date_parser(value.date)

    @lru_cache(maxsize=20_000)
    def read(text: str) -> datetime | None:
        if not text:
            return None
        parsed = parse(text)
        if parsed is None:
            raise RowError(f"it is no date{_tried(value.date)}", _named(value), text)
        at = _in_utc(parsed, zone)
        if at > now:
            if at - now > timedelta(days=1):  # a day of grace for a zone that was left out
                raise RowError("the date is in the future", _named(value), text)
            return now
        return at

    return read


def _in_utc(parsed: datetime, zone: tzinfo) -> datetime:
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=zone)
    return parsed if parsed.tzinfo is UTC else parsed.astimezone(UTC)


def _date_parser(formats: Sequence[str]) -> Callable[[str], datetime | None]:
    def parse(text: str) -> datetime | None:
        for pattern in formats:
            try:
                return datetime.strptime(text, pattern)  # noqa: DTZ007 (the zone comes after)
            except ValueError:
                continue
        if formats:
            return None
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            return None

    return parse


def _tried(formats: Sequence[str]) -> str:
    return f" of the form {' or '.join(formats)}" if formats else " of the form 2027-03-31"


def _ago(text: str, days: float, now: datetime, value: Value) -> datetime | None:
    if not text:
        return None
    count = number(text, value)
    if not 0 <= count <= 1200:
        raise RowError(f"it is no number of {value.ago} ago", _named(value), text)
    return now - timedelta(days=round(count * days))


def number(text: str, value: Value) -> float:
    """A number: 1234.5, or 1.234,5 with `decimal_comma`. Raises RowError."""
    plain = text.replace(" ", "").replace("\u00a0", "")
    if value.decimal_comma:
        plain = plain.replace(".", "").replace(",", ".")
    try:
        read = float(plain)
    except ValueError:
        hint = "" if value.decimal_comma or "," not in text else "; is it `decimal_comma: true`?"
        raise RowError(f"it is no number{hint}", _named(value), text) from None
    if not -1e15 < read < 1e15:
        raise RowError("it is no number of a sensible size", _named(value), text)
    return read


def integer(text: str, value: Value) -> int:
    """A whole number. Raises RowError."""
    if text.isdecimal() and len(text) < 16:
        return int(text)
    read = number(text, value)
    if read != int(read):
        raise RowError("it is no whole number", _named(value), text)
    return int(read)


def _named(value: Value) -> str:
    return value.column[0] if value.column else ""
