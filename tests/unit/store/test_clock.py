"""Instants as integers and back, without losing or moving any."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.store.clock import from_ms, from_ms_or_none, to_ms, to_ms_or_none


@given(st.integers(min_value=-(10**13), max_value=10**14))
def test_every_millisecond_comes_back_as_itself(ms: int) -> None:
    assert to_ms(from_ms(ms)) == ms


def test_an_instant_is_the_same_in_every_zone() -> None:
    here = datetime(2027, 3, 28, 3, 30, tzinfo=timezone(timedelta(hours=2)))
    assert to_ms(here) == to_ms(here.astimezone(UTC))
    assert from_ms(to_ms(here)) == here


def test_parts_of_a_millisecond_are_rounded_down() -> None:
    assert to_ms(datetime(1970, 1, 1, 0, 0, 0, 1999, tzinfo=UTC)) == 1
    assert to_ms(datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)) == -1


def test_a_time_without_a_zone_is_no_instant() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        to_ms(datetime(2027, 3, 1))


def test_nothing_stays_nothing() -> None:
    assert from_ms_or_none(None) is None
    assert to_ms_or_none(None) is None
    assert from_ms_or_none(to_ms_or_none(datetime(2027, 3, 1, tzinfo=UTC))) == datetime(
        2027, 3, 1, tzinfo=UTC
    )
