"""Forecast: who would get which of the coming campaigns, and what of it would be too much.

One pass over the customers: each shard's are read once per campaign, decided as planning decides,
and put beside each other. Only counts leave it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from typing import Protocol
from zoneinfo import ZoneInfo

from campaigns.domain.calendar import (
    Calendar,
    Contact,
    Crowd,
    Occasion,
    Overlap,
    Touch,
    Verdict,
    cap_in_words,
    judge,
    weekly,
)
from campaigns.domain.channel import Channel
from campaigns.domain.customer import Profile
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.pressure import Pressure
from campaigns.domain.release import Release
from campaigns.domain.timing import Timing
from campaigns.services.choosing import opening_by
from campaigns.services.plan_run import decide
from campaigns.services.ports import PlanStore

#: Customers per page: memory does not grow with the audience.
PAGE = 20_000


class Contacts(Protocol):
    """What customers got, and what waits for them."""

    def contacts(
        self, first: int, last: int, *, since: datetime
    ) -> Mapping[int, Sequence[Contact]]:
        """Contacts after a moment, by customer of an id range."""

    def waiting(
        self, run_id: int, first: int, last: int
    ) -> Iterable[tuple[int, datetime, Channel]]:
        """Messages of a run that are still to go: customer, not before when, channel."""


@dataclass(frozen=True, slots=True)
class Coming:
    """An occasion with what decides it: a release, or the run that is under way. `budgeted`: its
    messages are counted by what prices depend on."""

    occasion: Occasion
    release: Release | None = None
    run_id: int | None = None
    budgeted: bool = False


class _Forecast:
    def __init__(
        self,
        planning: PlanStore,
        contacts: Contacts,
        coming: Sequence[Coming],
        pressure: Pressure,
        calendar: Calendar,
        now: datetime,
    ) -> None:
        self._planning, self._contacts, self._coming = planning, contacts, coming
        self._calendar, self._now = calendar, now
        self._caps = [(cap_in_words(cap), cap) for cap in pressure.caps]
        self._reach = timedelta(days=max((c.days for c in pressure.caps), default=7))
        self._counted = [c.occasion.counted for c in coming]
        self._zone = ZoneInfo(calendar.zone)

    def page(self, first: int, last: int) -> None:
        """Add the customers of an id range to the counts."""
        touches: dict[int, list[Touch]] = defaultdict(list)
        wishes: dict[int, int] = {}
        for number, coming in enumerate(self._coming):
            if coming.run_id is not None:
                for customer, at, channel in self._contacts.waiting(coming.run_id, first, last):
                    touches[customer].append(Touch(number, max(at, self._now), channel))
        for numbers in self._campaigns():
            self._plan(numbers, first, last, touches, wishes)
        since = self._now - max(self._reach, timedelta(days=7))
        earlier = self._contacts.contacts(first, last, since=since) if touches else {}
        # Most customers have the same before them as many others: each case is judged once.
        cases = Counter(
            (tuple(own), tuple(earlier.get(customer, ())), wishes.get(customer))
            for customer, own in touches.items()
        )
        for (own, past, most), people in cases.items():
            caps = self._caps
            if most is not None:
                caps = [*caps, (f"{most} in 7 days by their own wish", weekly(most))]
            self._count(judge(own, past, caps, self._counted), people)

    def _campaigns(self) -> Iterator[list[int]]:
        """The occasions that a release decides, by campaign and in the order of time."""
        by_campaign: dict[str, list[int]] = defaultdict(list)
        for number, coming in enumerate(self._coming):
            if coming.release is not None:
                by_campaign[coming.occasion.campaign].append(number)
        yield from by_campaign.values()

    def _plan(
        self,
        numbers: Sequence[int],
        first: int,
        last: int,
        touches: dict[int, list[Touch]],
        wishes: dict[int, int],
    ) -> None:
        """One campaign's occasions. A later edition is for those of the first again, so they are
        read once, or twice where some have the first already; nobody gets an edition twice."""
        had = False
        seen: list[str] = []
        known: dict[int, tuple[Profile, PlannedDelivery]] = {}
        for number in numbers:
            coming = self._coming[number]
            release, at = coming.release, coming.occasion.at
            assert release is not None
            if release.edition in seen:
                continue
            seen.append(release.edition)
            opening = opening_by(Timing(release.policy), at)
            if len(seen) == 1 or (len(seen) == 2 and had):
                known, skipped = self._read(release, first, last, at)
                had = self._planning.already(release, first=first, last=last, now=at) > 0
                self._calendar.crowds[number].skipped += skipped
                wishes |= {c: most for c, (p, _) in known.items() if (most := p.wishes.weekly_most)}
            for customer, (profile, planned) in known.items():
                when = opening(planned.channel, profile)
                if when.never:
                    self._calendar.crowds[number].skipped += 1
                else:
                    what = (planned.skeleton_hash, planned.country) if coming.budgeted else None
                    touch = Touch(number, when.at or at, planned.channel, what)
                    touches[customer].append(touch)

    def _read(
        self, release: Release, first: int, last: int, at: datetime
    ) -> tuple[dict[int, tuple[Profile, PlannedDelivery]], int]:
        """Who would get it where, without caps: those are judged over the whole calendar."""
        uncapped = release.policy.pressure.model_copy(update={"caps": ()})
        bare = replace(release, policy=replace(release.policy, pressure=uncapped))
        profiles = self._planning.profiles(bare, first_customer=first, last_customer=last, now=at)
        by_id: dict[int, Profile] = {}
        plan = decide(bare, _noting(profiles, by_id))
        told = {d.customer_id: (by_id[d.customer_id], d) for d in plan.deliveries}
        return told, len(plan.skips)

    def _count(self, verdicts: Sequence[Verdict], people: int) -> None:
        crowds, overlaps = self._calendar.crowds, self._calendar.overlaps
        days = {}
        for verdict in verdicts:
            touch, crowd = verdict.touch, crowds[verdict.touch.occasion]
            day = days[touch.occasion] = touch.at.astimezone(self._zone).date()
            crowd.people += people
            crowd.by_channel[touch.channel] += people
            crowd.by_day[day] += people
            if verdict.cap is not None:
                crowd.over[verdict.cap] += people
            elif touch.priced is not None:
                crowd.messages[touch.priced] += people
        for one, other in combinations(verdicts, 2):
            pair = one.touch.occasion, other.touch.occasion
            overlap = overlaps.setdefault(pair, Overlap())
            overlap.both += people
            if days[pair[0]] == days[pair[1]]:
                overlap.same_day[days[pair[0]]] += people
            if other.cap is not None and pair[0] in other.filled_by:
                overlap.over[other.cap] += people


def _noting(profiles: Iterable[Profile], by_id: dict[int, Profile]) -> Iterator[Profile]:
    for profile in profiles:
        by_id[profile.customer_id] = profile
        yield profile


def forecast(
    planning: PlanStore,
    contacts: Contacts,
    coming: Sequence[Coming],
    *,
    pressure: Pressure,
    zone: str,
    now: datetime,
    until: datetime,
) -> Calendar:
    """The calendar from now until then. Reads only.

    Args:
        coming: in the order of time.
        pressure: the brand's caps.
        zone: whose days are counted by.
    """
    calendar = Calendar(now, until, zone, [c.occasion for c in coming], [Crowd() for _ in coming])
    made = _Forecast(planning, contacts, coming, pressure, calendar, now)
    first, last = planning.customer_range()
    for start in range(first, last + 1, PAGE):
        made.page(start, min(start + PAGE - 1, last))
    return calendar
