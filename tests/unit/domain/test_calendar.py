"""When schedules come due, and what caps make of a customer's calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.calendar import (
    Calendar,
    Contact,
    Crowd,
    Occasion,
    Overlap,
    Touch,
    cap_in_words,
    judge,
)
from campaigns.domain.channel import Channel
from campaigns.domain.occurrences import CampaignSchedule, moments
from campaigns.domain.pressure import Cap

EMAIL, SMS = Channel.EMAIL, Channel.SMS
MARCH = datetime(2027, 3, 25, tzinfo=UTC)
WEEK = timedelta(days=7)


def schedule(zone: str = "Europe/Madrid", **when: object) -> CampaignSchedule:
    return CampaignSchedule("news", "weekly", zone, **when)  # type: ignore[arg-type]


def times(*text: str) -> list[datetime]:
    return [datetime.fromisoformat(f"2027-{t}").replace(tzinfo=UTC) for t in text]


@pytest.mark.parametrize(
    "rule",
    [
        schedule(cron="0 10 * * *"),
        schedule(rrule="FREQ=DAILY;BYHOUR=10;BYMINUTE=0;BYSECOND=0"),
        schedule(rrule="DTSTART:20270301T100000\nRRULE:FREQ=DAILY"),
    ],
)
def test_ten_in_the_morning_stays_so_when_the_clocks_change(rule: CampaignSchedule) -> None:
    found = moments(rule, MARCH, MARCH + timedelta(days=5))
    assert found == times("03-25T09:00", "03-26T09:00", "03-27T09:00", "03-28T08:00", "03-29T08:00")


def test_an_interval_counts_from_its_anchor() -> None:
    anchor = datetime(2027, 3, 1, 6, tzinfo=UTC)
    rule = schedule(every=timedelta(days=10), anchor=anchor)
    assert moments(rule, MARCH, MARCH + 3 * WEEK) == times("03-31T06:00", "04-10T06:00")
    assert moments(rule, anchor, anchor + WEEK) == [anchor]


def test_what_falls_on_the_very_beginning_counts_and_on_the_end_does_not() -> None:
    rule = schedule("UTC", cron="0 0 * * *")
    assert moments(rule, MARCH, MARCH + timedelta(days=1)) == [MARCH]


def test_what_was_to_go_once_and_has_not_yet_goes_now() -> None:
    soon = MARCH + timedelta(hours=3)
    assert moments(schedule(at=soon), MARCH, MARCH + WEEK) == [soon]
    assert moments(schedule(at=soon), soon + WEEK, soon + 2 * WEEK) == [soon + WEEK]
    assert moments(schedule(at=soon), MARCH, soon) == []


@pytest.mark.parametrize("when", [{"cron": "every day"}, {"rrule": "FREQ=SOMETIMES"}])
def test_a_rule_that_cannot_be_read_is_told(when: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is no"):
        moments(schedule(**when), MARCH, MARCH + WEEK)


TWO_A_WEEK = Cap(messages=2, days=7)


def touch(occasion: int, day: int, channel: Channel = EMAIL) -> Touch:
    return Touch(occasion, MARCH + timedelta(days=day), channel)


def over(
    touches: Sequence[Touch],
    earlier: Sequence[Contact] = (),
    caps: Sequence[Cap] = (TWO_A_WEEK,),
    counted: Sequence[bool] = (True,) * 6,
) -> dict[int, tuple[int, ...]]:
    """Occasion over a cap → the occasions that fill it."""
    named = [(cap_in_words(cap), cap) for cap in caps]
    verdicts = judge(touches, earlier, named, counted)
    return {v.touch.occasion: v.filled_by for v in verdicts if v.cap is not None}


def test_who_comes_first_fills_the_cap() -> None:
    week = [touch(2, 4), touch(0, 0), touch(1, 2), touch(3, 7), touch(4, 8)]
    # The first has left the week when the fourth comes; the third does not count, it is not sent.
    assert over(week) == {2: (0, 1), 4: (1, 3)}


def test_what_happened_before_counts() -> None:
    assert over([touch(0, 0)], [(MARCH - timedelta(days=n), EMAIL) for n in (1, 2)]) == {0: ()}
    assert over([touch(0, 0)], [(MARCH - timedelta(days=n), EMAIL) for n in (1, 7)]) == {}


def test_service_messages_neither_fill_a_cap_nor_meet_one() -> None:
    counted = (False, True, True, False)
    assert over([touch(n, n) for n in range(4)], counted=counted) == {}


def test_a_cap_of_one_channel_counts_there_only() -> None:
    caps = [Cap(messages=1, days=7, channel=SMS)]
    assert over([touch(0, 0), touch(1, 1, SMS), touch(2, 2), touch(3, 3, SMS)], caps=caps) == {
        3: (1,)
    }


@given(
    st.lists(st.tuples(st.integers(0, 30), st.sampled_from([EMAIL, SMS])), max_size=6),
    st.lists(st.tuples(st.integers(-30, 0), st.sampled_from([EMAIL, SMS])), max_size=4),
    st.integers(1, 3),
    st.integers(1, 10),
)
def test_what_is_let_go_never_breaks_a_cap(
    coming: list[tuple[int, Channel]],
    earlier: list[tuple[int, Channel]],
    most: int,
    days: int,
) -> None:
    cap = Cap(messages=most, days=days)
    touches = [touch(n, day, channel) for n, (day, channel) in enumerate(coming)]
    past = [(MARCH + timedelta(days=day), channel) for day, channel in earlier]
    verdicts = judge(touches, past, [("cap", cap)], [True] * 6)
    assert sorted(v.touch.occasion for v in verdicts) == list(range(len(touches)))
    sent = [at for at, _ in past] + [v.touch.at for v in verdicts if v.cap is None]
    for verdict in verdicts:
        at = verdict.touch.at
        within = [s for s in sent if at - timedelta(days=days) < s <= at]
        if verdict.cap is None:
            assert len(within) <= most or len([s for s, _ in past]) > most
        else:
            assert len(within) >= most


def test_who_has_had_enough_before_is_told_of_an_occasion_that_collides_with_no_other() -> None:
    def occasion(campaign: str, day: int) -> Occasion:
        at = MARCH + timedelta(days=day)
        return Occasion(campaign, campaign.title(), "", "", at, "by hand", True, True)

    crowds = [
        Crowd(people=10, over=Counter({"2 in 7 days": 4})),
        Crowd(people=9, over=Counter({"2 in 7 days": 7})),
    ]
    overlaps = {(0, 1): Overlap(both=8, over=Counter({"2 in 7 days": 7}))}
    week = [occasion("sale", 0), occasion("letter", 1)]
    told = Calendar(MARCH, MARCH + WEEK, "UTC", week, crowds, overlaps).conflicts()
    assert told == [
        "sale and letter: of 8 who would get both, 7 are over the cap of 2 in 7 days and will not "
        "get letter.",
        "sale: 4 of 10 have had enough lately to be over the cap of 2 in 7 days and will not get "
        "it.",
    ]
