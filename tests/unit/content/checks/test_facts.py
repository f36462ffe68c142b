"""Facts: what must be said is said, and nothing else."""

from __future__ import annotations

import pytest

from tests.unit.content.checks.told import CAMPAIGN, EN, ES, told
from tests.unit.content.files import Files


def test_the_untouched_campaign_has_no_finding(files: Files) -> None:
    assert files.findings() == []


def test_a_fact_dropped_from_the_copy_is_told_for_each_channel_and_part(files: Files) -> None:
    line = files.spanish("con {{ facts.code }}", "con el código")
    found = told(files, "fact-missing")
    assert all(
        f.startswith(f"{ES}:{line}: this message does not say the fact `code`") for f in found
    )
    shown = {f.split("[")[1].split("]")[0] for f in found}
    assert shown == {"email, es_ES, html", "email, es_ES, text", "whatsapp, es_ES, body"}
    assert found[0].endswith("Put {{ facts.code }} into the text.")


def test_a_fact_typed_by_hand_in_another_locales_form_is_told(files: Files) -> None:
    line = files.spanish("{{ facts.ends_on }}", "31 March 2027")
    found = told(files, "wrong-format", "typed-fact")
    assert found[-1].startswith(
        f"{ES}:{line}: Wrong format: write 31 de marzo de 2027 instead of 31 M"
    )


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


@pytest.mark.parametrize("typed", ["120%", "1.20%", "20,5%", "200%", "21%", "2%", "20 €", "€20"])
def test_a_value_that_is_not_quite_the_fact_is_not_the_fact(files: Files, typed: str) -> None:
    files.change("layouts/x_post.txt.j2", "{{ copy.post }}", f"{typed} {{{{ facts.ends_on }}}} "
                 "{{ facts.code }} {{ facts.shop }}")  # fmt: skip
    assert {f.rule for f in files.compile().findings} >= {"fact-missing", "stranger"}


def test_a_stated_last_day_without_an_end_of_sending_is_told(files: Files) -> None:
    files.change(CAMPAIGN, "expires: 2027-03-31\n", "")
    (found,) = told(files, "expires-late")
    assert found.startswith(
        f"{CAMPAIGN}:5: it has no `expires`: it is sent after the fact `ends_on`"
    )
    files.change(CAMPAIGN, "must_say: [discount, ends_on,", "must_say: [discount,")
    assert told(files) == []
