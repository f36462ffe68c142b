"""When one message may be sent: quiet hours and the offer's end, for one release.

Most customers share zones and hours with others, so each combination is worked out once and
holds until its window closes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from campaigns.domain.channel import AddressKind, Channel
from campaigns.domain.customer import AttributeValue
from campaigns.domain.permit import Permit
from campaigns.domain.quiet_hours import (
    ALWAYS,
    DAYS_AHEAD,
    Span,
    Window,
    earliest,
    next_window,
    spans,
)
from campaigns.domain.release import Policy
from campaigns.domain.schedule import NO_SCHEDULE, ClosedDay, Place, Schedule
from campaigns.domain.shut_times import closed_days, day_shut, shut_times, wave, zones_of
from campaigns.domain.whereabouts import Zones, known_zone, zones

#: Planning looks for a window of any length.
_MOMENT = timedelta(minutes=1)
#: A day that is not left out is looked for so far ahead, in days: first near, then far.
_NEAR, _FAR = DAYS_AHEAD + 4, 62


@dataclass(frozen=True, slots=True)
class When:
    """When planning lets a message go.

    Attributes:
        at: not before this moment; None is at once.
        why: what it waits for, in a few words; empty: for quiet hours to end.
        never: there is no such moment before the offer ends.
    """

    at: datetime | None = None
    why: str = ""
    never: bool = False


AT_ONCE = When()


class Recipient(Protocol):
    """What is known of where somebody is, and of their own quiet hours."""

    @property
    def address(self) -> str: ...
    @property
    def time_zone(self) -> str | None: ...
    @property
    def country(self) -> str | None: ...
    @property
    def quiet(self) -> Span | None: ...
    @property
    def attributes(self) -> Mapping[str, AttributeValue]: ...


class Timing:
    """The hours of one release. `heed_quiet` is false in a sandbox that practises at any hour."""

    def __init__(self, policy: Policy, *, heed_quiet: bool = True) -> None:
        self._policy = policy
        self._heed = heed_quiet
        self.schedule = policy.schedule if heed_quiet else NO_SCHEDULE
        self._windows: dict[tuple[object, ...], tuple[datetime, Window | None]] = {}
        self._spans: dict[tuple[Channel, str | None, Span | None], tuple[Span, ...]] = {}
        self._ends: dict[Zones, datetime | None] = {}

    def permit(
        self,
        channel: Channel,
        recipient: Recipient,
        *,
        now: datetime,
        lasting: timedelta,
    ) -> Permit:
        """When a message may be sent to them, if the call may take `lasting`."""
        where = self.where(channel, recipient)
        quiet = self._quiet(channel, recipient.country, recipient.quiet)
        if not self.schedule:
            return Permit(self._window(quiet, where, now, lasting), self._end(where))
        region = self.schedule.region(recipient.attributes)
        place = Place(recipient.time_zone, recipient.country, region)
        window = self._scheduled(quiet, where, now, lasting, channel, place)
        return Permit(window, self._end(where))

    def where(self, channel: Channel, recipient: Recipient) -> Zones:
        """The zones that the hours have to suit."""
        return zones(
            channel,
            recipient.address,
            time_zone=recipient.time_zone,
            country=recipient.country,
            home=self._policy.home_zone,
        )

    def at(self, channel: Channel, *, now: datetime, lasting: timedelta) -> Hours:
        """The permits of one moment."""
        return Hours(self, channel, now, lasting)

    def opening(self, channel: Channel, place: Place, *, own: Span | None, now: datetime) -> When:
        """For planning, where the number is not at hand.

        Never later than `permit` says, unless for the sake of a best hour. Where it is not sure
        (an unknown zone), or the offer ends while it is quiet, at once: the intent then says what
        becomes of it.
        """
        known = known_zone(place.time_zone)
        if not known and not self.schedule:
            return AT_ONCE
        where = known or zones_of(place, self._policy.home_zone)
        quiet = self._quiet(channel, place.country, own) if known else ()
        if not self.schedule:
            window = self._window(quiet, where, now, _MOMENT)
        else:
            window = self._scheduled(quiet, where, now, _MOMENT, channel, place, planning=True)
        if window is not None and window.opens_at <= now:
            return AT_ONCE
        end = self._end(where)
        if window is None or (end and end <= window.opens_at):
            why = self._because(channel, place, now, window.opens_at if window else end)
            return When(never=True, why=why) if why else AT_ONCE
        return When(window.opens_at, self._because(channel, place, now, window.opens_at))

    def _because(
        self, channel: Channel, place: Place, now: datetime, until: datetime | None
    ) -> str:
        """What of the schedule keeps a message until then; nothing where quiet hours alone do."""
        if not self.schedule:
            return ""
        home, schedule = self._policy.home_zone, self.schedule
        days = _FAR if until is None else (until - now).days + 1
        last = until or now + timedelta(days=days)
        shut = [
            closed
            for closed in closed_days(schedule, channel, place, now, days)
            if any(begins < last and now < ends for begins, ends in day_shut(closed, place, home))
        ]
        alone = Schedule(send_at=schedule.send_at)
        hours = shut_times(alone, channel, place, home, now=now, days=days, planning=True)
        window = next_window((), (home,), now=now, lasting=_MOMENT, shut=hours, days=days)
        if shut and (until is None or (window is not None and window.opens_at < until)):
            return _in_words(shut)
        if schedule.send_at is None or wave(schedule, place, planning=True) is None:
            return ""
        if schedule.send_at.best_hour and place.best:
            return place.best.in_words
        return schedule.send_at.in_words

    def _quiet(self, channel: Channel, country: str | None, own: Span | None) -> tuple[Span, ...]:
        key = (channel, country, own)
        found = self._spans.get(key)
        if found is None:
            rules = self._policy.pressure.quiet_hours
            found = spans(rules, channel, country, own) if self._heed else ()
            self._spans[key] = found
        return found

    def _window(
        self, quiet: tuple[Span, ...], where: Zones, now: datetime, lasting: timedelta
    ) -> Window | None:
        if not quiet:
            return ALWAYS
        key = (quiet, where, lasting)
        known = self._windows.get(key)
        if known is not None and _still_holds(*known, now, lasting):
            return known[1]
        window = next_window(quiet, where, now=now, lasting=lasting)
        self._windows[key] = (now, window)
        return window

    def _scheduled(
        self,
        quiet: tuple[Span, ...],
        where: Zones,
        now: datetime,
        lasting: timedelta,
        channel: Channel,
        place: Place,
        *,
        planning: bool = False,
    ) -> Window | None:
        """The next window between quiet hours and what the schedule shuts."""
        key = (quiet, where, lasting, channel, place, planning)
        known = self._windows.get(key)
        if known is not None and _still_holds(*known, now, lasting):
            return known[1]
        window, home = None, self._policy.home_zone
        for days in (_NEAR, _FAR):
            shut = shut_times(
                self.schedule, channel, place, home, now=now, days=days, planning=planning
            )
            window = next_window(quiet, where, now=now, lasting=lasting, shut=shut, days=days)
            if window is not None:
                break
        self._windows[key] = (now, window)
        return window

    def _end(self, where: Zones) -> datetime | None:
        policy = self._policy
        if policy.expires_on is None or policy.expires_at is None:
            return policy.expires_at
        found = self._ends.get(where)
        if found is None:
            found = self._ends[where] = end_of_offer(policy.expires_at, policy.expires_on, where)
        return found


class Hours:
    """The permits of one channel at one moment, as `Timing.permit` says them: worked out once for
    all who are in the same place and have the same wishes."""

    def __init__(self, timing: Timing, channel: Channel, now: datetime, lasting: timedelta) -> None:
        self._timing, self._channel, self._now, self._lasting = timing, channel, now, lasting
        self._by_phone = channel.address_kind is AddressKind.PHONE
        self._permits: dict[tuple[object, ...], Permit] = {}

    def permit(self, recipient: Recipient) -> Permit:
        """When a message may be sent to them."""
        where = self._timing.where(self._channel, recipient) if self._by_phone else None
        region = self._timing.schedule.region(recipient.attributes)
        key = (where, recipient.time_zone, recipient.country, recipient.quiet, region)
        found = self._permits.get(key)
        if found is None:
            found = self._permits[key] = self._timing.permit(
                self._channel, recipient, now=self._now, lasting=self._lasting
            )
        return found


def end_of_offer(at_home: datetime, last_day: date, where: Zones) -> datetime:
    """When an offer that lasts until the end of a day is over for somebody: at the brand's
    midnight or at their own, whichever comes first. What says "until 31 March" is not read on the
    first of April, and not sent once it is over at home."""
    after = last_day + timedelta(days=1)
    return min(at_home, *(earliest(after, 0, ZoneInfo(name)) for name in where))


def _in_words(closed: list[ClosedDay]) -> str:
    """`Epiphany (6 Jan)`, `Christmas Day (25 Dec to 26 Dec)`."""
    first, last = closed[0], closed[-1]
    if first is last:
        return str(first)
    return f"{first.why} ({first.day.day} {first.day:%b} to {last.day.day} {last.day:%b})"


def _still_holds(since: datetime, window: Window | None, now: datetime, lasting: timedelta) -> bool:
    if now < since:
        return False
    if window is None:
        return now - since < timedelta(days=1)
    return max(now, window.opens_at) + lasting <= window.closes_at
