"""Who goes first, and what decides about the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from campaigns.domain.canary import CanarySpec, CanaryState, Seen, choose_canary, judge

SPEC = CanarySpec(people=500, watch="2 h", bounces=2, complaints=0.1, opt_outs=1)  # type: ignore[arg-type]
NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
FINE = Seen(people=500, left=0, settled_at=NOW, reported=480, bounced=10, complained=0, opted_out=5)


def test_the_few_are_the_same_whoever_asks_and_others_for_another_campaign() -> None:
    everybody = range(1, 10_001)
    first = choose_canary("sale/", everybody, 500)
    assert first == choose_canary("sale/", reversed(everybody), 500)
    assert len(set(first)) == 500
    assert set(first) <= set(everybody)
    assert len(set(first) & set(choose_canary("move/", everybody, 500))) < 60  # 25 by chance


def test_the_few_are_like_the_rest() -> None:
    """500 of 10,000: of any tenth about 50 (a standard deviation is 6.5)."""
    first = choose_canary("sale/", range(10_000), 500)
    for tenth in range(10):
        assert 25 < sum(1000 * tenth <= c < 1000 * (tenth + 1) for c in first) < 75
        assert 25 < sum(c % 10 == tenth for c in first) < 75


def test_a_customer_more_moves_one_at_the_most() -> None:
    before = set(choose_canary("sale/", range(1, 2001), 100))
    after = set(choose_canary("sale/", range(1, 2002), 100))
    assert len(before - after) <= 1


def test_exactly_the_threshold_is_not_above_it() -> None:
    over = NOW + timedelta(hours=2)
    assert judge(SPEC, FINE, over).state is CanaryState.PASSED
    assert judge(SPEC, replace(FINE, bounced=11), over).state is CanaryState.STOPPED
    assert judge(SPEC, replace(FINE, opted_out=6), over).state is CanaryState.STOPPED
    assert judge(SPEC, replace(FINE, complained=1), over).state is CanaryState.STOPPED


def test_a_threshold_stops_at_once_and_the_watch_ends_in_its_time() -> None:
    early = NOW + timedelta(minutes=5)
    assert judge(SPEC, FINE, early).state is CanaryState.WATCHING
    assert judge(SPEC, FINE, NOW + timedelta(minutes=119)).state is CanaryState.WATCHING
    stopped = judge(SPEC, replace(FINE, complained=1, bounced=20), early)
    assert stopped.state is CanaryState.STOPPED
    assert stopped.because == (
        "20 of the first 500 bounced or were rejected: 4 percent, more than 2; "
        "1 of the first 500 reported it as spam: 0.2 percent, more than 0.1"
    )


def test_the_watch_begins_when_the_last_of_them_has_left() -> None:
    some = replace(FINE, left=3, settled_at=None)
    verdict = judge(SPEC, some, NOW + timedelta(days=1))
    assert (verdict.state, verdict.until) == (CanaryState.SENDING, None)
    assert verdict.because == "497 of the first 500 sent"


def test_a_canary_of_which_nothing_was_reported_says_so() -> None:
    silent = replace(FINE, reported=0, bounced=0, opted_out=0)
    assert (
        "no provider has reported anything" in judge(SPEC, silent, NOW + timedelta(hours=3)).because
    )
