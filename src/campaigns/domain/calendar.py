"""The calendar: which campaigns go out when, who would get several of them, and what then gives.

What is worked out here is a forecast: from the profiles, consents and contacts of today. Nobody is
named, people are only counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple, TypeAlias

from campaigns.domain.channel import Channel
from campaigns.domain.costing import Messages
from campaigns.domain.pressure import Cap


@dataclass(frozen=True, slots=True)
class Occasion:
    """One time that a campaign goes out.

    Attributes:
        team: whose campaign it is; empty: nobody's in particular.
        by: the schedule or run that sends it.
        active: it goes out by itself; else a schedule has to be switched on first.
        counted: a marketing message, which caps count.
    """

    campaign: str
    title: str
    team: str
    edition: str
    at: datetime
    by: str
    active: bool
    counted: bool

    @property
    def name(self) -> str:
        """`newsletter (2027-03)`."""
        return f"{self.campaign} ({self.edition})" if self.edition else self.campaign

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "campaign": self.campaign,
            "title": self.title,
            "team": self.team or None,
            "edition": self.edition or None,
            "at": self.at.isoformat(),
            "by": self.by,
            "active": self.active,
        }


class Touch(NamedTuple):
    """One message that one customer would get: of which occasion, when, and where; `priced` is what
    its price depends on, skeleton and country, where somebody asks for it."""

    occasion: int
    at: datetime
    channel: Channel
    priced: tuple[str, str | None] | None = None


#: An earlier contact of a customer: when, and on which channel.
Contact: TypeAlias = tuple[datetime, Channel]


@dataclass(slots=True)
class Crowd:
    """How many customers one occasion reaches.

    Attributes:
        people: who would be planned; `by_channel` and `by_day` (the brand's) add up to it.
        over: cap → of these, people for whom it would be too many. Nobody counts twice.
        skipped: who of the audience would get nothing anyway, whatever the calendar.
        messages: of an occasion that has a budget, what would really go, by what prices depend on.
        over_budget: why the campaign's budget forbids it; empty where it does not.
    """

    people: int = 0
    by_channel: Counter[Channel] = field(default_factory=Counter)
    by_day: Counter[date] = field(default_factory=Counter)
    over: Counter[str] = field(default_factory=Counter)
    skipped: int = 0
    messages: Messages = field(default_factory=Messages)
    over_budget: str = ""

    @property
    def reached(self) -> int:
        """Who would really get it."""
        return self.people - self.over.total()

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "people": self.people,
            "reached": self.reached,
            "skipped": self.skipped,
            "channels": {str(k): n for k, n in sorted(self.by_channel.items())},
            "days": {str(day): n for day, n in sorted(self.by_day.items())},
            "over_cap": dict(self.over),
            "over_budget": self.over_budget or None,
        }


@dataclass(slots=True)
class Overlap:
    """People who would get two occasions, the earlier first.

    Attributes:
        both: how many.
        same_day: day → of these, how many on that day.
        over: cap → of these, how many would get the later one but for a cap that the earlier one
            helps to fill.
    """

    both: int = 0
    same_day: Counter[date] = field(default_factory=Counter)
    over: Counter[str] = field(default_factory=Counter)

    def as_json(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "both": self.both,
            "same_day": {str(day): n for day, n in sorted(self.same_day.items())},
            "over_cap": dict(self.over),
        }


@dataclass(slots=True)
class Calendar:
    """The calendar of some weeks."""

    since: datetime
    until: datetime
    zone: str
    occasions: Sequence[Occasion]
    crowds: list[Crowd]
    overlaps: dict[tuple[int, int], Overlap] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def conflicts(self) -> list[str]:
        """What has to be looked at before it happens, in sentences; the gravest first."""
        found: list[tuple[int, str]] = []
        for (one, other), overlap in self.overlaps.items():
            a, b = self.occasions[one], self.occasions[other]
            pair = f"{a.name} and {b.name}{_teams(a, b)}"
            for cap, number in overlap.over.most_common():
                are = "is" if number == 1 else "are"
                found.append((
                    number,
                    f"{pair}: of {overlap.both:,} who would get both, {number:,} {are} over the "
                    f"cap of {cap} and will not get {b.name}.",
                ))  # fmt: skip
            for day, number in overlap.same_day.most_common(1):
                found.append((
                    number,
                    f"{pair}: {number:,} would get both on {day:%A}, {day.day} {day:%B}.",
                ))  # fmt: skip
        found += self._had_enough()
        found += self._too_dear()
        return [sentence for _, sentence in sorted(found, key=lambda item: (-item[0], item[1]))]

    def _had_enough(self) -> Iterator[tuple[int, str]]:
        """Occasions that caps stop for what people have had already, without any of the others."""
        for n, (occasion, crowd) in enumerate(zip(self.occasions, self.crowds, strict=True)):
            for cap, number in crowd.over.items():
                own = number - sum(o.over[cap] for (_, b), o in self.overlaps.items() if b == n)
                if own > 0:
                    yield (
                        own,
                        f"{occasion.name}: {own:,} of {crowd.people:,} have had enough lately to "
                        f"be over the cap of {cap} and will not get it.",
                    )

    def _too_dear(self) -> Iterator[tuple[int, str]]:
        """Occasions that would break their campaign's budget: nothing of them is sent."""
        for occasion, crowd in zip(self.occasions, self.crowds, strict=True):
            if crowd.over_budget:
                told = f"{occasion.name} would be refused: {crowd.over_budget}"
                yield crowd.reached, told

    def as_json(self) -> dict[str, Any]:
        """As JSON values; counts only."""
        return {
            "from": self.since.isoformat(),
            "until": self.until.isoformat(),
            "time_zone": self.zone,
            "occasions": [
                o.as_json() | c.as_json() for o, c in zip(self.occasions, self.crowds, strict=True)
            ],
            "overlaps": [
                {"first": one, "then": other} | overlap.as_json()
                for (one, other), overlap in sorted(self.overlaps.items())
            ],
            "conflicts": self.conflicts(),
            "notes": self.notes,
        }


def cap_in_words(cap: Cap) -> str:
    """`3 in 7 days`, `1 in 1 day on SMS`."""
    days = "day" if cap.days == 1 else "days"
    where = f" on {cap.channel.label}" if cap.channel else ""
    return f"{cap.messages} in {cap.days} {days}{where}"


def weekly(most: int) -> Cap:
    """A customer's own wish as a cap."""
    return Cap(messages=max(1, min(most, 1000)), days=7)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of one touch: None lets it go, else the cap, and the occasions that fill it."""

    touch: Touch
    cap: str | None
    filled_by: tuple[int, ...] = ()


def judge(
    touches: Sequence[Touch],
    earlier: Sequence[Contact],
    caps: Sequence[tuple[str, Cap]],
    counted: Sequence[bool],
) -> list[Verdict]:
    """One customer's touches in the order of time: who comes first fills the cap.

    Args:
        earlier: contacts that have happened.
        caps: all that hold for the customer, with their words.
        counted: whether caps count the occasion of that number.
    """
    past: list[tuple[datetime, Channel, int | None]] = [(at, c, None) for at, c in earlier]
    verdicts = []
    for touch in sorted(touches, key=lambda t: (t.at, t.occasion)):
        verdict = Verdict(touch, None)
        if counted[touch.occasion]:
            verdict = _against(touch, past, caps)
            if verdict.cap is None:
                past.append((touch.at, touch.channel, touch.occasion))
        verdicts.append(verdict)
    return verdicts


def _against(
    touch: Touch,
    past: Sequence[tuple[datetime, Channel, int | None]],
    caps: Sequence[tuple[str, Cap]],
) -> Verdict:
    for words, cap in caps:
        if cap.channel not in (None, touch.channel):
            continue
        since = touch.at - timedelta(days=cap.days)
        within = [o for at, c, o in past if at > since and cap.channel in (None, c)]
        if len(within) >= cap.messages:
            return Verdict(touch, words, tuple({o for o in within if o is not None}))
    return Verdict(touch, None)


def _teams(one: Occasion, other: Occasion) -> str:
    return f" ({one.team}, {other.team})" if one.team and other.team else ""
