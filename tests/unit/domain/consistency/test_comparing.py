"""Comparison: what is found, missing, strange, spelled out, doubtful, or foreign in its format."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from campaigns.domain.consistency import (
    Declared,
    Kind,
    Money,
    Verdict,
    compare,
    examine,
    extract,
)

DISCOUNT = Declared("discount", Kind.PERCENT, Decimal(20), "20 %")
PRICE = Declared("price", Kind.MONEY, Money(Decimal("1234.50"), "EUR"), "1.234,50 €")
ENDS_ON = Declared("ends_on", Kind.DATE, date(2027, 3, 31), "31 de marzo de 2027")
CODE = Declared("code", Kind.CODE, "PRIMAVERA20", "PRIMAVERA20")
SHOP = Declared("shop", Kind.URL, "https://shop.example.com/spring")
PHONE = Declared("phone", Kind.PHONE, "+34 600 00 01 20", "+34 600 00 01 20")
ALL = [DISCOUNT, PRICE, ENDS_ON, CODE, SHOP, PHONE]


def examined(text: str, *facts: Declared, locale: str = "es_ES", **more: Iterable[str]) -> Verdict:
    return examine(text, locale, facts, required=[f.name for f in facts], **more)


ADDRESS = Declared("address", Kind.TEXT, "Carrer Inventat 12", "Carrer Inventat 12")


@pytest.mark.parametrize(
    "text",
    ["Carrer Inventat 21", "carrer Inventat, 13", "Carrer Inventat núm. 14", "Carrer Inventat 1"],
)
def test_a_declared_text_with_another_number_is_a_stranger(text: str) -> None:
    verdict = examined(f"Carrer Inventat 12. Estamos en {text}.", ADDRESS)
    (remark,) = verdict.strangers
    assert remark.fact == "address"
    assert remark.mention.text == text


@pytest.mark.parametrize("text", ["Carrer Inventat, 12", "Carrer Real 21", "Inventat 21"])
def test_another_text_or_the_same_number_is_no_stranger(text: str) -> None:
    assert not examined(f"Carrer Inventat 12. Estamos en {text}.", ADDRESS).strangers


def test_all_facts_are_found_with_their_words_and_places() -> None:
    text = (
        "20 % con PRIMAVERA20 hasta el 31 de marzo de 2027: shop.example.com/spring, "
        "desde 1.234,50 €. Tel. 600 000 120."
    )

    verdict = examined(text, *ALL)

    assert verdict.is_clean
    assert {name: places[0].words for name, places in verdict.found.items()} == {
        "discount": "20 %",
        "code": "PRIMAVERA20",
        "ends_on": "31 de marzo de 2027",
        "shop": "shop.example.com/spring",
        "price": "1.234,50 €",
        "phone": "600 000 120",
    }
    for (place,) in verdict.found.values():
        assert text[place.start : place.end] == place.words


def test_a_fact_said_twice_is_found_in_both_places() -> None:
    verdict = examined("20 %, sí, un 20%", DISCOUNT)

    assert [p.words for p in verdict.found["discount"]] == ["20 %", "20%"]


def test_a_required_fact_that_does_not_stand_there_is_missing() -> None:
    verdict = examined("Un 20 % hoy", *ALL)

    assert verdict.missing == ("price", "ends_on", "code", "shop", "phone")
    assert not verdict.strangers


def test_a_declared_fact_that_is_not_required_may_be_left_out() -> None:
    assert examine("Un 20 %", "es_ES", ALL, required=["discount"]).is_clean


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("un 25 %", "found 25 %, the campaign says 20 %"),
        ("un 20.0.0 %", "found 20.0.0 %, which cannot be read: write 20 %"),
        ("por 1.234,05 €", "found 1.234,05 €, the campaign says 1.234,50 €"),
        ("por 1.234,50 $", "found 1.234,50 $, the campaign says 1.234,50 €"),
        ("el 30 de marzo", "found 30 de marzo, the campaign says 31 de marzo de 2027"),
        ("jueves, 31 de marzo", "found jueves, 31 de marzo, the campaign says 31 de marzo de 2027"),
        ("con PRIMAVERA30", "found PRIMAVERA30, the campaign says PRIMAVERA20"),
        ("Primavera20", "found Primavera20, the campaign says PRIMAVERA20"),
        (
            "shop.example.org/spring",
            "found shop.example.org/spring, the campaign says https://shop.example.com/spring",
        ),
        ("+34 600 00 01 21", "found +34 600 00 01 21, the campaign says +34 600 00 01 20"),
        ("a las 18:30", "found 18:30, the campaign declares no time"),
    ],
)
def test_a_stranger_is_told_with_the_nearest_fact(text: str, advice: str) -> None:
    verdict = examine(text, "es_ES", ALL, required=[])

    assert [remark.advice for remark in verdict.strangers] == [advice]
    assert not verdict.found


def test_the_nearest_of_two_facts_is_named() -> None:
    half = Declared("second_unit", Kind.PERCENT, Decimal(50), "50 %")

    (remark,) = examine("un 45 %", "es_ES", [DISCOUNT, half], required=[]).strangers

    assert remark.fact == "second_unit"


def test_what_the_brand_allows_is_no_stranger() -> None:
    allowed = [replace(PHONE, name=""), Declared("", Kind.URL, "https://news.example.com")]
    text = "Tel. 600 000 120, news.example.com"

    assert examine(text, "es_ES", [DISCOUNT], required=[], allowed=allowed).is_clean
    assert len(examine(text, "es_ES", [DISCOUNT], required=[]).strangers) == 2


def test_values_inside_a_declared_or_allowed_text_belong_to_it() -> None:
    offer = Declared("offer", Kind.TEXT, "3x2 y envío desde 5 €")
    line = Declared("", Kind.TEXT, "Oferta hasta el 1/2/2027, IVA 21 % incluido.")
    text = f"{offer.value}.\n{line.value}"

    verdict = examine(text, "es_ES", [offer], required=["offer"], allowed=[line])

    assert verdict.is_clean
    assert verdict.found["offer"][0].words == offer.value
    assert examine(text + " 5 €", "es_ES", [offer], required=[], allowed=[line]).strangers


@pytest.mark.parametrize(
    ("text", "fact", "locale", "advice"),
    [
        ("1,234.50 €", PRICE, "es_ES", "wrong format: write 1.234,50 € instead of 1,234.50 €"),
        ("€1.234,50", PRICE, "es_ES", "wrong format: write 1.234,50 € instead of €1.234,50"),
        (
            "31 March 2027",
            ENDS_ON,
            "es_ES",
            "wrong format: write 31 de marzo de 2027 instead of 31 March 2027",
        ),
        ("20 percent", DISCOUNT, "es_ES", "wrong format: write 20 % instead of 20 percent"),
    ],
)
def test_a_fact_in_another_locales_format_is_found_and_told(
    text: str, fact: Declared, locale: str, advice: str
) -> None:
    verdict = examined(text, fact, locale=locale)

    assert [r.advice for r in verdict.wrong_format] == [advice]
    assert not verdict.missing
    assert not verdict.strangers


def test_a_number_that_is_the_fact_only_elsewhere_is_a_stranger() -> None:
    price = Declared("price", Kind.MONEY, Money(Decimal(1234), "EUR"), "€1,234")

    verdict = examined("€1.234", price, locale="en_GB")

    assert verdict.missing == ("price",)
    assert [r.advice for r in verdict.strangers] == [
        "found €1.234, which reads differently here: write €1,234"
    ]


@pytest.mark.parametrize(
    ("text", "fact", "advice"),
    [
        ("veinte por ciento", "discount", "“veinte por ciento” spells discount out: write 20 %"),
        (
            "a mitad de precio",
            "discount",
            "found “a mitad de precio” in words, the campaign says 20 %: write the fact",
        ),
        (
            "tres por dos",
            None,
            "“tres por dos” is no declared offer: declare it as a fact, and write the fact",
        ),
        (
            "treinta y uno de marzo",
            "ends_on",
            "“treinta y uno de marzo” spells ends_on out: write 31 de marzo de 2027",
        ),
    ],
)
def test_an_amount_in_words_is_told_with_what_to_write(
    text: str, fact: str | None, advice: str
) -> None:
    verdict = examine(text, "es_ES", ALL, required=["discount"])

    assert [(r.fact, r.advice) for r in verdict.in_words] == [(fact, advice)]
    assert verdict.missing == ("discount",)


def test_a_number_is_found_and_other_numbers_are_no_strangers() -> None:
    shops = Declared("shops", Kind.NUMBER, Decimal(12500), "12.500")

    assert examined("12.500 macetas en 3 tiendas", shops).is_clean
    assert examined("12.600 macetas en 3 tiendas", shops).missing == ("shops",)


def test_the_target_of_a_link_says_the_fact_as_well_as_the_text() -> None:
    verdict = examined("Comprar ahora", SHOP, links=["https://shop.example.com/spring?utm_id=1"])

    assert verdict.is_clean
    assert verdict.found["shop"][0].link


def test_a_wrong_link_target_is_a_stranger_even_inside_an_allowed_text() -> None:
    allowed = Declared("", Kind.TEXT, "Comprar ahora en nuestra tienda de siempre")

    verdict = examine(
        "Comprar ahora en nuestra tienda de siempre",
        "es_ES",
        [SHOP],
        required=[],
        allowed=[allowed],
        links=["https://evil.example/"],
    )

    assert [r.mention.text for r in verdict.strangers] == ["https://evil.example/"]


def test_a_phone_link_is_the_declared_phone() -> None:
    assert examined("Llámanos", PHONE, links=["tel:+34600000120"]).is_clean


def test_mentions_of_one_text_can_be_compared_with_mentions_of_another() -> None:
    """The text part of an e-mail must say what its HTML part says."""
    html, text = extract("20 % y 5 €", "es_ES"), extract("20 % y 6 €", "es_ES")

    verdict = compare(text, [], required=[], allowed=html)

    assert [r.mention.text for r in verdict.strangers] == ["6 €"]
