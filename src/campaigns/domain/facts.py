"""Facts: the typed values a campaign states, and how each is written in a locale.

A fact is given once, in campaign.yaml, and every channel and language writes it from there, so
that no two of them can disagree. Formats are the Unicode CLDR's, by Babel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Final, Literal, TypeAlias, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_interval, format_time, get_timezone_location
from babel.numbers import format_currency, format_decimal, format_percent, is_currency
from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from campaigns.domain.locales import language
from campaigns.domain.written import Written

FactKind: TypeAlias = Literal[
    "percent", "money", "date", "date_range", "time", "number", "code", "url", "phone", "text"
]

#: A text, or one text per language (`es`) or locale (`es_ES`).
Texts: TypeAlias = str | dict[str, str]

_EXPONENT: Final = re.compile(r"[eE]")


def in_locale(texts: Texts, locale: str) -> str | None:
    """The text for a locale: its own, else its language's; None when there is neither."""
    if isinstance(texts, str):
        return texts
    return texts.get(locale, texts.get(language(locale)))


def _decimal(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise ValueError("write a number, such as 20 or 49.90")
    if not any(character.isdigit() for character in str(value)):
        raise ValueError(f"write a number, such as 20 or 49.90; found `{value}`")
    if _EXPONENT.search(str(value)):
        raise ValueError("write the number in full, without an exponent")
    return str(value)


def _iso(value: object) -> object:
    # A number would be read as seconds since 1970.
    if not isinstance(value, str | date | time):
        raise ValueError("write it as 2027-03-31, or 18:30 for a time")
    return value


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"unknown time zone `{name}`; write one such as Europe/Madrid") from None
    return name


def _currency(code: str) -> str:
    if not is_currency(code):
        raise ValueError(f"unknown currency `{code}`; write its three letters, such as EUR")
    return code


def _https(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username or re.search(r"\s", url):
        raise ValueError("write a full address that starts with https://")
    return url


def _phone(number: str) -> str:
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        raise ValueError("write the phone number with its country, such as +34 …") from None
    if not phonenumbers.is_possible_number(parsed):
        raise ValueError("no country has such a phone number; look at its length")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


Amount = Annotated[
    Decimal,
    BeforeValidator(_decimal, json_schema_input_type=int | float | str),
    Field(max_digits=15, decimal_places=4),
]
Day = Annotated[date, BeforeValidator(_iso)]
Clock = Annotated[time, BeforeValidator(_iso)]
Zone = Annotated[str, AfterValidator(_zone)]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
Currency = Annotated[str, AfterValidator(_currency)]
HttpsUrl = Annotated[str, StringConstraints(max_length=500), AfterValidator(_https)]
Phone = Annotated[str, AfterValidator(_phone)]
Code = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$", min_length=2, max_length=40)
]


class Money(Written):
    """An amount and its currency."""

    amount: Amount
    currency: Currency


class DateRange(Written):
    """From one day to another, both included."""

    from_: Annotated[Day, Field(alias="from")]
    to: Day

    @model_validator(mode="after")
    def _in_order(self) -> DateRange:
        if self.to < self.from_:
            raise ValueError(f"it ends ({self.to}) before it starts ({self.from_})")
        return self


class TimeOfDay(Written):
    """A time of day at a place; with `date`, on that day."""

    at: Clock
    zone: Zone
    date: Day | None = None


class Fact(Written):
    """One value that the campaign states: exactly one of the kinds, such as `{percent: 20}`."""

    percent: Amount | None = None
    money: Money | None = None
    date: Day | None = None
    date_range: DateRange | None = None
    time: TimeOfDay | None = None
    number: Amount | None = None
    code: Code | None = None
    url: HttpsUrl | None = None
    phone: Phone | None = None
    text: Texts | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Fact:
        if len(self.model_fields_set) != 1 or self.value is None:
            kinds = ", ".join(type(self).model_fields)
            raise ValueError(f"give exactly one of: {kinds}, as in {{percent: 20}}")
        return self

    @property
    def kind(self) -> FactKind:
        """Which kind of value it is."""
        (kind,) = self.model_fields_set
        return cast("FactKind", kind)

    @property
    def value(self) -> Any:
        """The value of its kind."""
        return getattr(self, self.kind)

    def write(self, locale: str) -> str:
        """The fact as this locale writes it, with the spaces CLDR asks for (often U+00A0).

        Raises KeyError when it is a text without words for the locale; loading has checked it.
        """
        writer = _WRITERS.get(self.kind)
        written = writer(self.value, locale) if writer else in_locale(self.value, locale)
        if written is None:
            raise KeyError(locale)
        return written


def _money(money: Money, locale: str) -> str:
    """Whole amounts without cents: `50 €`, `49,90 €`."""
    amount, currency = money.amount, money.currency
    if amount == amount.to_integral_value():
        pattern = Locale.parse(locale).currency_formats["standard"].pattern
        whole = re.sub(r"([#0])\.0+", r"\1", pattern)
        return format_currency(amount, currency, format=whole, locale=locale, currency_digits=False)
    return format_currency(amount, currency, locale=locale)


def _range(span: DateRange, locale: str) -> str:
    start, end = span.from_, span.to
    if start == end:
        return format_date(start, "long", locale=locale)
    if "yMMMMd" in Locale.parse(locale).interval_formats:
        return format_interval(start, end, "yMMMMd", locale=locale)
    days = (format_date(day, "long", locale=locale) for day in (start, end))
    return " – ".join(days)


def _time(moment: TimeOfDay, locale: str) -> str:
    at = moment.at
    clock = format_time(at, "short", locale=locale)
    place = get_timezone_location(moment.zone, locale=locale, return_city=True)
    if moment.date is None:
        return f"{clock} ({place})"
    return f"{_day(moment.date, locale)}, {clock} ({place})"


def _day(day: date, locale: str) -> str:
    return format_date(day, "long", locale=locale)


def _percent(value: Decimal, locale: str) -> str:
    return format_percent(value / 100, locale=locale, decimal_quantization=False)


def _number(value: Decimal, locale: str) -> str:
    return format_decimal(value, locale=locale, decimal_quantization=False)


#: How the kinds that look different in each locale are written; the others are taken as they are.
_WRITERS: dict[str, Callable[[Any, str], str]] = {
    "percent": _percent,
    "money": _money,
    "date": _day,
    "date_range": _range,
    "time": _time,
    "number": _number,
}


#: Spaces that CLDR puts into numbers and intervals: no-break, narrow no-break, thin.
_SPACES = {0xA0: " ", 0x202F: " ", 0x2009: " "}
#: Marks that an SMS can only hold in the 70-character alphabet; these mean the same.
_MARKS = {0x2013: "-", 0x2019: "'"}


def plain(written: str) -> str:
    """For channels of plain text: ordinary spaces, which never break an SMS's alphabet."""
    return written.translate(_SPACES)


def simple(written: str) -> str:
    """For SMS, and for comparing: ordinary spaces, hyphens and apostrophes."""
    return written.translate(_SPACES | _MARKS)
