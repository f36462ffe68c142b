"""Facts: typed, and written as each locale writes them."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from campaigns.domain.facts import Fact, in_locale, plain, simple
from tests.shared import shared

LOCALES = ("en_GB", "en_US", "es_ES", "ca_ES")


def fact(**value: object) -> Fact:
    return Fact.model_validate(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"percent": 20}, ("20%", "20%", "20\u00a0%", "20\u00a0%")),
        ({"percent": 12.5}, ("12.5%", "12.5%", "12,5\u00a0%", "12,5\u00a0%")),
        ({"percent": "0.125"}, ("0.125%", "0.125%", "0,125\u00a0%", "0,125\u00a0%")),
        (
            {"money": {"amount": "1234.50", "currency": "EUR"}},
            ("€1,234.50", "€1,234.50", "1234,50\u00a0€", "1.234,50\u00a0€"),
        ),
        (
            {"money": {"amount": "12345.6", "currency": "EUR"}},
            ("€12,345.60", "€12,345.60", "12.345,60\u00a0€", "12.345,60\u00a0€"),
        ),
        (
            {"money": {"amount": 50, "currency": "EUR"}},
            ("€50", "€50", "50\u00a0€", "50\u00a0€"),
        ),
        (
            {"date": "2027-03-31"},
            ("31 March 2027", "March 31, 2027", "31 de marzo de 2027", "31 de març del 2027"),
        ),
        (
            {"date": "2026-04-01"},
            ("1 April 2026", "April 1, 2026", "1 de abril de 2026", "1 d’abril del 2026"),
        ),
        ({"number": 1200000}, ("1,200,000", "1,200,000", "1.200.000", "1.200.000")),
        ({"code": "SPRING20"}, ("SPRING20",) * 4),
        ({"url": "https://shop.example.com/x"}, ("https://shop.example.com/x",) * 4),
        ({"phone": "+34 600-000 120"}, ("+34 600 00 01 20",) * 4),
        ({"text": "Carrer Inventat 12"}, ("Carrer Inventat 12",) * 4),
        (
            {"text": {"en": "spring", "en_US": "springtime", "es": "primavera", "ca": "x"}},
            ("spring", "springtime", "primavera", "x"),
        ),
    ],
)
def test_a_fact_is_written_as_the_locale_writes_it(
    value: dict[str, object], written: tuple[str, ...]
) -> None:
    made = tuple(fact(**value).write(locale) for locale in LOCALES)
    if "money" in value:  # Spanish groups four digits in some CLDR versions and not in others
        made = tuple(m.replace("1.234,50", "1234,50") for m in made)
        written = tuple(w.replace("1.234,50", "1234,50") for w in written)
    assert made == written


@pytest.mark.parametrize("locale", LOCALES)
def test_formats_agree_with_the_reference(locale: str) -> None:
    expected = json.loads(shared("data/babel_formats.json").read_text())[locale]
    assert fact(date="2026-04-01").write(locale) == expected["long"]
    assert plain(fact(percent="12.5").write(locale)) == plain(expected["pct"])
    for key, amount in (("eur", "1234.50"), ("eur4", "12345.60")):
        written = fact(money={"amount": amount, "currency": "EUR"}).write(locale)
        assert plain(written) == plain(expected[key])
    at = fact(time={"at": "18:30", "zone": "Europe/Madrid"}).write(locale)
    assert plain(at) == f"{plain(expected['time'])} (Madrid)"


@pytest.mark.parametrize(
    ("start", "end", "locale", "written"),
    [
        ("2027-03-01", "2027-03-31", "es_ES", "1-31 de marzo de 2027"),
        ("2027-03-30", "2027-04-02", "ca_ES", "30 de març - 2 d'abril del 2027"),
        ("2027-03-30", "2027-04-02", "en_GB", "30 March 2027 - 2 April 2027"),
        ("2027-03-30", "2027-04-02", "en_US", "March 30, 2027 - April 2, 2027"),
        ("2027-03-30", "2027-03-30", "en_GB", "30 March 2027"),
    ],
)
def test_a_range_of_dates_names_the_months_in_full(
    start: str, end: str, locale: str, written: str
) -> None:
    span = fact(date_range={"from": start, "to": end})
    assert simple(span.write(locale)) == written


def test_a_time_on_a_day_says_day_time_and_place() -> None:
    moment = fact(time={"at": "18:30", "zone": "Europe/Madrid", "date": "2027-03-31"})
    assert moment.write("en_GB") == "31 March 2027, 18:30 (Madrid)"


def test_plain_text_has_ordinary_spaces_and_an_sms_ordinary_marks() -> None:
    assert plain("12,5\u00a0% – d’abril, 6:30\u202fPM") == "12,5 % – d’abril, 6:30 PM"
    assert simple("12,5\u00a0% – d’abril") == "12,5 % - d'abril"


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"percent": 20, "code": "AB"},
        {"percent": None},
        {"percent": True},
        {"percent": "1e3"},
        {"percent": "twenty"},
        {"money": {"amount": 5}},
        {"money": {"amount": 5, "currency": "EURO"}},
        {"date": 20270331},
        {"date": "31.3.2027"},
        {"date_range": {"from": "2027-04-01", "to": "2027-03-01"}},
        {"time": {"at": "18:30"}},
        {"time": {"at": "18:30", "zone": "Europe/Barcelona"}},
        {"code": "A B"},
        {"code": "-"},
        {"url": "http://shop.example.com"},
        {"url": "javascript:alert(1)"},
        {"url": "https://user:secret@shop.example.com"},
        {"url": "https://shop.example.com/a b"},
        {"url": "https://"},
        {"phone": "600000120"},
        {"phone": "+34 600"},
        {"phone": "call us"},
    ],
)
def test_what_is_no_fact_is_refused(value: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        fact(**value)


def test_a_locales_own_text_comes_before_its_languages() -> None:
    texts = {"en": "colour", "en_US": "color"}
    assert [in_locale(texts, x) for x in ("en_GB", "en_US", "es_ES")] == ["colour", "color", None]
