"""Moments are told by one clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from campaigns.domain.moments import by_clock, dated, moment, second, until

MADRID = ZoneInfo("Europe/Madrid")
WINTER = datetime(2027, 3, 1, 23, 30, 5, tzinfo=UTC)
SUMMER = datetime(2027, 7, 1, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Line:
    at: datetime
    ended: datetime | None
    why: str = "late"


@dataclass(frozen=True, slots=True)
class _Page:
    lines: tuple[_Line, ...]
    named: dict[str, list[datetime]]


def test_a_moment_names_its_zone() -> None:
    here = by_clock(WINTER, MADRID)
    assert (moment(here), dated(here), second(here)) == (
        "2 Mar 00:30 CET",
        "2 Mar 2027 00:30 CET",
        "00:30:05 CET",
    )


def test_every_moment_within_a_value_is_told_by_the_clock() -> None:
    told = by_clock(_Page((_Line(WINTER, None), _Line(SUMMER, WINTER)), {"a": [SUMMER]}), MADRID)

    assert [moment(line.at) for line in told.lines] == ["2 Mar 00:30 CET", "1 Jul 12:00 CEST"]
    assert told.lines[0].ended is None
    assert told.lines[0].why == "late"
    assert [moment(at) for at in told.named["a"]] == ["1 Jul 12:00 CEST"]
    assert told.lines[1].ended == WINTER


def test_midnight_is_the_end_of_the_day_before() -> None:
    assert until(datetime(2027, 4, 1, tzinfo=MADRID)) == "the end of 31 Mar 2027"
    assert until(datetime(2027, 4, 1, 20, tzinfo=MADRID)) == "1 Apr 2027 20:00 CEST"
