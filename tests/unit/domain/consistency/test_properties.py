"""Properties: what Babel writes is read back exactly, and never after a change."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal

import pytest
from babel.dates import format_date
from babel.numbers import format_percent
from hypothesis import given, settings
from hypothesis import strategies as st

from campaigns.domain.consistency import (
    Declared,
    Kind,
    Money,
    Verdict,
    asking,
    examine,
    extract,
)
from tests.shared import shared
from tests.unit.domain.consistency.strategies import KINDS, LOCALES, fact, locales, sentences


def says(text: str, locale: str, declared: Declared) -> Verdict:
    return examine(text, locale, [declared], required=[declared.name])


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(data=st.data(), around=sentences())
def test_a_fact_that_babel_wrote_is_found_once_at_its_place(
    kind: Kind, locale: str, data: st.DataObject, around: tuple[str, str]
) -> None:
    declared = data.draw(fact(kind, locale))
    before, after = around
    text = f"{before}{declared.written}{after}"

    verdict = says(text, locale, declared)
    (place,) = verdict.found[declared.name]

    assert len(extract(text, locale, asking([declared]))) == 1
    assert place.words == text[place.start : place.end] == declared.written
    assert place.start == len(before)
    assert verdict == Verdict({declared.name: (place,)}, ambiguous=verdict.ambiguous)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10, deadline=None)
@given(data=st.data(), around=sentences())
def test_a_fact_with_one_digit_changed_is_missing_and_a_stranger(
    kind: Kind, locale: str, data: st.DataObject, around: tuple[str, str]
) -> None:
    declared = data.draw(fact(kind, locale))
    places = [m.start() for m in re.finditer(r"\d", declared.written)]
    at = data.draw(st.sampled_from(places))
    old = declared.written[at]
    new = data.draw(st.sampled_from([d for d in "0123456789" if d != old]))
    altered = declared.written[:at] + new + declared.written[at + 1 :]

    verdict = says(around[0] + altered + around[1], locale, declared)

    assert verdict.missing == (declared.name,), altered
    assert verdict.strangers, altered


@settings(max_examples=200, deadline=None)
@given(locale=locales, data=st.data())
def test_a_fact_in_invisible_characters_and_odd_digits_is_found(
    locale: str, data: st.DataObject
) -> None:
    declared = data.draw(fact(data.draw(st.sampled_from((Kind.PERCENT, Kind.MONEY))), locale))
    wide = declared.written.translate({ord(str(d)): chr(0xFF10 + d) for d in range(10)})
    hidden = "\u200b".join(declared.written)

    for written in (wide, hidden):
        (place,) = says(f"\u00ad{written}\u00ad!", locale, declared).found[declared.name]
        assert place.words == written


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("sign", ["£", "$", "%", " USD", ""])
def test_another_currency_or_no_sign_is_not_the_price(locale: str, sign: str) -> None:
    declared = Declared("price", Kind.MONEY, Money(Decimal("49.90"), "EUR"))
    digits = "49.90" if locale.startswith("en") else "49,90"

    verdict = says(f"ara {digits}{sign} fins", locale, declared)

    assert verdict.missing == ("price",)
    assert not verdict.found


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("sign", ["", "€", "‰", " points"])
def test_another_sign_is_not_the_percentage(locale: str, sign: str) -> None:
    verdict = says(f"ara 20{sign} fins", locale, Declared("off", Kind.PERCENT, Decimal(20)))

    assert verdict.missing == ("off",)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("form", ["full", "long", "medium", "short"])
def test_no_other_day_of_two_years_is_the_date(locale: str, form: str) -> None:
    day = date(2027, 3, 31)
    declared = Declared("ends_on", Kind.DATE, day)
    for offset in (-366, -365, -31, -30, -10, -1, 1, 10, 30, 31, 365, 366):
        other = date.fromordinal(day.toordinal() + offset)
        verdict = says(f"~ {format_date(other, form, locale=locale)} ~", locale, declared)

        assert verdict.missing == ("ends_on",)
        assert verdict.strangers


@pytest.mark.parametrize("locale", ["en_GB", "en_US", "es_ES", "ca_ES"])
def test_the_reference_formats_are_read_back(locale: str) -> None:
    formats = json.loads(shared("data/babel_formats.json").read_text())[locale]
    day = date(2026, 4, 1)
    expected = {
        "full": day,
        "long": day,
        "short": day,
        "eur": Money(Decimal("1234.50"), "EUR"),
        "eur4": Money(Decimal("12345.60"), "EUR"),
        "pct": Decimal("12.5"),
    }

    read = {name: [m.value for m in extract(formats[name], locale)] for name in expected}

    assert read == {name: [value] for name, value in expected.items()}
    for number, month in formats["months"].items():
        (mention,) = extract(f"1 {month}", locale)
        assert (mention.value.day, mention.value.month) == (1, int(number))  # type: ignore[union-attr]


def test_no_name_of_a_holiday_is_a_value_but_its_date_is_one() -> None:
    rows = shared("data/holidays.csv").read_text().splitlines()[1:]
    for row in rows:
        day, _, language, name = row.split(",", maxsplit=3)
        locale = {"ca": "ca_ES", "es": "es_ES"}.get(language, "en_US")
        written = format_date(date.fromisoformat(day), "long", locale=locale)

        assert [m.value for m in extract(f"{written}: {name}", locale)] == [date.fromisoformat(day)]


@settings(max_examples=300, deadline=None)
@given(
    locale=locales,
    text=st.text(
        st.sampled_from("0123456789.,'/:-+()%€$£ \u00a0\u200b\n")
        | st.sampled_from("aAmMhHdDeElLpP’ç"),
        max_size=40,
    ),
)
def test_no_text_breaks_extraction_and_every_mention_is_where_it_says(
    locale: str, text: str
) -> None:
    for mention in extract(text, locale):
        assert text[mention.start : mention.end] == mention.text
        assert mention.text


def test_percentages_as_babel_writes_them_differ_between_locales() -> None:
    """The properties above would prove nothing if all locales wrote alike."""
    assert len({format_percent(0.125, locale=x, decimal_quantization=False) for x in LOCALES}) > 2
