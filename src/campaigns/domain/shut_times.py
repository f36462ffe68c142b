"""The stretches of time that a schedule shuts to one recipient, as instants.

Whoever has no known zone is where most of their country is: the middle one of its zones. For an
hour to arrive at that is a fair guess; the law's quiet hours are stricter, and hold all the same
(domain.whereabouts). A day that is left out is so in every zone where they may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeAlias
from zoneinfo import ZoneInfo

from campaigns.domain.channel import Channel
from campaigns.domain.quiet_hours import Span, earliest, latest
from campaigns.domain.schedule import ClosedDay, Place, Schedule
from campaigns.domain.whereabouts import Zones, known_zone, zones_of_country

#: A stretch of time, as instants: from, until.
Shut: TypeAlias = tuple[datetime, datetime]

_HOUR = 60


def zones_of(place: Place, home: str) -> Zones:
    """Where somebody may be, as far as is known without their number."""
    return known_zone(place.time_zone) or zones_of_country(place.country) or (home,)


def middle_zone(place: Place, home: str, now: datetime) -> str:
    """The one zone whose clock counts."""
    zones = zones_of(place, home)
    by_offset = sorted(zones, key=lambda name: (now.astimezone(ZoneInfo(name)).utcoffset(), name))
    return by_offset[len(by_offset) // 2]


def wave(schedule: Schedule, place: Place, *, planning: bool) -> Span | None:
    """The hours of the day that the campaign wants; None where any will do.

    A best hour is a wish: planning sets it, and what is late is not held for another day.
    """
    send_at = schedule.send_at
    if send_at is None or (send_at.best_hour and not planning):
        return None
    if send_at.best_hour and place.best is not None:
        return place.best.hour * _HOUR, (place.best.hour + 1) * _HOUR
    return send_at.minutes


def shut_times(
    schedule: Schedule,
    channel: Channel,
    place: Place,
    home: str,
    *,
    now: datetime,
    days: int,
    planning: bool,
) -> Iterator[Shut]:
    """Every stretch that is shut to somebody within so many days from now."""
    hours = wave(schedule, place, planning=planning)
    if hours is not None:
        at_home = schedule.send_at is not None and schedule.send_at.zone == "brand"
        zone = ZoneInfo(home if at_home else middle_zone(place, home, now))
        today = now.astimezone(zone).date()
        for n in range(-2, days + 2):
            day = today + timedelta(days=n)
            yield earliest(day, hours[1], zone), latest(day + timedelta(days=1), hours[0], zone)
    for closed in closed_days(schedule, channel, place, now, days):
        yield from day_shut(closed, place, home)


def day_shut(closed: ClosedDay, place: Place, home: str) -> Iterator[Shut]:
    """A day that is left out, in each zone where it counts."""
    next_day, theirs = closed.day + timedelta(days=1), zones_of(place, home)
    for name in {*theirs, home} if closed.at_home else theirs:
        zone = ZoneInfo(name)
        yield earliest(closed.day, 0, zone), latest(next_day, 0, zone)


def closed_days(
    schedule: Schedule, channel: Channel, place: Place, now: datetime, days: int
) -> list[ClosedDay]:
    """The days from yesterday on that are left out for somebody: yesterday may be today there."""
    first = now.date() - timedelta(days=1)
    return list(schedule.closed(channel, place.country, place.region, first, days + 3))
