"""When a schedule comes due: cron, RRULE or an interval, as Prefect reads them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

#: More moments of one schedule than this are no calendar.
MOST = 400


@dataclass(frozen=True, slots=True)
class CampaignSchedule:
    """One schedule of a campaign.

    Attributes:
        name: what it is called in the file.
        active: it is switched on; else somebody has to do so before its day.
        cron, rrule, every, at: one of them says when; `at` is once, and now where it is over.
        anchor: from which an interval or RRULE counts.
        whole: it sends to everybody, on all channels and in all languages.
    """

    campaign: str
    name: str
    zone: str
    active: bool = True
    cron: str | None = None
    rrule: str | None = None
    every: timedelta | None = None
    at: datetime | None = None
    anchor: datetime | None = None
    whole: bool = True


def leaves_nobody_out(parameters: Mapping[str, object]) -> bool:
    """Whether these parameters of the flow `send-campaign` are for a campaign's whole audience."""
    return not any(parameters.get(name) for name in ("limit", "channels", "locales"))


def moments(schedule: CampaignSchedule, first: datetime, until: datetime) -> list[datetime]:
    """When it comes due from `first` on and before `until`, in UTC.

    Raises ValueError for a rule that cannot be read.
    """
    found = []
    for moment in islice(_from(schedule, first), MOST):
        if moment >= until:
            break
        found.append(moment.astimezone(UTC))
    return found


def _from(schedule: CampaignSchedule, first: datetime) -> Iterator[datetime]:
    if schedule.at is not None:
        yield max(schedule.at, first)
        return
    try:
        zone = ZoneInfo(schedule.zone)
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f"`{schedule.zone}` is no time zone; write it like Europe/Madrid"
        ) from None
    if schedule.cron is not None:
        from cronsim import CronSim, CronSimError

        try:  # it looks for what comes after a moment
            yield from CronSim(schedule.cron, first.astimezone(zone) - timedelta(minutes=1))
        except CronSimError as error:
            raise ValueError(f"`{schedule.cron}` is no cron: {error}") from None
    elif schedule.rrule is not None:
        yield from _by_rule(schedule.rrule, schedule.anchor, zone, first)
    elif schedule.every is not None and schedule.every > timedelta(0):
        anchor = schedule.anchor or datetime(2020, 1, 1, tzinfo=UTC)
        anchor = anchor if anchor.tzinfo else anchor.replace(tzinfo=UTC)  # as Prefect reads it
        missed = max(0, -((anchor - first) // schedule.every))
        for n in range(MOST):
            yield anchor + (missed + n) * schedule.every


def _by_rule(
    rule: str, anchor: datetime | None, zone: ZoneInfo, first: datetime
) -> Iterator[datetime]:
    """By the clock on the wall: ten in the morning stays so when the clocks change."""
    from dateutil.rrule import rrulestr  # type: ignore[import-untyped]

    start = (anchor or datetime(2020, 1, 1, tzinfo=UTC)).replace(tzinfo=None)
    wall = first.astimezone(zone).replace(tzinfo=None)
    try:
        found = rrulestr(rule, dtstart=start, ignoretz=True)
    except ValueError as error:
        raise ValueError(f"`{rule}` is no RRULE: {error}") from None
    for moment in found.xafter(wall, inc=True):
        yield moment.replace(tzinfo=zone)
