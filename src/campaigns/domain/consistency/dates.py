"""Dates and date ranges.

Decisions:
- A date has a day. A month alone, or with a year (`I love May`, `since May 1998`), and a weekday
  alone are no mention.
- Day and month in numbers follow the locale; where both could be meant (3/4/2027) the mention is
  doubtful and the other date is kept. ISO dates (2027-03-31) are never doubtful.
- `31/3` without a year needs a word that leads to a date (`hasta el 31/3`, `by 3/31`): otherwise
  it may be a fraction, a score or 24/7. So does `31.3.`, where decimals have a comma.
- An impossible date (31 April, the wrong weekday, day 91) is a mention with a `Day` as its value,
  which no declared date equals.
- A date in the name of a street (`Plaça 1 d'Octubre, 12`) is no date.
- `May` and `March` need their capital, a year, or to stand last (`3 may be enough`, `by 3 may.`);
  abbreviated months in other languages need a year or a point. Two digits are a year after an
  apostrophe, or where the sentence ends with them (`31 Mar 27`).
- Month before day without a year is read in English only, and not after `in` (`in March 20 shops
  open`).
- Two dates joined by a dash, `to`, `al`, `fins al` … are a range; joined by `and` they are two
  dates, unless `between` or `entre` stands before.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from typing import Final

from campaigns.domain.consistency.date_forms import DateForms, date_forms
from campaigns.domain.consistency.lexicon import Lexicon
from campaigns.domain.consistency.mentions import Day, Kind, Mention, Span

_BETWEEN: Final = re.compile(r"\b(?:between|entre)(?: the| el| l')?\s{0,3}$", re.IGNORECASE)
_AND: Final = frozenset(("y", "i", "and", "et", "e", "und", "&"))
_FIRST_YEAR_OF_TWO_DIGITS: Final = 1980


def dates_at(text: str, at: int, words: Lexicon) -> tuple[Mention, ...]:
    """The date or range whose first digit is at `at`, or the two dates."""
    forms = date_forms(words)
    start = _begin(text, at, forms)
    if forms.street.search(text, max(0, start - 28), start):
        return ()
    first = _date(text, start, forms)
    if first is None:
        return _from_bare_day(text, at, forms)
    joint = forms.joint.match(text, first.end)
    if not joint:
        return (first,)
    second = _date(text, joint.end(), forms, cued=True)
    if second is None and forms.month_before(text, start):
        second = _bare_end(text, joint.end(), first, forms)
    if second is None:
        return (first,)
    return _joined(text, first, joint["word"], second)


def _begin(text: str, at: int, forms: DateForms) -> int:
    """Where the date begins: at the digit, at a month before it, or at a weekday before those."""
    if not at or text[at - 1] not in " \xa0\n\t'":
        return at
    words_before = text[max(0, at - 28) : at].lower().replace(",", " ").split()[-3:]
    if not any(word.rstrip(".") in forms.names for word in words_before):
        return at
    month = forms.before_month.search(text, max(0, at - 20), at)
    start = month.start() if month else at
    weekday = forms.before_weekday.search(text, max(0, start - 28), start)
    return weekday.start() if weekday else start


def _date(text: str, at: int, forms: DateForms, cued: bool = False) -> Mention | None:
    """One date that begins exactly here."""
    match = forms.named.match(text, at) or forms.month_first.match(text, at)
    if match:
        return _named(text, match, forms)
    match = forms.numbers.match(text, at)
    if match:
        return _numeric(match, forms)
    match = forms.short_numbers.match(text, at)
    if match and (
        cued
        or forms.cue.search(text, max(0, at - 20), at)
        or _range_follows(text, match.end(), forms)
    ):
        return _numeric(match, forms)
    return None


def _range_follows(text: str, end: int, forms: DateForms) -> bool:
    joint = forms.joint.match(text, end)
    return bool(joint and forms.numbers.match(text, joint.end()))


def _named(text: str, match: re.Match[str], forms: DateForms) -> Mention | None:
    found = match.groupdict()
    month, language = forms.months[found["month"].lower().rstrip(".")]
    year = int(found["year"]) if found["year"] else None
    if found["short_year"]:
        year = _full_year(found["short_year"])
    is_loose = match.re is forms.month_first and year is None
    if is_loose and (language != "en" or text[: match.start()].lower().endswith("in ")):
        return None
    weekday = forms.weekdays.get((found["weekday"] or "").lower())
    value = _day(int(found["day"]), month, year, weekday)
    # `May 3, 2027` is English; that `may` is an abbreviation elsewhere does not make it local.
    local = language == forms.language and (match.re is forms.named or language == "en")
    return Mention(Kind.DATE, value, "", *match.span(), local=local)


def _numeric(match: re.Match[str], forms: DateForms) -> Mention:
    found = match.groupdict()
    weekday = forms.weekdays.get((found.get("weekday") or "").lower())
    if found.get("iso_year"):
        iso = _day(int(found["iso_day"]), int(found["iso_month"]), int(found["iso_year"]), weekday)
        return Mention(Kind.DATE, iso, "", *match.span())
    first, second = int(found["a"] or found["a_"]), int(found["b"] or found["b_"])
    written = found.get("y")
    year = None if written is None else _full_year(written)
    ways = (
        [(second, first), (first, second)]
        if forms.is_month_first
        else [(first, second), (second, first)]
    )
    own, foreign = (_day(day, month, year, weekday) for day, month in ways)
    if not _possible(own) and _possible(foreign):
        return Mention(Kind.DATE, foreign, "", *match.span(), local=False)
    doubtful = _possible(foreign) and own != foreign
    other = foreign if doubtful else None
    return Mention(Kind.DATE, own, "", *match.span(), other, doubtful=doubtful)


def _full_year(written: str) -> int:
    year = int(written)
    if len(written) > 2:
        return year
    return year + (2000 if year + 1900 < _FIRST_YEAR_OF_TWO_DIGITS else 1900)


def _day(day: int, month: int, year: int | None, weekday: int | None) -> date | Day:
    """A date where it is whole and true, else what is written."""
    loose = Day(day, month, year, weekday)
    if year is None:
        return loose
    try:
        whole = date(year, month, day)
    except ValueError:
        return loose
    return whole if weekday in (None, whole.weekday()) else loose


def _possible(value: date | Day) -> bool:
    if isinstance(value, date):
        return True
    try:
        date(value.year or 2024, value.month, value.day)  # 2024 has a 29 February
    except ValueError:
        return False
    return True


def _from_bare_day(text: str, at: int, forms: DateForms) -> tuple[Mention, ...]:
    """`1–31 March`, `1 al 31 de marzo`, `2 y 3 de marzo`: the first day borrows the month."""
    match = forms.bare_start.match(text, at)
    second = match and _date(text, match.end(), forms, cued=True)
    if not match or not second or not forms.named.match(text, match.end()):
        return ()
    value = second.value
    assert isinstance(value, date | Day)
    start = _day(int(match["day"]), value.month, value.year, None)
    first = replace(second, value=start, start=at, end=match.end("whole"))
    return _joined(text, first, match["word"], second)


def _bare_end(text: str, at: int, first: Mention, forms: DateForms) -> Mention | None:
    """`March 1–31, 2027`: the last day borrows the month."""
    match = forms.bare_end.match(text, at)
    if not match or not isinstance(first.value, Day) or int(match["day"]) <= first.value.day:
        return None
    year = int(match["year"]) if match["year"] else None
    value = _day(int(match["day"]), first.value.month, year, None)
    return replace(first, value=value, start=match.start(), end=match.end())


def _joined(text: str, first: Mention, word: str | None, second: Mention) -> tuple[Mention, ...]:
    first = replace(first, value=_with_year(first.value, second.value))
    is_pair = (word or "").lower() in _AND
    if is_pair and not _BETWEEN.search(text, max(0, first.start - 14), first.start):
        return first, second
    span = Span(_dated(first.value), _dated(second.value))
    others = {m.other or m.value for m in (first, second)} if first.doubtful else set()
    other = Span(_dated(first.other), _dated(second.other or second.value)) if others else None
    return (
        Mention(
            Kind.DATE_RANGE,
            span,
            "",
            first.start,
            second.end,
            other,
            local=first.local and second.local,
            doubtful=first.doubtful or second.doubtful,
            parts=(first, second),
        ),
    )


def _dated(value: object) -> date | Day:
    assert isinstance(value, date | Day)
    return value


def _with_year(start: object, end: object) -> date | Day:
    """`28 December – 3 January 2028` starts in 2027."""
    first, last = _dated(start), _dated(end)
    if isinstance(first, date) or first.year or not last.year:
        return first
    later = (first.month, first.day) > (last.month, last.day)
    return _day(first.day, first.month, last.year - later, first.weekday)
