"""Quiet hours: a table of moments, and what must hold in any zone at any instant."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.quiet_hours import ALWAYS, LAW, QuietRule, Span, next_window, spans

CALL = timedelta(seconds=25)
NIGHT: Span = (21 * 60, 8 * 60)
MADRID, NEW_YORK, LA = "Europe/Madrid", "America/New_York", "America/Los_Angeles"


def instant(text: str) -> datetime:
    """`2027-03-28 01:00` UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str, zone: str, fold: int = 0) -> datetime:
    """The instant of a local time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "zones", "quiet", "opens", "closes"),
    [
        # By day: open now, until 21:00 there.
        ("2027-03-10 12:00", (MADRID,), (NIGHT,), "2027-03-10 12:00", "2027-03-10 20:00"),
        # The first minute and the last call of the day.
        ("2027-03-10 07:00", (MADRID,), (NIGHT,), "2027-03-10 07:00", "2027-03-10 20:00"),
        ("2027-03-10 19:59", (MADRID,), (NIGHT,), "2027-03-10 19:59", "2027-03-10 20:00"),
        # A call that could end after 21:00 waits for the morning.
        ("2027-03-10 19:59:40", (MADRID,), (NIGHT,), "2027-03-11 07:00", "2027-03-11 20:00"),
        ("2027-03-10 20:00", (MADRID,), (NIGHT,), "2027-03-11 07:00", "2027-03-11 20:00"),
        ("2027-03-11 02:00", (MADRID,), (NIGHT,), "2027-03-11 07:00", "2027-03-11 20:00"),
        # The night in which the clocks go forward is an hour shorter, in autumn an hour longer.
        ("2027-03-27 21:00", (MADRID,), (NIGHT,), "2027-03-28 06:00", "2027-03-28 19:00"),
        ("2027-10-30 21:00", (MADRID,), (NIGHT,), "2027-10-31 07:00", "2027-10-31 20:00"),
        # Two zones: open where both are.
        ("2027-03-10 14:00", (NEW_YORK, LA), (NIGHT,), "2027-03-10 16:00", "2027-03-11 02:00"),
        # Weeks in which one has put its clocks forward and the other has not.
        ("2027-03-20 04:00", (NEW_YORK, MADRID), (NIGHT,), "2027-03-20 12:00", "2027-03-20 20:00"),
        # A span within one day, and several spans.
        ("2027-03-10 12:30", (MADRID,), ((780, 960),), "2027-03-10 15:00", "2027-03-11 12:00"),
        (
            "2027-03-10 12:30",
            (MADRID,),
            (NIGHT, (780, 960)),
            "2027-03-10 15:00",
            "2027-03-10 20:00",
        ),
        # Spans that meet leave nothing between them.
        (
            "2027-03-10 20:30",
            (MADRID,),
            (NIGHT, (480, 600)),
            "2027-03-11 09:00",
            "2027-03-11 20:00",
        ),
    ],
)
def test_the_next_window(
    now: str, zones: tuple[str, ...], quiet: tuple[Span, ...], opens: str, closes: str
) -> None:
    window = next_window(quiet, zones, now=instant(now), lasting=CALL)
    assert window is not None
    assert (window.opens_at, window.closes_at) == (instant(opens), instant(closes))


def test_without_quiet_hours_it_is_always_open() -> None:
    assert next_window((), (MADRID,), now=instant("2027-03-10 02:00"), lasting=CALL) is ALWAYS


@pytest.mark.parametrize(
    ("quiet", "zones"),
    [
        ((NIGHT, (8 * 60, 21 * 60)), (MADRID,)),
        ((NIGHT, (7 * 60, 22 * 60)), (MADRID,)),
        ((NIGHT,), (MADRID, LA, "Pacific/Auckland")),  # all around the world
    ],
)
def test_where_no_hour_is_left_there_is_no_window(
    quiet: tuple[Span, ...], zones: tuple[str, ...]
) -> None:
    assert next_window(quiet, zones, now=instant("2027-06-10 12:00"), lasting=CALL) is None


def test_the_hour_that_comes_twice_is_quiet_both_times() -> None:
    """Quiet from 02:30 by the customer's own wish; on 31 October 02:59 is followed by 02:00."""
    quiet = ((2 * 60 + 30, 6 * 60),)
    first = local("2027-10-31 02:30", MADRID)
    for minutes in range(0, 60 * 4, 10):
        now = first + timedelta(minutes=minutes)
        window = next_window(quiet, (MADRID,), now=now, lasting=CALL)
        assert window is not None
        assert window.opens_at == local("2027-10-31 06:00", MADRID)


def test_the_hour_that_does_not_come_is_no_way_in() -> None:
    """Quiet until 02:30, which does not exist on 28 March: it ends at 03:30, not at 01:30."""
    quiet = ((22 * 60, 2 * 60 + 30),)
    window = next_window(quiet, (MADRID,), now=local("2027-03-28 00:00", MADRID), lasting=CALL)
    assert window is not None
    assert window.opens_at == local("2027-03-28 03:30", MADRID)


@pytest.mark.parametrize(
    ("channel", "country", "own", "expected"),
    [
        (Channel.SMS, "US", None, {NIGHT}),
        (Channel.WHATSAPP, "ES", None, {NIGHT, (14 * 60, 16 * 60)}),
        (Channel.SMS, None, None, {NIGHT, (14 * 60, 16 * 60)}),  # may live in Spain
        (Channel.EMAIL, "US", None, set()),
        (Channel.EMAIL, "US", (600, 720), {(600, 720)}),
        (Channel.X_DM, "US", None, {(22 * 60, 9 * 60)}),
        (Channel.EMAIL, "US", (600, 600), set()),  # no span at all
        (Channel.X_POST, "ES", (600, 720), set()),  # has no recipient
    ],
)
def test_law_brand_and_customer_each_add_their_hours(
    channel: Channel, country: str | None, own: Span | None, expected: set[Span]
) -> None:
    rules = [
        QuietRule(from_="14:00", until="16:00", countries=("ES",)),
        QuietRule(from_="22:00", until="09:00", channels=(Channel.X_DM,)),
    ]
    assert set(spans(rules, channel, country, own)) == expected


def test_a_brand_can_not_be_laxer_than_the_law() -> None:
    rules = [QuietRule(from_="23:00", until="06:00", channels=(Channel.SMS,))]
    now = local("2027-03-10 21:30", NEW_YORK)
    window = next_window(spans(rules, Channel.SMS, "US", None), (NEW_YORK,), now=now, lasting=CALL)
    assert window is not None
    assert window.opens_at == local("2027-03-11 08:00", NEW_YORK)


@pytest.mark.parametrize(
    "wrong",
    [
        {"from": "21:00", "until": "21:00"},
        {"from": "24:00", "until": "08:00"},
        {"from": "9:00", "until": "08:00"},
        {"from": 1260, "until": "08:00"},
        {"from": "21:00", "until": "08:00", "channels": ["x_post"]},
        {"from": "21:00", "until": "08:00", "countries": ["Spain"]},
    ],
)
def test_a_rule_that_says_nothing_or_too_much_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        QuietRule.model_validate(wrong)


# What holds everywhere ----------------------------------------------------------------------

zone_names = st.sampled_from(sorted(n for n in available_timezones() if "/" in n))
instants = st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)).map(
    lambda naive: naive.replace(tzinfo=UTC)
)
minutes = st.integers(0, 24 * 60 - 1)
spans_of_a_day = st.tuples(minutes, minutes).filter(lambda span: span[0] != span[1])


def _is_quiet(span: Span, moment: datetime, zone: str) -> bool:
    """By the clock on the wall there, and nothing else."""
    start, end = span
    there = moment.astimezone(ZoneInfo(zone))
    minute = there.hour * 60 + there.minute
    return start <= minute < end if start < end else minute >= start or minute < end


@given(
    st.lists(zone_names, min_size=1, max_size=3),
    st.lists(spans_of_a_day, min_size=1, max_size=2),
    instants,
    st.floats(0, 1),
)
def test_no_clock_on_a_wall_shows_a_quiet_hour_within_a_window(
    zones: list[str], quiet: list[Span], now: datetime, place: float
) -> None:
    window = next_window(quiet, tuple(zones), now=now, lasting=CALL)
    if window is None:
        return
    assert now <= window.opens_at
    assert window.closes_at - window.opens_at >= CALL
    last = window.closes_at - timedelta(microseconds=1)
    inside = window.opens_at + place * (last - window.opens_at)
    for moment in (window.opens_at, inside, last):
        assert not any(_is_quiet(span, moment, zone) for span in quiet for zone in zones)


@given(zone_names, spans_of_a_day, instants)
def test_a_window_comes_as_soon_as_the_wall_says_but_for_a_change_of_clocks(
    zone: str, span: Span, now: datetime
) -> None:
    """Nobody waits longer than needed: what the wall calls loud for the whole day around `now`
    is open, unless the clocks change within these days."""
    there = ZoneInfo(zone)
    around = [now + timedelta(hours=h) for h in range(-50, 51)]
    steady = len({m.astimezone(there).utcoffset() for m in around}) == 1
    until = now + CALL
    loud = not _is_quiet(span, now, zone) and not _is_quiet(span, until, zone)
    window = next_window((span,), (zone,), now=now, lasting=CALL)
    if steady and loud:
        assert window is not None
        assert window.opens_at == now


@given(st.sampled_from(PERSONAL_CHANNELS), st.none() | spans_of_a_day, zone_names, instants)
def test_no_text_is_ever_allowed_between_nine_and_eight(
    channel: Channel, own: Span | None, zone: str, now: datetime
) -> None:
    window = next_window(spans((), channel, "US", own), (zone,), now=now, lasting=CALL)
    if window is None or channel not in LAW.channels:
        return
    assert not _is_quiet(NIGHT, window.opens_at, zone)
    assert not _is_quiet(NIGHT, window.opens_at + CALL, zone)
