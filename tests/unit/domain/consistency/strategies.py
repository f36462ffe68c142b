"""Declared facts of every kind, as Babel writes them in each locale: the other side of reading."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, time
from decimal import Decimal

import phonenumbers
from babel import Locale
from babel.dates import format_date, format_interval, format_time
from babel.numbers import format_currency, format_percent
from hypothesis import strategies as st

from campaigns.domain.consistency import Clock, Declared, Kind, Money, Span

LOCALES = ("en_GB", "en_US", "es_ES", "ca_ES", "fr_FR", "de_DE", "pt_PT", "it_IT")
#: Words of no language in particular, and marks that stand between words.
WORDS = "Brotanell plantes macetas pots terra Hola més ¡Ya! (sí) «tot» garden, fin: fin… 👋🏽 — ·"
PHONES = ("+34600000120", "+34934000120", "+447700900123", "+12015550123", "+376312345")

locales = st.sampled_from(LOCALES)
_days = st.dates(date(2000, 1, 1), date(2079, 12, 31))
_amounts = st.decimals("0.01", "99999.99", places=2)
_percents = st.decimals("0.1", "99.9", places=1)


@st.composite
def sentences(draw: st.DrawFn) -> tuple[str, str]:
    """Harmless words before and after."""
    around = st.lists(st.sampled_from(WORDS.split()), max_size=6).map(" ".join)
    before, after = draw(around), draw(around)
    return (f"{before} " if before else ""), (f" {after}" if after else "")


def fact(kind: Kind, locale: str) -> st.SearchStrategy[Declared]:
    """A declared fact, written."""
    return _KINDS[kind](locale).filter(lambda f: not f.written.startswith("100"))


def _money(locale: str) -> st.SearchStrategy[Declared]:
    def write(amount: Decimal, currency: str) -> Declared:
        written = format_currency(amount, currency, locale=locale)
        return Declared("price", Kind.MONEY, Money(amount, currency), written)

    return st.builds(write, _amounts, st.sampled_from(("EUR", "USD", "GBP", "CHF", "SEK")))


def _percent(locale: str) -> st.SearchStrategy[Declared]:
    def write(number: Decimal) -> Declared:
        written = format_percent(number / 100, locale=locale, decimal_quantization=False)
        return Declared("discount", Kind.PERCENT, number, written)

    return st.builds(write, _percents | st.integers(1, 99).map(Decimal))


def _date(locale: str) -> st.SearchStrategy[Declared]:
    def write(day: date, form: str) -> Declared:
        return Declared("ends_on", Kind.DATE, day, format_date(day, form, locale=locale))

    return st.builds(write, _days, st.sampled_from(("full", "long", "medium", "short")))


def _range(locale: str) -> st.SearchStrategy[Declared]:
    def write(one: date, other: date, short: bool) -> Declared:
        start, end = sorted((one, other))
        if short and "yMMMMd" in Locale.parse(locale).interval_formats:
            written = format_interval(start, end, "yMMMMd", locale=locale)
        else:
            written = " – ".join(format_date(d, "long", locale=locale) for d in (start, end))
        return Declared("period", Kind.DATE_RANGE, Span(start, end), written)

    pairs = st.tuples(_days, _days).filter(lambda p: p[0] != p[1])
    near = st.tuples(_days, st.integers(1, 60)).map(
        lambda p: (p[0], date.fromordinal(p[0].toordinal() + p[1]))
    )
    return st.builds(lambda p, s: write(*p, s), pairs | near, st.booleans())


def _time(locale: str) -> st.SearchStrategy[Declared]:
    def write(hour: int, minute: int) -> Declared:
        at = time(hour, minute)
        clock = format_time(at, "short", locale=locale)
        return Declared("opens_at", Kind.TIME, Clock(at, "Europe/Madrid"), f"{clock} (Madrid)")

    return st.builds(write, st.integers(0, 23), st.integers(0, 59))


def _code(_: str) -> st.SearchStrategy[Declared]:
    codes = st.from_regex(r"[A-Z]{3,9}-?[0-9]{1,3}", fullmatch=True)
    return codes.map(lambda c: Declared("code", Kind.CODE, c, c))


def _url(_: str) -> st.SearchStrategy[Declared]:
    paths = st.from_regex(r"[a-z]{1,8}/[a-z0-9-]{0,6}[0-9](\?[a-z]=[0-9]{1,3})?", fullmatch=True)

    def write(path: str, scheme: str) -> Declared:
        url = f"shop.example.com/{path}"
        return Declared("shop", Kind.URL, f"https://{url}", scheme + url)

    return st.builds(write, paths, st.sampled_from(("https://", "")))


def _phone(_: str) -> st.SearchStrategy[Declared]:
    def write(number: str, form: int) -> Declared:
        parsed = phonenumbers.parse(number)
        return Declared("phone", Kind.PHONE, number, phonenumbers.format_number(parsed, form))

    forms = (
        phonenumbers.PhoneNumberFormat.INTERNATIONAL,
        phonenumbers.PhoneNumberFormat.E164,
    )
    return st.builds(write, st.sampled_from(PHONES), st.sampled_from(forms))


_KINDS: dict[Kind, Callable[[str], st.SearchStrategy[Declared]]] = {
    Kind.MONEY: _money,
    Kind.PERCENT: _percent,
    Kind.DATE: _date,
    Kind.DATE_RANGE: _range,
    Kind.TIME: _time,
    Kind.CODE: _code,
    Kind.URL: _url,
    Kind.PHONE: _phone,
}
KINDS = tuple(_KINDS)
