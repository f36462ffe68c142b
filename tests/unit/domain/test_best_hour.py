"""The hour at which a customer answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from campaigns.domain.best_hour import MINIMUM, SHARE, best_hour
from campaigns.domain.schedule import BestHour

NOW = datetime(2027, 6, 1, 12, tzinfo=UTC)
HALF = timedelta(days=180)


def evenings(zone: str, hour: int, number: int, ago: int = 1) -> list[datetime]:
    """One answer a day at half past an hour of that zone."""
    place = ZoneInfo(zone)
    day = NOW.astimezone(place).replace(hour=hour, minute=30)
    return [(day - timedelta(days=ago + n)).astimezone(UTC) for n in range(number)]


def test_the_hour_is_by_the_customers_own_clock_whatever_the_season() -> None:
    # 100 days back: winter in Madrid, where half past six in the evening is another UTC hour.
    answers = evenings("Europe/Madrid", 18, 110)
    assert best_hour(answers, "Europe/Madrid", half_life=HALF, now=NOW) == BestHour(18, 110, 110)
    there = best_hour(answers, "America/New_York", half_life=HALF, now=NOW)
    assert there is not None
    assert there.hour == 12


def test_few_answers_say_nothing() -> None:
    answers = evenings("UTC", 9, MINIMUM)
    assert best_hour(answers, "UTC", half_life=HALF, now=NOW) == BestHour(9, 5, 5)
    assert best_hour(answers[1:], "UTC", half_life=HALF, now=NOW) is None


def test_answers_all_over_the_day_say_nothing() -> None:
    answers = [hit for hour in range(24) for hit in evenings("UTC", hour, 3)]
    assert best_hour(answers, "UTC", half_life=HALF, now=NOW) is None


def test_older_answers_weigh_less() -> None:
    before, lately = evenings("UTC", 8, 12, ago=1_080), evenings("UTC", 20, 5)
    assert best_hour([*before, *lately], "UTC", half_life=HALF, now=NOW) == BestHour(20, 5, 17)
    long = best_hour([*before, *lately], "UTC", half_life=timedelta(days=9_000), now=NOW)
    assert long == BestHour(8, 12, 17)


def test_midnight_lies_between_two_hours_that_are_neighbours() -> None:
    answers = [*evenings("UTC", 23, 3), *evenings("UTC", 0, 3), *evenings("UTC", 1, 3)]
    assert best_hour(answers, "UTC", half_life=HALF, now=NOW) == BestHour(0, 9, 9)


@given(st.lists(st.integers(0, 500), max_size=40))
def test_a_best_hour_holds_its_share_of_the_answers(hours_ago: list[int]) -> None:
    answers = [NOW - timedelta(hours=n) for n in hours_ago]
    found = best_hour(answers, "UTC", half_life=timedelta(days=100_000), now=NOW)
    if found is not None:
        near = [a for a in answers if (a.hour - found.hour + 1) % 24 <= 2]
        assert found.near == len(near)
        assert found.answers == len(answers) >= MINIMUM
        assert len(near) >= SHARE * len(answers) - 0.01
