"""Fit: the longest message that can be is within its channel."""

from __future__ import annotations

from tests.unit.content.checks.told import EN, told
from tests.unit.content.files import Files


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
