"""Learn the hour at which each customer answers (domain.best_hour)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from campaigns.domain.best_hour import HALF_LIVES, Answered, best_hour
from campaigns.domain.schedule import BestHour, Place
from campaigns.domain.shut_times import middle_zone

#: Customers per transaction: others write in between.
CHUNK = 5_000


class Hours(Protocol):
    """When customers answer, and what was learnt of it."""

    def answered(self, ids: Sequence[int], *, since: datetime) -> Iterable[Answered]:
        """What these customers clicked and replied after that moment; those who did neither are
        left out."""

    def write(
        self, ids: Sequence[int], found: Sequence[tuple[int, BestHour]], *, now: datetime
    ) -> None:
        """Of these customers this is what is known from now on, in one transaction."""


def learn_hours(
    store: Hours, ids: Sequence[int], *, home: str, half_life: timedelta, now: datetime
) -> int:
    """Count these customers' answers anew; how many have a best hour. Safe at any time and any
    number of times: it counts, and does not add up."""
    known, since = 0, now - HALF_LIVES * half_life
    zones: dict[tuple[str | None, str | None], str] = {}
    for start in range(0, len(ids), CHUNK):
        chunk = list(ids[start : start + CHUNK])
        found: list[tuple[int, BestHour]] = []
        for customer, zone, country, moments in store.answered(chunk, since=since):
            where = zones.get((zone, country))
            if where is None:
                where = zones[zone, country] = middle_zone(Place(zone, country), home, now)
            best = best_hour(moments, where, half_life=half_life, now=now)
            if best is not None:
                found.append((customer, best))
        store.write(chunk, found, now=now)
        known += len(found)
    return known
