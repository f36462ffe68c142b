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
    files = begin(catalog, "summer_sale", today=TODAY)
    assert [f.name for f in files] == [
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


def test_a_brand_in_a_language_the_example_does_not_know_is_told_so(catalog: Catalog) -> None:
    brand = catalog.templates / "brand.yaml"
    text = brand.read_text(encoding="utf-8")
    brand.write_text(text.replace("ca_ES", "fr_FR"), encoding="utf-8")
    with pytest.raises(UserError, match="no words in fr"):
        begin(catalog, "summer_sale", today=TODAY)
