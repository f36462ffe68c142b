"""The shipped campaigns: without a finding, and quick to check."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from campaigns.content.compile import compile_campaign
from campaigns.domain.message import fill
from campaigns.domain.slots import longest_values

SHIPPED = Path(__file__).parents[3] / "templates"
NAMES = sorted(p.parent.name for p in SHIPPED.glob("campaigns/*/campaign.yaml"))


def test_two_campaigns_are_shipped() -> None:
    assert {"spring_sale", "shop_moves"} <= set(NAMES)


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


def test_a_check_takes_less_than_a_second_of_processor_time() -> None:
    compile_campaign(SHIPPED, "spring_sale")
    started = time.process_time()
    compile_campaign(SHIPPED, "spring_sale")
    assert time.process_time() - started < 1.0
