"""Assignment to arms."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.experiment import assign


@given(st.text(max_size=20), st.integers(1, 10**12))
def test_a_customer_stays_in_their_arm(key: str, customer: int) -> None:
    shares = {"a": 50.0, "b": 30.0, "c": 20.0}
    assert assign(key, customer, shares) == assign(key, customer, shares)


def test_arms_are_filled_by_their_shares() -> None:
    found = Counter(assign("spring", n, {"a": 80, "b": 15, "c": 5}) for n in range(20_000))
    assert found["a"] == pytest.approx(16_000, rel=0.02)
    assert found["b"] == pytest.approx(3_000, rel=0.05)
    assert found["c"] == pytest.approx(1_000, rel=0.1)


def test_one_experiment_says_nothing_about_another() -> None:
    both = Counter(
        (assign("spring", n, {"a": 1, "b": 1}), assign("summer", n, {"a": 1, "b": 1}))
        for n in range(20_000)
    )
    assert all(count == pytest.approx(5_000, rel=0.05) for count in both.values())


def test_an_arm_without_a_share_gets_nobody() -> None:
    assert {assign("x", n, {"a": 1, "b": 0}) for n in range(500)} == {"a"}


@pytest.mark.parametrize("shares", [{}, {"a": 0}, {"a": 2, "b": -1}])
def test_shares_that_are_none_are_refused(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares must be positive"):
        assign("x", 1, shares)
