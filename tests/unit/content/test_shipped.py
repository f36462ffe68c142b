"""The shipped campaigns: without a finding, and quick to check."""

from __future__ import annotations

import re
import shutil
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from campaigns.content.compile import compile_campaign
from campaigns.domain.channel import Channel
from campaigns.domain.click_links import without_click_links
from campaigns.domain.message import fill
from campaigns.domain.slots import longest_values

SHIPPED = Path(__file__).parents[3] / "templates"
NAMES = sorted(p.parent.name for p in SHIPPED.glob("campaigns/*/campaign.yaml"))


def test_an_offer_a_notice_and_a_journey_are_shipped() -> None:
    assert {"spring_sale", "shop_moves", "welcome"} == set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_campaign_has_no_finding(name: str) -> None:
    compiled = compile_campaign(SHIPPED, name)
    assert [str(f) for f in compiled.findings] == []
    assert compiled.release is not None


@pytest.mark.parametrize("name", NAMES)
def test_every_shipped_skeleton_can_be_filled(name: str) -> None:
    compiled = compile_campaign(SHIPPED, name)
    assert compiled.release is not None
    for skeleton in compiled.release.skeletons:
        for text in fill(skeleton, longest_values(skeleton)).values():
            assert text.strip() == text
            assert not any(0xE000 <= ord(c) <= 0xF8FF or ord(c) >= 0xF0000 for c in text)


@pytest.mark.parametrize("name", NAMES)
def test_click_links_change_where_a_click_goes_and_nothing_else(name: str, tmp_path: Path) -> None:
    """The checks say the same, every other part is the same, and taken out again so is the HTML."""
    shutil.copytree(SHIPPED, tmp_path / "templates")
    with (tmp_path / "templates" / "brand.yaml").open("a") as brand:
        brand.write("\nclicks: true\n")
    with_clicks = compile_campaign(tmp_path / "templates", name)
    without = compile_campaign(SHIPPED, name).release
    assert with_clicks.findings == ()
    assert with_clicks.release is not None
    assert without is not None
    links = with_clicks.release.links
    changed = 0
    for ours, plain in zip(with_clicks.release.skeletons, without.skeletons, strict=True):
        assert without_click_links(ours, links) == plain
        changed += ours != plain
    assert changed == sum(s.channel is Channel.EMAIL for s in without.skeletons) > 0
    assert all(url.startswith("https://shop.example.com/") for url in links.values())


def test_the_dates_of_what_is_shipped_lie_well_ahead() -> None:
    """This looks at the real clock on purpose: the demo and many tests send by it."""
    soon = datetime.now(UTC).date() + timedelta(days=60)
    for file in [*SHIPPED.glob("campaigns/*/campaign.yaml"), SHIPPED.parent / "prefect.yaml"]:
        text = file.read_text(encoding="utf-8")
        days = re.findall(r"\b20\d\d-\d\d-\d\d\b|(?<=DTSTART:)\d{8}", text)
        assert "expires:" not in text or days, f"no date is found in {file.name}"
        for day in days:
            assert date.fromisoformat(day) > soon, (
                f"{file.parent.name}/{file.name} says {day}, which is soon over or is: move the "
                "shipped dates on (CONTRIBUTING.md, 'The shipped dates')"
            )


def test_a_check_takes_less_than_a_second_of_processor_time() -> None:
    compile_campaign(SHIPPED, "spring_sale")
    started = time.process_time()
    compile_campaign(SHIPPED, "spring_sale")
    assert time.process_time() - started < 1.0
