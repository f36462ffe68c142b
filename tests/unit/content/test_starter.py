"""A campaign begun from the example is sound as it stands."""

from __future__ import annotations

import shutil
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from campaigns.content.catalog import Catalog
from campaigns.content.starter import begin
from campaigns.errors import UserError

ROOT = Path(__file__).parents[3]
TODAY = date(2027, 1, 10)


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    return Catalog(tmp_path / "templates")


def test_a_new_campaign_checks_clean_in_every_language_of_the_brand(catalog: Catalog) -> None:
    begun = begin(catalog, "summer_sale", today=TODAY)
    assert begun.to_translate == []
    assert [f.name for f in begun.files] == [
        "campaign.yaml", "copy.en.yaml", "copy.es.yaml", "copy.ca.yaml",
    ]  # fmt: skip
    assert catalog.check("summer_sale", datetime.combine(TODAY, time(), UTC)) == []
    assert catalog.compile("summer_sale").title == "Summer sale"


def test_the_example_is_not_over_before_it_is_opened_again(catalog: Catalog) -> None:
    begin(catalog, "summer_sale", today=TODAY)
    expires = catalog.compile("summer_sale").policy.expires_at
    assert expires is not None
    assert expires.date() > TODAY


@pytest.mark.parametrize("name", ["Summer", "../escape", "a b", "", "1st", "x" * 41])
def test_a_name_that_is_no_folder_name_is_refused(catalog: Catalog, name: str) -> None:
    with pytest.raises(UserError, match="cannot be a campaign's name"):
        begin(catalog, name, today=TODAY)


def test_a_campaign_that_is_there_is_not_written_over(catalog: Catalog) -> None:
    before = (catalog.templates / "campaigns/spring_sale/campaign.yaml").read_bytes()
    with pytest.raises(UserError, match="there already"):
        begin(catalog, "spring_sale", today=TODAY)
    assert (catalog.templates / "campaigns/spring_sale/campaign.yaml").read_bytes() == before


def test_in_a_language_the_example_does_not_know_the_checks_tell_what_to_translate(
    catalog: Catalog,
) -> None:
    brand = catalog.templates / "brand.yaml"
    text = brand.read_text(encoding="utf-8")
    for known, other in [("ca_ES", "de_DE"), ("ca: ", "de: ")]:
        text = text.replace(known, other)
    brand.write_text(text, encoding="utf-8")
    begun = begin(catalog, "summer_sale", today=TODAY)
    assert [f.name for f in begun.to_translate] == ["copy.de.yaml"]
    found = catalog.check("summer_sale", datetime.combine(TODAY, time(), UTC))
    copy = [f for f in found if f.file.endswith("copy.de.yaml")]
    assert {f.rule for f in copy} == {"untranslated", "language"}
    keys = {f.message.split("`")[1] for f in copy if f.rule == "untranslated"}
    assert keys >= {"preheader", "greeting", "body", "call_to_action", "closing", "short"}


def test_a_new_campaign_uses_the_channels_and_topics_that_the_brand_has(catalog: Catalog) -> None:
    brand = catalog.templates / "brand.yaml"
    text = brand.read_text(encoding="utf-8")
    for line in ('  whatsapp: {from: "+447700900124"}\n', '  sms: {from: "+447700900123"}\n'):
        assert line in text
        text = text.replace(line, "")
    text = text.replace("  offers: {en: Offers, es: Ofertas, ca: Ofertes}\n", "")
    brand.write_text(text, encoding="utf-8")
    begin(catalog, "summer_sale", today=TODAY)
    assert catalog.check("summer_sale", datetime.combine(TODAY, time(), UTC)) == []
    policy = catalog.compile("summer_sale").policy
    assert (policy.topic, [str(c) for c in policy.channels]) == ("news", ["email"])
