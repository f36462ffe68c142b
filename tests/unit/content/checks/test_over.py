"""A campaign that is over says so, once, and only since it is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.unit.content.checks.told import CAMPAIGN
from tests.unit.content.files import Files

#: Midnight in Madrid after the last day, the 31st: summer time has begun.
OVER = datetime(2027, 3, 31, 22, 0, tzinfo=UTC)
BEFORE = OVER - timedelta(seconds=1)


def told(files: Files, now: datetime) -> list[str]:
    return [f.message for f in files.compile().at(now) if f.rule == "over"]


def test_the_last_moment_of_expires_is_the_end_in_the_brands_zone(files: Files) -> None:
    assert told(files, BEFORE) == []
    assert told(files, OVER) == [
        "it ended on 2027-03-31 (`expires`): a run sends nothing any more."
    ]


def test_without_expires_the_last_day_that_it_must_state_is_the_end(files: Files) -> None:
    files.change(CAMPAIGN, "expires: 2027-03-31\n", "")
    assert told(files, BEFORE) == []
    (said,) = told(files, OVER)
    assert "`ends_on`, 2027-03-31" in said


def test_a_day_that_need_not_be_stated_ends_nothing(files: Files) -> None:
    files.change(CAMPAIGN, "must_say: [discount, ends_on,", "must_say: [discount,")
    files.change(CAMPAIGN, "expires: 2027-03-31\n", "")

    assert told(files, OVER) == []
