"""The same in every language, and each file in its own."""

from __future__ import annotations

import socket

import pytest

from campaigns.content.checks.languages import foreign
from tests.unit.content.checks.told import EN, ES, of_rule, told
from tests.unit.content.files import Files


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The days are getting longer, and everything costs less.", "en"),
        ("Los días se alargan y todo tiene un descuento.", "es"),
        ("Els dies s’allarguen i tot té un descompte.", "ca"),
        ("Die Tage werden länger, und alles kostet weniger.", "de"),
        ("Les jours rallongent et tout est moins cher.", "fr"),
    ],
)
def test_a_text_is_at_home_in_its_own_language_alone(text: str, language: str) -> None:
    assert foreign(text, language) is None
    assert foreign(text, "it") == language


@pytest.mark.parametrize("text", ["Newsletter", "OK", "Brotanell", "", "12345 67890", "Menú"])
def test_a_short_text_is_not_judged(text: str) -> None:
    assert foreign(text, "es") is None


def test_close_languages_are_left_alone_when_it_is_not_clear() -> None:
    assert foreign("La nostra botiga de Barcelona es trasllada el", "ca") is None


def test_no_language_is_looked_up_on_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket, "socket", refuse)
    assert foreign("Everything you need for a garden is here today.", "es") == "en"


def test_one_sentence_in_another_language_is_told_with_its_words(files: Files) -> None:
    words = "Everything you need for a garden is here."
    line = files.spanish("Hasta el", f"{words} Ven a vernos, que hay de todo y mucho más. Hasta el")
    (found,) = told(files, "language")
    assert found.startswith(f"{ES}:{line}: `{words}` is in English, not in Spanish. [es_ES]")


def test_the_words_that_stand_for_a_missing_value_are_in_the_language_too(files: Files) -> None:
    files.spanish("or_else('amiga')", "or_else('everyone who likes their garden')")
    assert of_rule(files, "language")


def test_a_legal_line_in_another_language_is_told_in_the_brand(files: Files) -> None:
    files.brand(
        "es: Baja con STOP.}\n  whatsapp", "es: Reply with the word STOP to opt out.}\n  whatsapp"
    )
    assert of_rule(files, "language")[0].startswith("brand.yaml:")


@pytest.mark.parametrize("words", ["Macetas, plantas y semillas", "Pots, plants and seeds"])
def test_a_line_that_was_copied_is_told_where_it_is_foreign(files: Files, words: str) -> None:
    file = EN if words.startswith("Mac") else ES
    files.change(
        file, "Pots, plants and seeds" if file == EN else "Macetas, plantas y semillas", words
    )
    found = of_rule(files, "untranslated")
    assert any(f.startswith(f"{file}:6: `preheader` is the same as in ") for f in found)


def test_names_and_loans_may_be_the_same_in_two_languages(files: Files) -> None:
    files.brand("words:", "names: [{write: Testa Garden Club}]\nwords:")
    files.english("Buy now", "Testa Garden Club")
    files.spanish("Comprar", "Testa Garden Club")
    assert of_rule(files, "untranslated") == []


def test_a_fact_dropped_from_one_text_of_one_language_is_told_there(files: Files) -> None:
    line = files.spanish('"{{ facts.discount }} menos"', "Menos que pagar")
    assert of_rule(files, "locale-facts") == [
        f"{ES}:{line}: `subject` lacks the fact `discount` in es_ES; in en_GB it is there. [es_ES] "
        "Put {{ facts.discount }} there too, or change the other languages."
    ]


def test_where_most_languages_lack_a_fact_the_one_that_has_it_is_told(files: Files) -> None:
    files.write(
        "campaigns/sale/copy.en_GB.yaml", 'subject: "{{ facts.discount }} {{ facts.code }}"\n'
    )
    files.brand("[en_GB, es_ES]", "[en_GB, en_US, es_ES]")
    (found,) = of_rule(files, "locale-facts")
    assert found.startswith(
        "campaigns/sale/copy.en_GB.yaml:1: `subject` holds the fact `code` in en_GB"
    )


def test_a_fact_in_another_order_or_another_form_of_words_is_the_same(files: Files) -> None:
    files.spanish("Hasta el {{ facts.ends_on }} con {{ facts.code }}",
                  "Con {{ facts.code }}, hasta el {{ facts.ends_on }}")  # fmt: skip
    assert files.findings() == []


def test_a_missing_fact_is_told_once_and_not_for_its_language_too(files: Files) -> None:
    files.spanish("con {{ facts.code }}", "con")
    assert of_rule(files, "locale-facts") == []


def test_a_value_in_one_legal_line_stands_in_all_of_them(files: Files) -> None:
    files.brand("sms: {en: Reply STOP to opt out.", "sms: {en: Reply STOP. It costs €2.")
    found = of_rule(files, "locale-facts")
    assert found
    assert all(f.startswith("brand.yaml:") for f in found)


def test_a_short_text_that_all_other_languages_have_is_asked_for(files: Files) -> None:
    files.brand("[en_GB, es_ES]", "[en_GB, es_ES, ca_ES]")
    files.brand("es: Baja}", "es: Baja, ca: Baixa}")
    (files.root / "campaigns/sale/copy.ca.yaml").write_text(
        (files.root / ES).read_text(), encoding="utf-8"
    )
    facts = "{{ facts.discount }} {{ facts.ends_on }} {{ facts.code }} {{ facts.shop }}"
    for name in ("en", "es"):
        path = files.root / f"campaigns/sale/copy.{name}.yaml"
        path.write_text(f'{path.read_text()}short: "{facts}"\n', encoding="utf-8")
    (found,) = of_rule(files, "locale-texts")
    assert found.startswith(
        "campaigns/sale/copy.ca.yaml: `short` is missing here; en_GB, es_ES have"
    )
