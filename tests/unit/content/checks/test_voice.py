"""Voice: the brand’s own rules for words."""

from __future__ import annotations

import pytest

from campaigns.domain.channel import Channel
from tests.unit.content.checks.told import EN, ES, told
from tests.unit.content.files import Files


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
