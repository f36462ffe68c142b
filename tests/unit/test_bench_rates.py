"""The simulation of the vendors' rates agrees with the arithmetic that docs/scaling.md does."""

from __future__ import annotations

import pytest

from tests.bench.rates import SENDERS, simulate


@pytest.mark.parametrize("name", sorted(SENDERS))
@pytest.mark.parametrize("lanes", [1, 8, 64])
def test_the_larger_of_the_two_limits_decides(name: str, lanes: int) -> None:
    came = simulate(SENDERS[name], 3_000, lanes)

    expected = max(came.by_rate, came.by_workers)
    assert came.seconds >= 0.95 * expected
    # A burst costs sustained rate (domain.pace.Spacing), of X's fifteen a third; a last call.
    assert came.seconds <= 1.6 * expected + 5


def test_more_lanes_do_not_help_where_the_vendor_decides() -> None:
    few, many = (simulate(SENDERS["sms_long"], 1_000, lanes) for lanes in (1, 64))

    assert many.bound == "the rate"
    assert many.seconds == pytest.approx(few.seconds, rel=0.02)


def test_more_lanes_help_where_they_decide() -> None:
    few, many = (simulate(SENDERS["email"], 1_000_000, lanes) for lanes in (4, 16))

    assert many.seconds == pytest.approx(few.seconds / 4, rel=0.05)
