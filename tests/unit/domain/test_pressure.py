"""Caps: which channels are full, by the brand's and the customer's own limits."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.pressure import Cap, Pressure, capped

ALL, NONE = frozenset(PERSONAL_CHANNELS), frozenset[Channel]()
WEEKLY, ONE_TEXT = Cap(messages=3, days=7), Cap(messages=1, days=1, channel=Channel.SMS)


@pytest.mark.parametrize(
    ("counts", "weekly_most", "in_week", "expected"),
    [
        ((0, 0), None, 0, NONE),
        ((2, 0), None, 2, NONE),
        ((3, 0), None, 3, ALL),
        ((4, 0), None, 4, ALL),
        ((1, 1), None, 1, {Channel.SMS}),
        ((3, 1), None, 3, ALL),
        # The customer's own limit counts beside the brand's; the stricter wins.
        ((1, 0), 1, 1, ALL),
        ((1, 0), 2, 1, NONE),
        ((3, 0), 9, 3, ALL),
        ((0, 0), 0, 0, ALL),
    ],
)
def test_a_channel_is_full_by_whichever_limit_is_reached(
    counts: tuple[int, int],
    weekly_most: int | None,
    in_week: int,
    expected: frozenset[Channel],
) -> None:
    found = capped((WEEKLY, ONE_TEXT), counts, weekly_most=weekly_most, in_week=in_week)
    assert found == expected


def test_a_cap_looks_back_from_now() -> None:
    now = datetime.fromisoformat("2027-03-10T12:00+00:00")
    assert WEEKLY.since(now) == now - timedelta(days=7)


caps = st.lists(
    st.builds(
        Cap,
        messages=st.integers(1, 5),
        days=st.integers(1, 90),
        channel=st.none() | st.sampled_from(PERSONAL_CHANNELS),
    ),
    max_size=4,
)


@given(caps, st.data())
def test_more_contacts_and_more_caps_never_open_a_channel(
    few: list[Cap], data: st.DataObject
) -> None:
    counts = [data.draw(st.integers(0, 6)) for _ in few]
    more = [count + data.draw(st.integers(0, 3)) for count in counts]
    most = data.draw(st.none() | st.integers(0, 5))
    in_week = data.draw(st.integers(0, 6))
    before = capped(few, counts, weekly_most=None, in_week=in_week)
    assert before <= capped(few, more, weekly_most=None, in_week=in_week)
    assert before <= capped(few, counts, weekly_most=most, in_week=in_week)
    assert capped(few[1:], counts[1:], weekly_most=None, in_week=in_week) <= before


@pytest.mark.parametrize(
    "wrong",
    [
        {"messages": 0, "days": 7},
        {"messages": 1, "days": 0},
        {"messages": 1, "days": 91},  # contacts are not kept for so long
        {"messages": 1, "days": 7, "channel": "x_post"},
        {"messages": 1, "days": 7, "channel": "pigeon"},
        {"messages": 1},
    ],
)
def test_a_cap_that_cannot_be_kept_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Pressure.model_validate({"caps": [wrong]})
