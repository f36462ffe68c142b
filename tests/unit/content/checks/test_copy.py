"""Copy: complete, nothing left over."""

from __future__ import annotations

import pytest

from campaigns.domain.findings import Level
from tests.unit.content.checks.told import EN, ES, told
from tests.unit.content.files import Files


@pytest.mark.parametrize(("key", "channel"), [("subject", "email"), ("headline", "whatsapp")])
def test_a_missing_text_is_told(files: Files, key: str, channel: str) -> None:
    files.change("layouts/email.subject.j2", "{{ copy.subject }}", "x{{ copy.subject }}")
    files.english(f"{key}:", "closing:")
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


@pytest.mark.parametrize("language", ["en", "es"])
def test_a_missing_subject_is_told_at_the_copy_and_not_at_the_layout(
    files: Files, language: str
) -> None:
    path = f"campaigns/sale/copy.{language}.yaml"
    files.change(path, "subject:", "closing:")
    assert files.findings()[0].startswith(f"{path}: `subject` is missing in {language}_")


@pytest.mark.parametrize("name", ["copy.fr.yaml", "copy.fr_FR.yaml"])
def test_a_copy_in_a_language_that_nobody_gets_is_told(files: Files, name: str) -> None:
    files.write(f"campaigns/sale/{name}", "subject: Soldes\n")
    (found,) = told(files, "file-unread")
    assert found.startswith(
        f"campaigns/sale/{name}: Nobody gets this copy: the campaign's locales are en_GB, es_ES."
    )
    assert "`locales` in brand.yaml" in found


def test_a_copy_that_the_campaigns_own_locales_leave_out_is_told(files: Files) -> None:
    files.campaign("channels:", "locales: [en_GB]\nchannels:")
    (found,) = told(files, "file-unread")
    assert found.startswith(f"{ES}: Nobody gets this copy: the campaign's locales are en_GB.")
    assert "Add es_ES to `locales` in campaign.yaml" in found


@pytest.mark.parametrize("name", ["copy-es.yaml", "campaign.yml", "copy_fr.yml"])
def test_a_file_with_a_name_that_is_not_looked_for_is_told(files: Files, name: str) -> None:
    files.write(f"campaigns/sale/{name}", "subject: Rebajas\n")
    (found,) = told(files, "file-unread")
    assert found.startswith(f"campaigns/sale/{name}: Nobody reads this file")


def test_a_locales_own_copy_beside_its_languages_is_read(files: Files) -> None:
    files.write("campaigns/sale/copy.es_ES.yaml", "call_to_action: Compra ya\n")
    assert files.findings() == []
