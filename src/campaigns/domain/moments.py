"""Moments in the words of people, by the clock of the zone that they are in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from typing import Any, TypeVar, cast

T = TypeVar("T")


def moment(at: datetime) -> str:
    """`28 Mar 06:00 CET`, of what is near."""
    return f"{at.day} {at:%b %H:%M %Z}"


def dated(at: datetime) -> str:
    """`28 Mar 2027 06:00 CET`, of what may be long ago."""
    return f"{at.day} {at:%b %Y %H:%M %Z}"


def second(at: datetime) -> str:
    """`06:00:05 CET`, of what is within minutes."""
    return f"{at:%H:%M:%S %Z}"


def until(at: datetime, otherwise: Callable[[datetime], str] = dated) -> str:
    """`the end of 31 Mar 2027`: nobody reads midnight as the end of the day before."""
    if at.time() == time():
        before = at - timedelta(seconds=1)
        return f"the end of {before.day} {before:%b %Y}"
    return otherwise(at)


def by_clock(told: T, zone: tzinfo) -> T:
    """The same, with every moment in it by the clock of this zone: values, sequences, mappings and
    datetimes are looked into."""
    made: Any = told
    if isinstance(told, datetime):
        made = told.astimezone(zone)
    elif is_dataclass(told) and not isinstance(told, type):
        made = replace(
            told, **{f.name: by_clock(getattr(told, f.name), zone) for f in fields(told)}
        )
    elif isinstance(told, (list, tuple)):
        made = type(told)(by_clock(item, zone) for item in told)
    elif isinstance(told, dict):
        made = {name: by_clock(item, zone) for name, item in told.items()}
    return cast("T", made)
