"""Extraction: what each kind looks like in each locale, and what is none."""

from __future__ import annotations

import time as clock

import pytest

from campaigns.domain.consistency import Asked, Kind, Mention, extract, extract_url
from tests.speed import slowness
from tests.unit.domain.consistency.harmless import HARMLESS
from tests.unit.domain.consistency.reading_cases import BY_KIND

CASES = [(kind, *case) for kind, cases in BY_KIND.items() for case in cases]


@pytest.mark.parametrize(("kind", "locale", "text", "values"), CASES)
def test_a_text_states_these_values(
    kind: Kind, locale: str, text: str, values: list[object]
) -> None:
    found = extract(text, locale)

    assert [m.value for m in found] == values
    assert kind in {m.kind for m in found}


@pytest.mark.parametrize(("kind", "locale", "text", "values"), CASES)
def test_a_value_is_found_in_the_middle_of_a_sentence_at_its_own_place(
    kind: Kind, locale: str, text: str, values: list[object]
) -> None:
    before = "\u00ad— Hola, 👋🏽 cafe\u0301 \u200b(és): "
    whole = f"{before}{text} — adéu."
    alone, found = extract(text, locale), extract(whole, locale)

    assert [m.value for m in found] == values
    assert [m.start - len(before) for m in found] == [m.start for m in alone]
    assert [whole[m.start : m.end] for m in found] == [m.text for m in alone]


@pytest.mark.parametrize(
    ("locale", "sentence"), [(loc, s) for loc, all_ in HARMLESS.items() for s in all_]
)
def test_a_harmless_sentence_states_nothing(locale: str, sentence: str) -> None:
    assert extract(sentence, locale) == []


def test_there_are_enough_harmless_sentences() -> None:
    assert sum(map(len, HARMLESS.values())) >= 80


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("es_ES", "€1,234.50"),
        ("es_ES", "€20"),
        ("es_ES", "1,234.50 €"),
        ("es_ES", "12.5 %"),
        ("es_ES", "31 March 2027"),
        ("es_ES", "3/31/2027"),
        ("es_ES", "20 percent"),
        ("en_GB", "20 €"),
        ("en_GB", "€1.234,50"),
        ("en_US", "31/3/2027"),
        ("en_US", "31 de marzo de 2027"),
        ("ca_ES", "31 de marzo de 2027"),
    ],
)
def test_a_foreign_format_is_marked(locale: str, text: str) -> None:
    (mention,) = extract(text, locale)

    assert not mention.local


@pytest.mark.parametrize(
    ("locale", "text"),
    [
        ("es_ES", "1.234,50 €"),
        ("es_ES", "20%"),
        ("es_ES", "20\u00a0€"),
        ("es_ES", "EUR 20"),
        ("es_ES", "31/3/2027"),
        ("es_ES", "2027-03-31"),
        ("en_GB", "€1,234.50"),
        ("en_GB", "20 EUR"),
        ("en_GB", "20 euros"),
        ("en_US", "31 March 2027"),
        ("ca_ES", "31 de març de 2027"),
        ("ca_ES", "20 per cent"),
        ("fr_FR", "1\u202f234,50\u00a0€"),
        ("pt_PT", "1\u00a0234,50\u00a0€"),
    ],
)
def test_a_format_of_the_locale_is_not_marked(locale: str, text: str) -> None:
    (mention,) = extract(text, locale)

    assert mention.local
    assert not mention.doubtful


@pytest.mark.parametrize(
    ("locale", "own", "other"), [("es_ES", (3, 4), (4, 3)), ("en_US", (4, 3), (3, 4))]
)
def test_a_date_in_numbers_is_read_by_the_locale_and_told_when_it_can_be_two(
    locale: str, own: tuple[int, int], other: tuple[int, int]
) -> None:
    (mention,) = extract("3/4/2027", locale)

    assert mention.doubtful
    assert (mention.value.day, mention.value.month) == own  # type: ignore[union-attr]
    assert (mention.other.day, mention.other.month) == other  # type: ignore[union-attr]


@pytest.mark.parametrize("text", ["31/3/2027", "3/3/2027", "2027-03-04"])
def test_a_date_in_numbers_that_can_only_be_one_is_not_doubtful(text: str) -> None:
    (mention,) = extract(text, "es_ES")

    assert not mention.doubtful


def test_digits_after_an_ordinary_space_are_doubtful() -> None:
    (mention,) = extract("talla 42 129,90 €", "es_ES")

    assert mention.doubtful
    assert str(mention.other) == "129.90 EUR"


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example.com/49,90€/PRIMAVERA20?until=31/3/2027",
        "hola+PRIMAVERA20@example.com",
        "#PRIMAVERA20",
        "@PRIMAVERA20",
    ],
)
def test_nothing_is_read_inside_a_link_a_mail_address_a_handle_or_a_hashtag(text: str) -> None:
    assert {m.kind for m in extract(text, "es_ES")} <= {Kind.URL}


def test_bare_numbers_are_given_only_when_asked_for() -> None:
    text = "3 tiendas y 12.500 macetas, COVID-19, HTML5, 20 %"

    found = extract(text, "es_ES", Asked(numbers=True))

    assert [str(m.value) for m in found if m.kind is Kind.NUMBER] == ["3", "12500"]
    assert [m.kind for m in extract(text, "es_ES")] == [Kind.PERCENT]


@pytest.mark.parametrize("code", ["spring", "Ab-12", "GRATIS", "202027", "A1", "x_9"])
def test_a_declared_code_is_found_whatever_it_looks_like(code: str) -> None:
    (mention,) = extract(f"Escribe {code}, y ya.", "es_ES", Asked(codes=(code,)))

    assert (mention.kind, mention.value, mention.text) == (Kind.CODE, code, code)


@pytest.mark.parametrize("slip", ["Primavera20", "primavera20", "PRIMAVERB20", "PRIMAVERA21"])
def test_a_declared_code_with_a_slip_is_a_code(slip: str) -> None:
    (mention,) = extract(f"Escribe {slip}.", "es_ES", Asked(codes=("PRIMAVERA20",)))

    assert (mention.kind, mention.value) == (Kind.CODE, slip)


def test_a_declared_text_is_found_over_line_breaks_and_other_dashes_but_never_in_part() -> None:
    asked = Asked(words=("Carrer Inventat 12–14",))
    text = "al Carrer\nInventat 12-14, no al Carrer Inventat 12-145"

    (mention,) = extract(text, "ca_ES", asked)

    assert (mention.kind, mention.text) == (Kind.TEXT, "Carrer\nInventat 12-14")


def test_a_currency_of_which_the_code_is_a_word_is_known_when_asked_for() -> None:
    assert extract("LOS 10 TOP", "es_ES") == []
    assert extract("50 TRY", "es_ES") == []
    assert [str(m.value) for m in extract("50 TRY", "es_ES", Asked(currencies=("TRY",)))] == [
        "50 TRY"
    ]


@pytest.mark.parametrize(
    ("target", "kind", "value"),
    [
        ("https://shop.example.com/spring/?utm_source=mail", Kind.URL, "shop.example.com/spring"),
        ("//shop.example.com/a", Kind.URL, "shop.example.com/a"),
        ("https://shop.example.com:443/a#b", Kind.URL, "shop.example.com/a#b"),
        ("https://shop.example.com:8443/", Kind.URL, "shop.example.com:8443"),
        ("https://[broken", Kind.URL, "https://[broken"),
        ("tel:+34600000120", Kind.PHONE, "+34600000120"),
        ("tel:600-000-120", Kind.PHONE, "+34600000120"),
        ("sms:+34600000120?body=Hola", Kind.PHONE, "+34600000120"),
    ],
)
def test_the_target_of_a_link_is_a_mention(target: str, kind: Kind, value: str) -> None:
    mention = extract_url(target, "ES")

    assert mention == Mention(kind, value, target, 0, len(target), link=True)


@pytest.mark.parametrize("target", ["mailto:hola@example.com", "#top", "", "cid:logo", "/x"])
def test_a_link_that_leads_to_no_page_is_no_mention(target: str) -> None:
    assert extract_url(target) is None


@pytest.mark.parametrize("text", ["", " ", "\u200b", "€", "%", "1", "\ue000 €", "İ 20 %", "\ud83d"])
def test_scraps_of_text_do_no_harm(text: str) -> None:
    for mention in extract(text, "es_ES", Asked(("A1",), ("x",), numbers=True)):
        assert text[mention.start : mention.end] == mention.text


def test_an_email_of_8_kb_is_read_in_two_milliseconds() -> None:
    """Best of many, since others use the machine; twice the time is allowed for slow ones."""
    says = (
        "Hasta el 31 de marzo de 2027, un 20 % con PRIMAVERA20 en https://shop.example.com/spring, "
        "desde 49,90 €. Llama al +34 600 00 01 20. "
    )
    filler = "Los días se alargan y todo huele a tierra mojada, por fin, en la terraza de casa. "
    text = (says * 4 + filler * 100)[:8192]
    extract(text, "es_ES")

    def seconds() -> float:
        start = clock.process_time()
        extract(text, "es_ES")
        return clock.process_time() - start

    assert min(seconds() for _ in range(40)) < 0.004 * slowness()


@pytest.mark.parametrize(
    "unit",
    ["a.", "1 111 ", "1.", "1,1", ")", "http://a)", "+34 ", "1-", "@a", "#a", "dos por ", "A1"],
)
def test_no_text_makes_extraction_slow(unit: str) -> None:
    """Patterns that look back and forth must not multiply: it stays in proportion to the length."""
    text = (unit * 8192)[:8192]

    start = clock.process_time()
    extract(text, "es_ES", Asked(("A1B2",), ("1 1 1",), numbers=True))

    assert clock.process_time() - start < 2
