"""No stranger: what is read out of the finished messages, wherever it comes from."""

from __future__ import annotations

import pytest

from tests.unit.content.checks.told import BRAND, EN, ES, of_rule
from tests.unit.content.files import Files

HTML, TEXT = "layouts/email.html.j2", "layouts/email.txt.j2"


@pytest.mark.parametrize(
    "value",
    ["€49", "25%", "1 May 2027", "from 1 to 5 May", "18:30 h", "SUMMER25", "+44 7700 900999"],
)
def test_a_value_of_any_kind_that_nobody_declared_is_told_at_its_line(
    files: Files, value: str
) -> None:
    line = files.english("Until {{", f"Also {value}. Until {{{{")
    found = of_rule(files, "stranger")
    assert found
    assert all(f.startswith(f"{EN}:{line}: Found ") for f in found)
    shown = {f.split("[")[1].split("]")[0] for f in found}
    assert shown == {"email, en_GB, html", "email, en_GB, text", "whatsapp, en_GB, body"}


def test_the_nearest_fact_is_named(files: Files) -> None:
    files.english("Until {{", "25% until {{")
    assert "Found 25%, the campaign says 20%." in of_rule(files, "stranger")[0]
    assert "Write {{ facts.discount }} where that is meant." in of_rule(files, "stranger")[0]


@pytest.mark.parametrize("key", ["subject", "preheader"])
def test_subject_and_preheader_are_read_as_parts_of_their_own(files: Files, key: str) -> None:
    old = 'subject: "{{ facts.discount }} off' if key == "subject" else "preheader: Pots"
    line = files.english(old, f"{old} until 1 May 2027")
    found = of_rule(files, "stranger")
    assert all(f.startswith(f"{EN}:{line}: ") for f in found)
    assert any(f", {key}]" in f for f in found)


@pytest.mark.parametrize(
    "html",
    [
        '<img src="https://shop.example.com/x.png" alt="Now 25% off">',
        '<a title="25% off" href="{{ facts.shop }}">x</a>',
        "<p>2<b>5</b>% off</p>",
        "<!--[if mso]><p>25% off</p><![endif]-->",
        '<div style="display:none">25% off</div>',
    ],
)
def test_html_is_read_as_its_readers_do(files: Files, html: str) -> None:
    files.change(HTML, "</body>", f"{html}</body>")
    found = of_rule(files, "stranger")
    assert found
    assert all(f.startswith(HTML) for f in found)


def test_two_cells_are_not_one_value(files: Files) -> None:
    files.change(
        HTML, "</body>", "<table><tr><td>Room 25</td><td>% of all</td></tr></table></body>"
    )
    assert of_rule(files, "stranger") == []


def test_the_target_of_a_link_is_read_as_well_as_its_words(files: Files) -> None:
    files.change(HTML, "</body>", '<a href="https://shop.example.com/winter">See</a></body>')
    assert "Found https://shop.example.com/winter" in of_rule(files, "stranger")[0]
    files.change(HTML, "https://shop.example.com/winter", "tel:+34600000999")
    assert "Found tel:+34600000999" in of_rule(files, "stranger")[0]


def test_the_button_leads_to_the_fact_and_not_to_the_front_page(files: Files) -> None:
    files.change(HTML, '<a href="{{ facts.shop }}">', '<a href="https://shop.example.com/">')
    assert "`Buy now` leads to https://shop.example.com/" in of_rule(files, "stranger")[0]


def test_an_address_without_its_scheme_is_a_link(files: Files) -> None:
    line = files.english("Until {{", "See shop.example.org/x. Until {{")
    found = of_rule(files, "link-domain")
    assert found
    assert all(f.startswith(f"{EN}:{line}: ") for f in found)


@pytest.mark.parametrize(
    "words",
    [
        "{{ customer.points | or_else(0) }} points",
        "{{ customer.points | or_else(0) }} % of all",
        "{{ customer.nearest_shop | or_else('our shop') }}",
        "since {{ customer.joined | or_else('long ago') }}",
    ],
)
def test_a_customers_values_are_no_strangers(files: Files, words: str) -> None:
    files.english("Until {{", f"{words}. Until {{{{")
    assert of_rule(files, "stranger") == []


def test_what_stands_for_a_missing_value_is_read_like_the_rest(files: Files) -> None:
    line = files.english("or_else('friend')", "or_else('you with 30% off')")
    assert of_rule(files, "stranger")[0].startswith(f"{EN}:{line}: Found 30%")


def test_a_customers_value_in_a_query_does_not_make_the_link_another(files: Files) -> None:
    link = "{{ facts.shop }}?who={{ customer.points | or_else(0) }}"
    files.change(HTML, '"{{ facts.shop }}"', f'"{link}"')
    assert files.findings() == []
    files.change(HTML, f'"{link}"', f'"https://shop.example.com/old?{link.partition("?")[2]}"')
    assert of_rule(files, "stranger")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("sms: {from", "sms: {from", "+44 7700 900123"),
        ("words:", "phones: {care: '+34 600 000 120'}\nwords:", "+34 600 000 120"),
        (
            "words:",
            "pages: {help: 'https://shop.example.com/help'}\nwords:",
            "https://shop.example.com/help",
        ),
        ("link_domains", "link_domains", "https://shop.example.com"),
        ("1 Imaginary Street", "Unit 5% House, 1 Imaginary Street", "."),
    ],
)  # fmt: skip
def test_the_brands_own_values_are_no_strangers(
    files: Files, old: str, new: str, words: str
) -> None:
    files.change(BRAND, old, new)
    files.english("Until {{", f"See {words} until {{{{")
    assert of_rule(files, "stranger") == []


def test_a_digit_beside_a_fact_makes_another_value_and_is_told_where_it_was_typed(
    files: Files,
) -> None:
    line = files.english('"{{ facts.discount }} off everything"', '"1{{ facts.discount }} off all"')
    found = of_rule(files, "stranger")
    assert all(f.startswith(f"{EN}:{line}: Found 120%") for f in found)


@pytest.mark.parametrize(
    ("words", "rule"),
    [
        ("a mitad de precio", "in-words"),
        ("veinte por ciento", "in-words"),
        ("$20", "stranger"),
        ("31/3/2027", "typed-fact"),
        ("3/31/2027", "wrong-format"),
    ],
)
def test_each_way_to_write_a_value_is_told_by_its_own_rule(
    files: Files, words: str, rule: str
) -> None:
    line = files.spanish("Hasta el", f"Ahora {words}. Hasta el")
    found = of_rule(files, rule)
    assert found
    assert all(f.startswith(f"{ES}:{line}: ") for f in found)


def test_a_fact_typed_into_a_layout_is_told_at_its_line(files: Files) -> None:
    line = files.change(TEXT, "{{ words.out }}:", "SPRING20\n{{ words.out }}:")
    assert of_rule(files, "typed-fact") == [
        f"{TEXT}:{line}: `SPRING20` is typed here; it is the fact `code`. "
        "Write {{ facts.code }}, so that it changes with the fact."
    ]


def test_styles_in_a_layout_hold_no_facts(files: Files) -> None:
    files.change(HTML, "p { color", "p { width: 20%; color")
    assert of_rule(files, "typed-fact") == []


def test_a_word_that_a_fact_happens_to_be_is_not_taken_for_it(files: Files) -> None:
    files.campaign("must_say", "  season: {text: {en: pots, es: macetas}}\nmust_say")
    files.english("Buy now", "Buy pots")
    assert of_rule(files, "typed-fact") == []
