"""Fit: the longest message that can be is within its channel."""

from __future__ import annotations

import pytest

from tests.unit.content.checks.told import EN, of_rule, told
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


def test_a_campaign_may_have_limits_of_its_own(files: Files) -> None:
    files.brand("words:", "limits: {sms_segments: 1, characters: {greeting: 40}}\nwords:")
    files.english(
        "off everything", "off everything and more, on every shelf of every shop we have anywhere "
    )
    assert of_rule(files, "too-long")
    files.campaign("audience:", "limits: {sms_segments: 2, characters: {greeting: 60}}\naudience:")
    assert of_rule(files, "too-long") == []


@pytest.mark.parametrize(
    ("key", "most", "old"),
    [
        ("preheader", 150, "Pots, plants and seeds"),
        ("call_to_action", 40, "Buy now"),
        ("headline", 110, "off everything"),
    ],
)
def test_a_text_that_its_place_has_no_room_for_is_told(
    files: Files, key: str, most: int, old: str
) -> None:
    line = files.english(f"{old}\n" if key != "headline" else f'{old}"', "x" * most + (
        "\n" if key != "headline" else '"'))  # fmt: skip
    found = of_rule(files, "too-long")
    allowed = key != "headline"  # whose fact counts too
    assert bool(found) is not allowed
    files.english("x" * most, "x" * (most + 1))
    assert any(
        f.startswith(f"{EN}:{line}: `{key}` can be ") and f"{most} is the most" in f
        for f in of_rule(files, "too-long")
    )


def test_the_brand_can_limit_any_text(files: Files) -> None:
    line = files.english("greeting:", "greeting:")
    files.brand("words:", "limits: {characters: {greeting: 30}}\nwords:")
    assert of_rule(files, "too-long")[0].startswith(
        f"{EN}:{line}: `greeting` can be 47 characters long; 30 is the most."
    )


def test_a_customers_value_that_can_bring_a_wide_letter_is_named(files: Files) -> None:
    shop = "{{ customer.nearest_shop | or_else('us') }}"
    facts = "{{ facts.discount }} {{ facts.ends_on }} {{ facts.code }} {{ facts.shop }}"
    files.english("call_to", f'short: "{shop} {facts} {"x" * 95}"\npost: "{facts}"\ncall_to')
    found = [f for f in of_rule(files, "too-long") if "segments" in f]
    assert "A customer's nearest_shop can bring a letter that makes a segment hold 67" in found[0]
