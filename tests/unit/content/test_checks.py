"""The checks: one fault in one file, and the finding that names it."""

from __future__ import annotations

import pytest

from campaigns.content.checks.facts import says
from campaigns.domain.channel import Channel
from campaigns.domain.findings import Level
from tests.unit.content.files import Files

EN = "campaigns/sale/copy.en.yaml"
ES = "campaigns/sale/copy.es.yaml"


def told(files: Files, rule: str) -> list[str]:
    """The findings of one rule; there must be no others."""
    assert files.rules() == {rule}
    return files.findings()


def test_the_untouched_campaign_has_no_finding(files: Files) -> None:
    assert files.findings() == []


# Facts


def test_a_fact_dropped_from_the_copy_is_told_for_each_channel_and_part(files: Files) -> None:
    line = files.spanish("con {{ facts.code }}", "con el código")
    found = told(files, "fact-missing")
    assert all(
        f.startswith(f"{ES}:{line}: this message does not say the fact `code`") for f in found
    )
    shown = {f.split("[")[1].split("]")[0] for f in found}
    assert shown == {"email, es_ES, html", "email, es_ES, text", "whatsapp, es_ES, body"}
    assert found[0].endswith("Put {{ facts.code }} into the text.")


def test_a_fact_typed_by_hand_in_another_locales_form_is_not_the_fact(files: Files) -> None:
    files.spanish("{{ facts.ends_on }}", "31 March 2027")
    assert "(31 de marzo de 2027)" in told(files, "fact-missing")[0]


def test_a_fact_dropped_from_short_is_told_at_short(files: Files) -> None:
    files.english(
        "call_to", 'short: "{{ facts.discount }} {{ facts.shop }} {{ facts.code }}"\ncall_to'
    )
    found = told(files, "fact-missing")
    assert {f.split(" [")[1].split(",")[0] for f in found} == {"sms", "x_dm", "x_post"}
    assert all(f.startswith(f"{EN}:5: ") for f in found)


def test_an_address_behind_a_link_is_said_in_html_but_not_in_text(files: Files) -> None:
    files.english(": {{ facts.shop }}", "")
    shown = [f.split("[")[1].split("]")[0] for f in told(files, "fact-missing")]
    assert shown == ["email, en_GB, text", "whatsapp, en_GB, body"]


@pytest.mark.parametrize(
    ("text", "fact", "kind", "expected"),
    [
        ("now 20% off", "20%", "percent", True),
        ("now 20% off", "20\u00a0%", "percent", False),
        ("un 20 % menos", "20\u00a0%", "percent", True),
        ("-20%!", "20%", "percent", True),
        ("now 120% off", "20%", "percent", False),
        ("now 1.20% off", "20%", "percent", False),
        ("now 1,20% off", "20%", "percent", False),
        ("code SPRING20.", "SPRING20", "code", True),
        ("code SPRING200", "SPRING20", "code", False),
        ("code XSPRING20", "SPRING20", "code", False),
        ("until 31 March 2027.", "31 March 2027", "date", True),
        ("until 131 March 2027", "31 March 2027", "date", False),
        ("see https://a.example.com/x.", "https://a.example.com/x", "url", True),
        ("see https://a.example.com/xy", "https://a.example.com/x", "url", False),
        ("see https://a.example.com/x/y", "https://a.example.com/x", "url", False),
        ("€5.50", "€5", "money", False),
        ("for €5.", "€5", "money", True),
    ],
)
def test_a_fact_is_said_whole_or_not_at_all(
    text: str, fact: str, kind: str, expected: bool
) -> None:
    assert says(text, fact, kind) is expected  # type: ignore[arg-type]


# Fit


def test_a_text_message_over_three_segments_is_told_with_its_reason(files: Files) -> None:
    line = files.english(
        "{{ facts.discount }} off everything", "{{ facts.discount }} off " + "ł" * 200
    )
    found = [f for f in files.findings() if "segments" in f]
    assert len(found) == 1
    assert found[0].startswith(f"{EN}:{line}: this text can take 5 segments (UCS-2, ")
    assert "3 is the most. [sms, en_GB, body]" in found[0]
    assert "Without `ł` a segment holds 153 characters" in found[0]


def test_a_text_message_is_proven_for_the_longest_and_widest_value(files: Files) -> None:
    files.english("call_to", f"short: \"{{{{ customer.nearest_shop | or_else('us') }}}} "
                  "{{ facts.discount }} {{ facts.ends_on }} {{ facts.code }} {{ facts.shop }} "
                  f"{'x' * 95}\"\npost: \"{{{{ facts.discount }}}} {{{{ facts.ends_on }}}} "
                  "{{ facts.code }} {{ facts.shop }}\"\ncall_to")  # fmt: skip
    (found,) = told(files, "too-long")
    assert "4 segments (UCS-2" in found
    assert "nearest_shop up to 30" in found
    files.write("attributes.yaml", "nearest_shop: {type: text, max_length: 5}\n")
    assert files.findings() == []


def test_the_brand_sets_how_many_segments_it_pays_for(files: Files) -> None:
    files.brand("words:", "limits: {sms_segments: 1}\nwords:")
    files.english(
        "off everything", "off everything and more, on every shelf of every shop we have anywhere "
    )
    (found,) = told(files, "too-long")
    assert "2 segments (GSM-7, " in found
    assert "1 is the most" in found


def test_a_post_over_280_weighted_characters_is_told(files: Files) -> None:
    facts = "{{ facts.discount }} {{ facts.ends_on }} {{ facts.code }} {{ facts.shop }}"
    line = files.english("call_to", f"post: '{facts} {'é' * 230}'\ncall_to")
    (found,) = told(files, "too-long")
    assert found.startswith(f"{EN}:{line}: this can be 2")
    assert "280 is the most. [x_post, en_GB, body]" in found


def test_a_long_whatsapp_body_subject_and_html_are_told(files: Files) -> None:
    files.english("Until {{", "x" * 1000 + " {{")
    assert "1024 is the most. [whatsapp, en_GB, body]" in told(files, "too-long")[0]
    files.english('}} off"\nh', "}} off " + "y" * 80 + '"\nh')
    assert any(f"{EN}:1: the subject can be 88" in f for f in files.findings())
    files.change("layouts/email.html.j2", "</body>", "<p>" + "z" * 104_000 + "</p></body>")
    assert any(f.startswith("layouts/email.html.j2: the HTML can be ") for f in files.findings())


# Law


@pytest.mark.parametrize(("part", "layout"), [("html", "email.html.j2"), ("text", "email.txt.j2")])
def test_a_marketing_mail_without_unsubscribe_link_is_an_error(
    files: Files, part: str, layout: str
) -> None:
    files.change(f"layouts/{layout}", "{{ links.unsubscribe }}", "{{ facts.shop }}")
    found = told(files, "unsubscribe-missing")
    assert found[0].startswith(f"layouts/{layout}: a marketing e-mail needs an unsubscribe link")
    assert len(found) == 2  # one per locale
    files.campaign("topic: offers", "purpose: service")
    assert files.findings() == []


def test_a_mail_without_postal_address_is_an_error(files: Files) -> None:
    files.change("layouts/email.txt.j2", "{{ brand.postal_address }}", "x")
    assert "layouts/email.txt.j2: this e-mail does not show" in told(files, "address-missing")[0]


def test_a_brand_without_postal_address_cannot_send_mail(files: Files) -> None:
    files.brand("postal_address: Testa, 1 Imaginary Street, London\n", "")
    for layout in ("email.html.j2", "email.txt.j2"):
        files.change(f"layouts/{layout}", "{{ brand.postal_address }}", "x")
    found = told(files, "address-missing")
    assert found[0].startswith("brand.yaml: e-mail needs the brand's postal address.")


@pytest.mark.parametrize("channel", ["sms", "whatsapp", "x_dm"])
def test_marketing_by_message_says_how_to_stop_it(files: Files, channel: str) -> None:
    files.change(f"layouts/{channel}.txt.j2", "{{ legal }}", "")
    found = told(files, "legal-missing")
    assert found[0].startswith(f"layouts/{channel}.txt.j2: this message does not hold the legal")


def test_a_legal_line_missing_in_one_language_is_told(files: Files) -> None:
    line = files.brand(
        "  sms: {en: Reply STOP to opt out., es: Baja con STOP.}", "  sms: {en: Stop.}"
    )
    (found,) = told(files, "legal-missing")
    assert found.startswith(f"brand.yaml:{line}: marketing on sms needs words that say how")
    assert "Add `es: …`" in found


# Links


@pytest.mark.parametrize(
    ("address", "rule", "message"),
    [
        ("https://shop.example.org/x", "link-domain", "leads to shop.example.org"),
        ("https://shop.example.com.example.org/x", "link-domain", "leads to shop.example.com.ex"),
        ("https://shop.example.com@example.org/x", "link-domain", "leads to example.org"),
        ("http://shop.example.com/x", "link-scheme", "does not start with https://"),
        ("javascript:alert(1)", "link-scheme", "does not start with https://"),
        ("data:text/html,x", "link-scheme", "does not start with https://"),
        ("/relative", "link-scheme", "does not start with https://"),
    ],
)
def test_a_link_to_elsewhere_is_an_error(
    files: Files, address: str, rule: str, message: str
) -> None:
    files.change("layouts/email.html.j2", "</body>", f'<a href="{address}">x</a></body>')
    found = told(files, rule)
    assert found[0].startswith(f"layouts/email.html.j2: `{address}` ")
    assert message in found[0]


def test_an_address_typed_into_copy_is_told_at_its_line(files: Files) -> None:
    line = files.english("Until {{", "See http://shop.example.org/x. Until {{")
    assert all(f.startswith(f"{EN}:{line}: ") for f in told(files, "link-scheme"))


def test_a_fact_that_leads_elsewhere_is_told_at_the_fact(files: Files) -> None:
    line = files.campaign("shop.example.com", "shop.example.org")
    found = told(files, "link-domain")
    assert {f.split(": ")[0] for f in found} == {f"campaigns/sale/campaign.yaml:{line}"}


def test_mail_and_phone_links_are_fine(files: Files) -> None:
    links = '<a href="mailto:a@example.com">x</a><a href="tel:+34600000001">y</a>'
    files.change("layouts/email.html.j2", "</body>", f"{links}</body>")
    assert files.findings() == []


def test_empty_links_are_told(files: Files) -> None:
    files.change("layouts/email.html.j2", "</body>", "<a>x</a></body>")
    assert "a link leads nowhere" in told(files, "link-empty")[0]
    files.english("call_to_action: Buy now\n", "")
    assert any(f.startswith(f"{EN}: a link has no words") for f in files.findings())


# Copy


@pytest.mark.parametrize(("key", "channel"), [("subject", "email"), ("headline", "whatsapp")])
def test_a_missing_text_is_told(files: Files, key: str, channel: str) -> None:
    files.change("layouts/email.subject.j2", "{{ copy.subject }}", "x{{ copy.subject }}")
    files.english(f"{key}:", "preheader:")
    assert any(
        f.startswith(f"{EN}: `{key}` is missing; {channel} needs it. [{channel}, en_GB]")
        for f in files.findings()
    )


@pytest.mark.parametrize("words", ["TODO", "Lorem ipsum", "[NAME]", "*|FNAME|*", "XXX", "%%code%%"])
def test_what_was_left_over_is_told(files: Files, words: str) -> None:
    line = files.english("Buy now", f"'Buy {words}'")
    assert told(files, "left-over")[0].startswith(f"{EN}:{line}: `{words}` looks like")


def test_words_that_only_look_left_over_are_fine(files: Files) -> None:
    files.spanish("Comprar", "Comprar todo")
    assert files.findings() == []


def test_a_post_with_a_customers_value_is_an_error(files: Files) -> None:
    facts = "{{ facts.discount }} {{ facts.ends_on }} {{ facts.code }} {{ facts.shop }}"
    line = files.english(
        "call_to", f"post: \"{{{{ customer.first_name | or_else('x') }}}} {facts}\"\ncall_to"
    )
    (found,) = told(files, "post-personal")
    assert found.startswith(f"{EN}:{line}: the X post is the same for everyone and cannot hold `fi")


def test_a_value_without_fallback_is_a_warning(files: Files) -> None:
    line = files.english(" | or_else('friend')", "")
    compiled = files.compile()
    assert {f.level for f in compiled.findings} == {Level.WARNING}
    assert compiled.release is not None
    assert files.findings()[0].startswith(f"{EN}:{line}: `first_name` has no fallback")


def test_a_variant_in_one_language_only_is_told(files: Files) -> None:
    files.english("call_to", "variants: {b: {greeting: Hi}}\ncall_to")
    (found,) = told(files, "variant-missing")
    assert found.startswith(f"{ES}: variant `b` is missing here")


# Voice


def test_a_term_to_avoid_is_told_with_its_reason_where_it_stands(files: Files) -> None:
    files.brand("words:", "terms: {avoid: [{term: cheap, reason: We say worth., "
                "use_instead: good value, locales: [en_GB]}]}\nwords:")  # fmt: skip
    line = files.english("Buy now", "Cheap pots")
    (found,) = told(files, "term")
    assert found == (
        f"{EN}:{line}: the brand does not say `Cheap`. [email, en_GB, html] "
        "Use good value: We say worth."
    )
    files.english("Cheap pots", "Cheapest pots")
    files.spanish("Comprar", "cheap")
    assert files.findings() == []


def test_a_name_written_another_way_is_told(files: Files) -> None:
    files.brand("words:", "names: [{write: Testa, not: [testa, TESTA]}]\nwords:")
    line = files.english("Buy now", "Buy at testa")
    assert told(files, "name")[0].startswith(f"{EN}:{line}: the name `Testa` is written `testa`")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("Buy now!", "1 exclamation marks; 0 is the most"),
        ("BUY NOW", "2 words in capitals (BUY, NOW)"),
        ("Buy 🎉", "an emoji"),
    ],
)
def test_a_loud_text_is_told(files: Files, words: str, message: str) -> None:
    files.brand(
        "words:",
        "voice: {max_exclamation_marks: 0, max_capital_words: 1, emoji: false}\nwords:",
    )
    line = files.english("Buy now", words)
    (found,) = told(files, "voice")
    assert found.startswith(f"{EN}:{line}: `call_to_action` has {message}")


def test_findings_name_channel_locale_and_part_for_machines(files: Files) -> None:
    files.spanish("con {{ facts.code }}", "con el código")
    finding = files.compile().findings[0]
    assert finding.as_json() == {
        "rule": "fact-missing",
        "level": "error",
        "message": "this message does not say the fact `code` (SPRING20).",
        "mend": "Put {{ facts.code }} into the text.",
        "file": str(files.root / ES),
        "line": 4,
        "channel": Channel.EMAIL,
        "locale": "es_ES",
        "part": "html",
    }
