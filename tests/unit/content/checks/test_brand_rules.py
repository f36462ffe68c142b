"""The brand's rules are data: each new one is an entry in brand.yaml and needs no code."""

from __future__ import annotations

import time

import pytest

from campaigns.domain.findings import Level
from tests.unit.content.checks.told import EN, of_rule, told
from tests.unit.content.files import Files


def rule(files: Files, text: str) -> int:
    return files.brand("words:\n", f"{text}\nwords:\n")


def test_a_pattern_is_looked_for_in_every_part_with_its_reason(files: Files) -> None:
    rule(files, "patterns: [{id: no-hurry, pattern: '(?i)\\bhurry\\b', reason: We do not rush.}]")
    line = files.english("Buy now", "Hurry, buy now")
    assert told(files, "pattern") == [
        f"{EN}:{line}: `Hurry` is against the brand's rule `no-hurry`. [email, en_GB, html] "
        "We do not rush."
    ]


@pytest.mark.parametrize(
    ("limits", "found"),
    [
        ("channels: [email]", 1),
        ("channels: [sms]", 0),
        ("locales: [es_ES]", 0),
        ("locales: [en_GB]", 1),
    ],
)
def test_a_pattern_holds_where_it_says(files: Files, limits: str, found: int) -> None:
    rule(files, f"patterns: [{{id: x, pattern: Hurry, reason: No., {limits}}}]")
    files.english("Buy now", "Hurry, buy now")
    assert len(of_rule(files, "pattern")) == found


def test_a_pattern_can_be_a_warning(files: Files) -> None:
    rule(files, "patterns: [{id: x, pattern: Hurry, reason: No., level: warning}]")
    files.english("Buy now", "Hurry, buy now")
    compiled = files.compile()
    assert [f.level for f in compiled.findings] == [Level.WARNING]


def test_a_pattern_can_ask_for_words_in_every_message(files: Files) -> None:
    rule(files, "patterns: [{id: rates, pattern: Msg rates apply, expect: always, reason: Law., "
                "channels: [sms], locales: [en_GB]}]")  # fmt: skip
    (found,) = told(files, "pattern")
    assert found.startswith("layouts/sms.txt.j2: this message lacks what the brand's rule `rates`")
    files.brand("sms: {en: Reply STOP to opt out.", "sms: {en: Reply STOP. Msg rates apply.")
    assert files.findings() == []


def test_a_pattern_that_would_run_for_ever_is_told_instead(files: Files) -> None:
    line = rule(files, "patterns: [{id: slow, pattern: '(?:(x)|(x))+[yz]', reason: No.}]")
    files.english("Buy now", "x" * 38)
    started = time.process_time()
    found = of_rule(files, "pattern")
    assert time.process_time() - started < 5
    assert found[0].startswith(f"brand.yaml:{line}: the pattern `slow` takes too long")


def test_a_pattern_that_is_none_is_an_error_in_the_file(files: Files) -> None:
    rule(files, "patterns: [{id: bad, pattern: '(', reason: No.}]")
    assert "is no regular expression" in told(files, "file")[0]


@pytest.mark.parametrize("words", ["cheap", "CHEAP", "Cheap,", "cheapo", "ch\u00adeap"])
def test_a_term_is_found_in_any_capitals_and_whatever_is_hidden_in_it(
    files: Files, words: str
) -> None:
    rule(files, "terms: {avoid: [{term: cheap, also: [cheapo], reason: No.}]}")
    files.english("Buy now", f"Buy {words} pots")
    assert of_rule(files, "term")


@pytest.mark.parametrize("words", ["cheapest", "archeap", "che ap"])
def test_a_part_of_a_longer_word_is_another_word(files: Files, words: str) -> None:
    rule(files, "terms: {avoid: [{term: cheap, reason: No.}]}")
    files.english("Buy now", f"Buy {words} pots")
    assert of_rule(files, "term") == []


def test_a_term_over_two_elements_is_one(files: Files) -> None:
    rule(files, "terms: {avoid: [{term: click here, reason: No.}]}")
    files.change("layouts/email.html.j2", "</body>", "<p>Click <b>here</b></p></body>")
    assert of_rule(files, "term")[0].startswith("layouts/email.html.j2: the brand does not say")


def test_a_term_to_use_names_what_is_said_elsewhere(files: Files) -> None:
    rule(files, "terms: {use: [{term: pots, instead_of: [vases, urns], reason: We grow., "
                "level: warning}]}")  # fmt: skip
    files.english("Buy now", "Buy urns")
    (found,) = told(files, "term")
    assert found.endswith("the brand does not say `urns`. [email, en_GB, html] Use pots: We grow.")
    assert {f.level for f in files.compile().findings} == {Level.WARNING}


@pytest.mark.parametrize("wrong", ["TESTA", "testa", "TesTa", "Téstà"])
def test_a_name_has_one_spelling(files: Files, wrong: str) -> None:
    rule(files, "names: [{write: Testa, not: [Téstà]}]")
    line = files.english("Buy now", f"Buy at {wrong}")
    assert of_rule(files, "name")[0].startswith(
        f"{EN}:{line}: the name `Testa` is written `{wrong}`"
    )


def test_addresses_and_handles_have_their_own_spelling(files: Files) -> None:
    rule(files, "names: [{write: Testa}]\npages: {a: 'https://shop.example.com/testa'}")
    files.english("Until {{", "See https://shop.example.com/testa or testa@example.com. Until {{")
    assert files.findings() == []


def test_a_senders_name_is_held_to_its_spelling(files: Files) -> None:
    rule(files, "names: [{write: Testa}]")
    line = files.brand("example.com, name: Testa}", "example.com, name: TESTA}")
    assert of_rule(files, "name") == [
        f"brand.yaml:{line}: the name `Testa` is written `TESTA`. Write `Testa`."
    ]


@pytest.mark.parametrize("emoji", ["🎉", "❤️", "🇪🇸", "1️⃣", "👩‍🌾", "✅"])
def test_each_kind_of_emoji_is_one(files: Files, emoji: str) -> None:
    rule(files, "voice: {emoji: false}")
    files.english("Buy now", f"Buy {emoji}")
    assert "an emoji" in told(files, "voice")[0]


@pytest.mark.parametrize("mark", ["©", "®", "™", "→", "·", "½", "№"])
def test_signs_of_print_are_no_emoji(files: Files, mark: str) -> None:
    rule(files, "voice: {emoji: false}")
    files.english("Buy now", f"Buy {mark}")
    assert files.findings() == []


def test_codes_and_names_in_capitals_do_not_shout(files: Files) -> None:
    rule(files, "voice: {max_capital_words: 0}\nnames: [{write: NASA}]")
    files.campaign("SPRING20", "SPRING")
    files.english("Buy now", "NASA seeds")
    files.english("Until {{", "With SPRING until {{")
    assert of_rule(files, "voice") == []


def test_layouts_and_the_brands_words_keep_the_same_voice(files: Files) -> None:
    rule(files, "voice: {max_exclamation_marks: 0}")
    files.change("layouts/sms.txt.j2", "{{ copy.short }}", "{{ copy.short }} Now!")
    files.brand("out: {en: Unsubscribe,", "out: {en: Unsubscribe!,")
    assert {f.split(":")[0] for f in told(files, "voice")} == {"layouts/sms.txt.j2", "brand.yaml"}


def test_a_country_has_its_own_postal_address(files: Files) -> None:
    own = "Testa, Carrer Imaginari 7, Barcelona"
    files.brand("postal_address:", f"postal_addresses: {{ES: '{own}'}}\npostal_address:")
    assert files.findings() == []
    release = files.compile().release
    assert release is not None
    mails = {s.locale: str(s.parts["text"]) for s in release.skeletons if s.channel == "email"}
    assert {locale: own in text for locale, text in mails.items()} == {
        "en_GB": False,
        "es_ES": True,
    }
    typed = "Testa, 1 Imaginary Street, London"
    files.change("layouts/email.txt.j2", "{{ brand.postal_address }}", typed)
    assert "[email, es_ES, text]" in of_rule(files, "address-missing")[0]


def test_a_legal_line_of_its_own_for_a_country(files: Files) -> None:
    files.brand("{en: Reply STOP to opt out., es: Baja con STOP.}\n  whatsapp",
                "{en: Reply STOP to opt out., es_ES: Baja con STOP.}\n  whatsapp")  # fmt: skip
    assert files.findings() == []


@pytest.mark.parametrize("line", ["Baja con POST.", "Escríbenos si no quieres más."])
def test_a_legal_line_says_how_to_stop(files: Files, line: str) -> None:
    files.brand("es: Baja con STOP.}\n  whatsapp", f"es: {line}}}\n  whatsapp")
    assert bool(of_rule(files, "legal-missing")) is ("Baja" not in line)


def test_a_mails_legal_line_stands_in_both_parts(files: Files) -> None:
    files.brand("legal:\n", "legal:\n  email: {en: Free of charge at any time., es: Gratis.}\n")
    found = of_rule(files, "legal-missing")
    assert {f.split(":")[0] for f in found} == {"layouts/email.html.j2", "layouts/email.txt.j2"}
