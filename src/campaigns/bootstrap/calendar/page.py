"""The calendar as a page: one HTML file without anything from elsewhere, and as markdown."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from campaigns.domain.calendar import Calendar, Crowd, Occasion
from campaigns.domain.counting import people
from campaigns.page_templates import page_templates

_FOLDER: Final = Path(__file__).parent
#: Told apart by all eyes (Okabe and Ito, 2008); a team keeps its own as long as no team is new.
_COLOURS: Final = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")


@dataclass(frozen=True, slots=True)
class Line:
    """What one occasion brings on one day."""

    number: int
    occasion: Occasion
    people: int
    colour: str


@dataclass(frozen=True, slots=True)
class Day:
    """One cell of the page."""

    date: date
    within: bool
    lines: tuple[Line, ...]


def page(calendar: Calendar) -> str:
    """The whole page."""
    environment = page_templates(_FOLDER)
    colours = _colours(calendar)
    crowds = list(zip(calendar.occasions, calendar.crowds, strict=True))
    return environment.get_template("page.html.j2").render(
        calendar=calendar,
        weeks=_without_gaps(_weeks(calendar, colours)),
        any_team=any(o.team for o in calendar.occasions),
        any_over=any(c.over for c in calendar.crowds),
        crowds=crowds,
        people=people,
        colours=colours,
        conflicts=calendar.conflicts(),
        matrix=_matrix(calendar),
        local=lambda moment: moment.astimezone(ZoneInfo(calendar.zone)),
        channels=channels_in_words,
        over=over_in_words,
    )


def markdown(calendar: Calendar) -> str:
    """The same for a Prefect artifact."""
    zone = ZoneInfo(calendar.zone)
    if not calendar.occasions:
        return "\n".join(["Nothing is scheduled in these weeks.", "", *calendar.notes])
    lines = [f"- {sentence}" for sentence in calendar.conflicts()] or ["Nothing collides."]
    lines += [
        "",
        "| when | campaign | team | people | where | too much |",
        "|---|---|---|---:|---|---|",
    ]
    for occasion, crowd in zip(calendar.occasions, calendar.crowds, strict=True):
        when = f"{occasion.at.astimezone(zone):%a %d %b %H:%M}"
        off = "" if occasion.active else " (schedule off)"
        cells = (
            when,
            f"{occasion.name}{off}",
            occasion.team,
            f"{crowd.people:,}",
            channels_in_words(crowd),
            over_in_words(crowd),
        )
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |")
    lines += ["", *calendar.notes, f"Days are by the clock of {calendar.zone}."]
    return "\n".join(lines)


def channels_in_words(crowd: Crowd) -> str:
    """`e-mail 8,100, SMS 300`, the most first."""
    return ", ".join(f"{c.label} {n:,}" for c, n in crowd.by_channel.most_common())


def over_in_words(crowd: Crowd) -> str:
    """`300 (cap of 3 in 7 days)`."""
    return ", ".join(f"{n:,} (cap of {cap})" for cap, n in crowd.over.most_common())


def _colours(calendar: Calendar) -> dict[str, str]:
    teams = sorted({o.team or o.campaign for o in calendar.occasions})
    return {team: _COLOURS[n % len(_COLOURS)] for n, team in enumerate(teams)}


def _weeks(calendar: Calendar, colours: dict[str, str]) -> list[list[Day]]:
    """Monday to Sunday, from the week of today on."""
    zone = ZoneInfo(calendar.zone)
    by_day: dict[date, list[Line]] = defaultdict(list)
    for number, (occasion, crowd) in enumerate(
        zip(calendar.occasions, calendar.crowds, strict=True)
    ):
        colour = colours[occasion.team or occasion.campaign]
        on = crowd.by_day or {occasion.at.astimezone(zone).date(): 0}
        for day, reached in on.items():
            by_day[day].append(Line(number, occasion, reached, colour))
    first, last = (m.astimezone(zone).date() for m in (calendar.since, calendar.until))
    last = max([last, *by_day])
    monday = first - timedelta(days=first.weekday())
    days = [monday + timedelta(days=n) for n in range((last - monday).days + 7 - last.weekday())]
    cells = [Day(day, first <= day <= last, tuple(by_day.get(day, ()))) for day in days]
    return [cells[n : n + 7] for n in range(0, len(cells), 7)]


def _without_gaps(weeks: list[list[Day]]) -> list[list[Day] | int]:
    """The weeks; of those in a row with nothing but the present one, only how many."""
    told: list[list[Day] | int] = []
    for number, week in enumerate(weeks):
        if number == 0 or any(day.lines for day in week):
            told.append(week)
        elif isinstance(told[-1], int):
            told[-1] += 1
        else:
            told.append(1)
    return told


def _matrix(calendar: Calendar) -> tuple[list[str], list[list[int | None]]]:
    """Campaign by campaign: how many would get both, whichever the editions."""
    names = list(dict.fromkeys(o.campaign for o in calendar.occasions))
    both: dict[tuple[str, str], int] = defaultdict(int)
    for (one, other), overlap in calendar.overlaps.items():
        a, b = calendar.occasions[one].campaign, calendar.occasions[other].campaign
        both[a, b] = both[b, a] = max(both[a, b], overlap.both)
    return names, [[both.get((a, b), 0) if a != b else None for b in names] for a in names]
