"""Every rule finds its fault; and docs/checks.md explains every rule."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from campaigns.content.checks.rules import RULES
from campaigns.domain.findings import Level
from tests.unit.content.checks.told import BRAND, CAMPAIGN, EN, ES
from tests.unit.content.files import Files

NOW = datetime(2027, 1, 10, tzinfo=UTC)
DOCS = Path(__file__).parents[4] / "docs/checks.md"
HTML, TEXT = "layouts/email.html.j2", "layouts/email.txt.j2"

LONG_WINDED = (
    "Notwithstanding considerable horticultural circumstances, everything obtainable within our "
    "establishments remains available whenever customers, following appropriate consideration, "
    "determine that particular requirements concerning balconies, terraces, conservatories, "
    "greenhouses and surrounding gardens necessitate additional containers or implements."
)

#: Rule → file, words there, and the words that make the fault.
FAULTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "file": ((EN, "{{ facts.code }}", "{{ facts.cod }}"),),
    "fact-missing": ((ES, "con {{ facts.code }}", "con"),),
    "stranger": ((EN, "Until {{", "From €49 until {{"),),
    "wrong-format": ((ES, "{{ facts.ends_on }}", "31 March 2027"),),
    "in-words": ((ES, "Hasta", "Un veinte por ciento hasta"),),
    "ambiguous": ((CAMPAIGN, "2027-03-31", "2027-03-04"), (ES, "{{ facts.ends_on }}", "4/3/2027")),
    "typed-fact": ((EN, "Until {{", "20% until {{"),),
    "label-empty": (
        (BRAND, "words:", "labels: {code: {en: Code, es: Código}}\nwords:"),
        (TEXT, "{{ brand.postal", "{{ labels.code }}:\n{{ brand.postal"),
    ),
    "twin-differs": (
        (CAMPAIGN, "must_say", "  help: {phone: '+34600000120'}\nmust_say"),
        (HTML, "</body>", "{{ facts.help }}</body>"),
    ),
    "implausible": ((CAMPAIGN, "percent: 20", "percent: 120"),),
    "expires-late": ((CAMPAIGN, "expires: 2027-03-31", "expires: 2027-04-05"),),
    "over": ((CAMPAIGN, "2027-03-31", "2026-03-31"),),
    "locale-facts": ((EN, 'off"\nheadline', 'off with {{ facts.code }}"\nheadline'),),
    "locale-slots": ((ES, "Hola, {{ customer.first_name | or_else('amiga') }}:", "Hola:"),),
    "locale-texts": ((EN, "call_to", "closing: Bye\ncall_to"),),
    "label-missing": ((BRAND, "words:", "labels: {code: {en: Code}}\nwords:"),),
    "language": ((ES, "Hasta el", "Everything you need for a garden is here. Hasta el"),),
    "untranslated": ((ES, "Macetas, plantas y semillas", "Pots, plants and seeds"),),
    "too-long": ((EN, "Buy now", "Buy now, " * 6),),
    "topic-unknown": ((BRAND, "words:", "topics: {news: {en: News, es: Noticias}}\nwords:"),),
    "unsubscribe-missing": ((TEXT, "{{ links.unsubscribe }}", "-"),),
    "address-missing": ((TEXT, "{{ brand.postal_address }}", "-"),),
    "legal-missing": (("layouts/sms.txt.j2", "{{ legal }}", ""),),
    "link-domain": ((CAMPAIGN, "shop.example.com", "shop.example.org"),),
    "link-scheme": ((TEXT, "{{ copy.greeting }}", "{{ copy.greeting }} ftp://shop.example.com/x"),),
    "link-empty": ((HTML, '<a href="{{ facts.shop }}">', '<a href="#">'),),
    "term": (
        (BRAND, "words:", "terms: {avoid: [{term: cheap, reason: No.}]}\nwords:"),
        (EN, "Buy now", "Buy cheap"),
    ),
    "name": ((BRAND, "words:", "names: [{write: Testa}]\nwords:"), (EN, "Buy now", "TESTA now")),
    "voice": (
        (BRAND, "words:", "voice: {max_exclamation_marks: 0}\nwords:"),
        (EN, "Buy now", "Buy!"),
    ),
    "reading-level": (
        (BRAND, "words:", "voice: {max_lix: 40}\nwords:"),
        (EN, "Until {{", f"{LONG_WINDED} Until {{{{"),
    ),
    "pattern": (
        (BRAND, "words:", "patterns: [{id: x, pattern: now, reason: No hurry.}]\nwords:"),
    ),
    "contrast": ((BRAND, 'muted: "#333333"', 'muted: "#999999"'),),
    "sender-domain": ((BRAND, "news.example.com", "news.example.org"),),
    "mail-lang": ((HTML, ' lang="{{ language }}"', ""),),
    "mail-title": ((HTML, "<title>{{ copy.subject }}</title>", ""),),
    "mail-alt": ((HTML, "</body>", '<img src="https://shop.example.com/a.png"></body>'),),
    "mail-active": ((HTML, "</body>", "<script>x()</script></body>"),),
    "mail-support": ((HTML, "</body>", '<p style="float: left">.</p></body>'),),
    "preheader-missing": ((HTML, "{{ copy.preheader }}", ""),),
    "copy-missing": ((EN, "subject:", "post:"), ("layouts/email.subject.j2", "{{", "x {{")),
    "variant-missing": ((EN, "call_to", "variants: {b: {greeting: Hi}}\ncall_to"),),
    "step-missing": (
        (CAMPAIGN, "channels:", "steps: [{name: one}, {name: two}]\nchannels:"),
        (EN, "call_to", "steps: {two: {headline: 'Still {{ facts.discount }} off'}}\ncall_to"),
    ),
    "step-repeats": (
        (CAMPAIGN, "channels:", "steps: [{name: one}, {name: two}]\nchannels:"),
        (EN, "call_to", "steps: {two: {subject: 'Still {{ facts.discount }} off'}}\ncall_to"),
        (ES, "call_to", "steps: {two: {subject: 'Aún {{ facts.discount }} menos'}}\ncall_to"),
    ),
    "budget-unpriced": (
        (CAMPAIGN, "channels:", "budget: {amount: 100, currency: EUR}\nchannels:"),
    ),
    "odd-letters": ((EN, "Buy now", "Buy nоw"),),
    "vague-date": ((EN, "Buy now", "Buy now, until Sunday"),),
    "left-over": ((EN, "Buy now", "Buy TODO"),),
    "post-personal": (
        ("layouts/x_post.txt.j2", "{{ copy.post }}", "{{ copy.post }} {{ copy.greeting }}"),
    ),
    "no-fallback": ((EN, " | or_else('friend')", ""),),
    "file-unread": ((CAMPAIGN, "channels:", "locales: [en_GB]\nchannels:"),),
    "copy-unused": ((EN, "call_to", "closing: See you among the pots\ncall_to"),),
    "doubled-word": ((EN, "Buy now", "Buy now now"),),
    "spacing": ((EN, "Buy now", "Buy , now"),),
}  # fmt: skip


def test_there_is_a_fault_for_every_rule() -> None:
    assert set(FAULTS) == set(RULES)


@pytest.mark.parametrize("rule", FAULTS)
def test_a_rule_finds_its_fault_and_says_where_and_how_to_mend_it(files: Files, rule: str) -> None:
    for file, old, new in FAULTS[rule]:
        files.change(file, old, new)
    found = [f for f in files.compile().at(NOW) if f.rule == rule]
    assert found, files.findings()
    for finding in found:
        assert Path(finding.file).is_relative_to(files.root)
        assert finding.message.endswith((".", "!", "?"))
        assert finding.mend or rule == "file"
        if rule != "mail-support":
            assert finding.level is RULES[rule].level


@pytest.mark.parametrize("rule", FAULTS)
def test_findings_are_the_same_each_time(files: Files, rule: str) -> None:
    for file, old, new in FAULTS[rule]:
        files.change(file, old, new)
    assert files.findings() == files.findings()


def test_the_page_explains_every_rule_and_no_other() -> None:
    rows = re.findall(
        r"^\| `([a-z-]+)`( \(warning.*?\))? \|(.*)\|$", DOCS.read_text(), re.MULTILINE
    )
    assert sorted(name for name, _, _ in rows) == sorted(RULES)
    for name, warning, cells in rows:
        assert bool(warning) == (RULES[name].level is Level.WARNING), name
        told = [cell.strip() for cell in re.split(r"(?<!\\)\|", cells)]
        assert len(told) == 3, name
        assert all(told), f"{name} lacks what it finds, an example, or how to mend it"
