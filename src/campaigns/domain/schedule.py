"""Schedules that know people: the hour of a customer's own day, and the days that are left out.

A campaign may say at which hour it arrives (`send_at`); the brand may say on which days nothing
is sent (`blackouts`, `holidays`). Both are stretches of time that are shut to a customer, as quiet
hours are (domain.quiet_hours); domain.timing puts them together. docs/decisions/0038 tells what is
looked at when.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints, model_validator

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.quiet_hours import TimeOfDay
from campaigns.domain.written import Frozen

if TYPE_CHECKING:
    from campaigns.domain.customer import AttributeValue

_EVENING = "20:00"
_MIDNIGHT = "24:00"
#: Short enough to be stored with each message; no sign that the row's reason is written with.
Why = Annotated[str, StringConstraints(min_length=1, max_length=60, pattern=r"^[^|=\r\n]+$")]


class _Frozen(Frozen):
    model_config = ConfigDict(populate_by_name=True)


class SendAt(_Frozen):
    """`send_at` in campaign.yaml: at which hour of their own day each customer gets it."""

    time: TimeOfDay | None = Field(None, description="not before this hour, such as 10:00")
    until: TimeOfDay | None = Field(
        None,
        description="and before this one of the same day; what is left then goes the next day. "
        "Default: 20:00, or midnight where `time` is later",
    )
    zone: Literal["customer", "brand"] = Field("customer", description="whose clock it is")
    best_hour: bool = Field(
        False,
        description="true: at the hour at which the customer answers, where that was learnt; "
        "else at `time`",
    )

    @model_validator(mode="after")
    def _says_when(self) -> SendAt:
        if self.time is None and not self.best_hour:
            raise ValueError("give a `time`, such as 10:00, or `best_hour: true`")
        if self.time is None and self.until is not None:
            raise ValueError("`until` needs a `time` to begin at")
        if self.time is not None and self.until is not None and self.until <= self.time:
            raise ValueError(f"`until` {self.until} is not after `time` {self.time}")
        return self

    @property
    def minutes(self) -> tuple[int, int] | None:
        """From and until, in minutes of the day; None where there is no `time`."""
        if self.time is None:
            return None
        last = _EVENING if self.time < _EVENING else _MIDNIGHT
        return _minutes(self.time), _minutes(self.until or last)

    @property
    def in_words(self) -> str:
        """`10:00 by their own clock`."""
        whose = "their own" if self.zone == "customer" else "the brand's"
        return f"{self.time} by {whose} clock"


class DayRule(_Frozen):
    """On which channels, and for what purpose, days are left out."""

    purposes: Annotated[tuple[Purpose, ...], Field(min_length=1)] = Field(
        (Purpose.MARKETING,), description="what is not sent then"
    )
    channels: tuple[Channel, ...] = Field((), description="where it is not sent; empty: anywhere")

    def holds(self, purpose: Purpose, channel: Channel) -> bool:
        """Whether it holds for a message of this purpose there."""
        return purpose in self.purposes and (not self.channels or channel in self.channels)


class Blackout(DayRule):
    """One of `blackouts` in brand.yaml: days on which the brand sends nothing, and why."""

    on: date | None = Field(None, description="one day")
    from_: date | None = Field(None, alias="from", description="the first of several days")
    until: date | None = Field(None, description="the last of them")
    reason: Why

    @model_validator(mode="after")
    def _is_a_span(self) -> Blackout:
        several = self.from_ is not None and self.until is not None
        if (self.on is None) is not several or (self.from_ is None) is not (self.until is None):
            raise ValueError("give either `on` (one day), or `from` and `until`")
        if self.first > self.last:
            raise ValueError(f"it ends ({self.last}) before it begins ({self.first})")
        return self

    @property
    def first(self) -> date:
        """The first day."""
        day = self.on or self.from_
        assert day is not None
        return day

    @property
    def last(self) -> date:
        """The last day."""
        day = self.on or self.until
        assert day is not None
        return day


class HolidayRule(DayRule):
    """`holidays` in brand.yaml: nothing is sent on holidays of where the customer lives."""

    region: str | None = Field(
        None,
        description="the attribute that holds a customer's region (ISO 3166-2: ES-CT or CT); "
        "without one, the holidays of the whole country count",
    )


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """One day that is left out, and why: `Epiphany`.

    Attributes:
        at_home: by the brand's clock too, and not by the customer's alone.
    """

    day: date
    why: str
    at_home: bool = False

    def __str__(self) -> str:
        return f"{self.why} ({self.day.day} {self.day:%b})"


@dataclass(frozen=True, slots=True)
class Schedule:
    """What a release says of hours and days.

    Attributes:
        send_at: the campaign's hour.
        blackouts, holidays: the brand's; those of the campaign's purpose.
    """

    send_at: SendAt | None = None
    blackouts: tuple[Blackout, ...] = ()
    holidays: HolidayRule | None = None

    def __bool__(self) -> bool:
        return self != NO_SCHEDULE

    @property
    def region_attribute(self) -> str | None:
        """The attribute with the customer's region."""
        return self.holidays.region if self.holidays else None

    def region(self, attributes: Mapping[str, AttributeValue]) -> str | None:
        """Where somebody with these attributes lives."""
        value = attributes.get(self.holidays.region or "") if self.holidays else None
        return value.strip().upper() or None if isinstance(value, str) else None

    def closed(
        self, channel: Channel, country: str | None, region: str | None, first: date, days: int
    ) -> Iterator[ClosedDay]:
        """The days from the first on that are left out for one recipient, in order. A blackout
        holds by the brand's clock and by theirs; a holiday is theirs alone."""
        last = first + timedelta(days=days - 1)
        shut: dict[date, ClosedDay] = {}
        if self.holidays and country and (not (on := self.holidays.channels) or channel in on):
            for year in range(first.year, last.year + 1):
                known = holidays_of(country, region, year)
                shut |= {day: ClosedDay(day, why) for day, why in known.items()}
        for blackout in self.blackouts:
            if not blackout.channels or channel in blackout.channels:
                for n in range((blackout.last - blackout.first).days + 1):
                    day = blackout.first + timedelta(days=n)
                    shut[day] = ClosedDay(day, blackout.reason, at_home=True)
        yield from (shut[day] for day in sorted(shut) if first <= day <= last)


NO_SCHEDULE = Schedule()


@dataclass(frozen=True, slots=True)
class BestHour:
    """The hour of their day at which a customer answers.

    Attributes:
        hour: 0 to 23, by the customer's clock.
        near: of their answers, those within an hour of it; `answers`: all that count.
    """

    hour: int
    near: int
    answers: int

    @property
    def in_words(self) -> str:
        """`their best hour, 18:00: 7 of 9 answers came around then`."""
        return f"best hour {self.hour:02}:00, {self.near} of {self.answers} answers around it"


@dataclass(frozen=True, slots=True)
class Place:
    """Where and who somebody is, as far as hours and days go."""

    time_zone: str | None = None
    country: str | None = None
    region: str | None = None
    best: BestHour | None = field(default=None)


@lru_cache(maxsize=2_000)
def holidays_of(country: str, region: str | None, year: int) -> Mapping[date, str]:
    """The public holidays of a country, or of a region of it, in a year; of the whole country
    where the region is unknown, none where the country is."""
    import holidays

    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        return {}
    subdivision = (region or "").removeprefix(f"{country}-")
    found = holidays.country_holidays(
        country,
        subdiv=subdivision if subdivision in known[country] else None,
        years=year,
        language="en_US",
    )
    return {day: _plain(name) for day, name in found.items()}


def _plain(name: str) -> str:
    """Short enough, and without the signs that a reason is written with."""
    return name.replace("|", "/").replace("=", "-").split(";")[0].strip()[:60]


def _minutes(time_of_day: str) -> int:
    hours, minutes = time_of_day.split(":")
    return int(hours) * 60 + int(minutes)
