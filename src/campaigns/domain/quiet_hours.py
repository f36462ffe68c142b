"""Quiet hours: the hours of the local day at which nothing is sent to a customer.

Three say when it is quiet, and any one of them is enough: the law, the brand, the customer. So
the brand can only be stricter than the law, never laxer. They hold for every purpose: a campaign
is never so urgent that it may wake somebody (docs/decisions/0008).

Source of the law: TCPA, 47 CFR 64.1200(c)(1), 08:00 to 21:00 at the called party. It is kept for
every text to anybody, wherever they live.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, TypeAlias
from zoneinfo import ZoneInfo

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.facts import Country
from campaigns.domain.written import Frozen

if TYPE_CHECKING:
    from campaigns.domain.whereabouts import Zones

TimeOfDay = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]

#: From and until, in minutes of the local day; until belongs to the day after where it is smaller.
Span: TypeAlias = tuple[int, int]

#: So far ahead is looked for an hour that suits: what three days in a row do not have, none has.
DAYS_AHEAD = 3


class QuietRule(Frozen):
    """Hours at which the brand sends nothing, by the recipient's own clock."""

    model_config = ConfigDict(populate_by_name=True)

    from_: Annotated[TimeOfDay, Field(alias="from", description="such as 21:00")]
    until: TimeOfDay = Field(description="such as 09:00; earlier than `from`: of the next day")
    channels: tuple[Channel, ...] = Field((), description="where it holds; empty: all but X posts")
    countries: tuple[Country, ...] = Field(
        (), description="whose customers it holds for; empty: everyone's"
    )

    @model_validator(mode="after")
    def _is_a_span(self) -> QuietRule:
        if self.from_ == self.until:
            raise ValueError(f"`from` and `until` are both {self.until}: that is no span of hours")
        if Channel.X_POST in self.channels:
            raise ValueError("an X post has no recipient whose hours could be quiet")
        return self

    @property
    def span(self) -> Span:
        """The same in minutes."""
        return _minutes(self.from_), _minutes(self.until)

    def holds(self, channel: Channel, country: str | None) -> bool:
        """Whether it holds for this recipient; one whose country is unknown may live there."""
        return channel in (self.channels or PERSONAL_CHANNELS) and (
            not self.countries or country is None or country in self.countries
        )


#: Texts to anybody, whatever the brand says.
LAW = QuietRule(from_="21:00", until="08:00", channels=(Channel.SMS, Channel.WHATSAPP))


@dataclass(frozen=True, slots=True)
class Window:
    """Instants between which a message may be sent: from `opens_at` on, before `closes_at`."""

    opens_at: datetime
    closes_at: datetime


#: Of somebody for whom no hour is quiet.
ALWAYS = Window(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def spans(
    rules: Iterable[QuietRule], channel: Channel, country: str | None, own: Span | None
) -> tuple[Span, ...]:
    """What is quiet for one recipient: the law's, the brand's and their own spans."""
    if channel not in PERSONAL_CHANNELS:
        return ()
    found = {r.span for r in (LAW, *rules) if r.holds(channel, country)}
    if own is not None and own[0] != own[1]:
        found.add(own)
    return tuple(sorted(found))


def next_window(
    quiet: Iterable[Span],
    zones: Zones,
    *,
    now: datetime,
    lasting: timedelta,
    shut: Iterable[tuple[datetime, datetime]] = (),
    days: int = DAYS_AHEAD,
) -> Window | None:
    """The first window of at least `lasting` (more than nothing) that is open in all zones, now or
    later; it begins no earlier than `now`. None when no hour of the next `days` is left.

    `shut` are stretches that are closed besides (domain.shut_times), of as many days at least.
    """
    quiet, shut = tuple(quiet), list(shut)
    if not quiet and not shut:
        return ALWAYS
    horizon = now + timedelta(days=days)
    free_from = now
    for begins, ends in sorted([*_quiet_times(quiet, zones, now, days), *shut]):
        closes = min(begins, horizon)  # beyond it not every zone's days have been looked at
        if closes - free_from >= lasting:
            return Window(free_from, closes)
        if begins > horizon:
            return None
        free_from = max(free_from, ends)
    return Window(free_from, horizon) if horizon - free_from >= lasting else None


def _quiet_times(
    quiet: tuple[Span, ...], zones: Zones, now: datetime, ahead: int
) -> Iterator[tuple[datetime, datetime]]:
    """Every quiet stretch around `now`, as instants."""
    for name in zones:
        zone = ZoneInfo(name)
        today = now.astimezone(zone).date()
        for days in range(-2, ahead + 3):
            day = today + timedelta(days=days)
            for start, end in quiet:
                last = day if start < end else day + timedelta(days=1)
                yield earliest(day, start, zone), latest(last, end, zone)


def earliest(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The instant (UTC) of a local time: the first of the two where the clock is put back, and
    before the gap where it is put forward. What is quiet begins rather an hour early."""
    return min(_instants(day, minute, zone))


def latest(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """The same, the second of the two, or after the gap: what is quiet ends rather late."""
    return max(_instants(day, minute, zone))


def _instants(day: date, minute: int, zone: ZoneInfo) -> tuple[datetime, datetime]:
    local = datetime.combine(day, time(), zone) + timedelta(minutes=minute)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _minutes(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)
