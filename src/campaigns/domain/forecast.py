"""A forecast: what a run would do now, in numbers that add up, before anything is sent.

Segments are measured per skeleton, once with typical values and once with the longest there may be;
costs follow from both. A run's own costs before it sends are counted the same way, from its rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from campaigns.domain.allotment import PlanChange
from campaigns.domain.campaign import GoalSpec
from campaigns.domain.canary import CanarySpec
from campaigns.domain.channel import Channel
from campaigns.domain.costing import ChannelForecast, over_budget
from campaigns.domain.counting import counted, people
from campaigns.domain.evidence import age
from campaigns.domain.findings import Finding
from campaigns.domain.moments import moment
from campaigns.domain.plan import ALREADY, NOT_AGAIN, QUIET_HOURS, PlanCounts
from campaigns.domain.portion import WHOLE, Portion
from campaigns.domain.prices import Budget, money
from campaigns.domain.reason import SKIP_TEXT, SkipReason

#: What rows of planned people are called that wait for their time.
WAITING = "of these waiting"
NOBODY = (
    "Nobody is in the audience, so that a run sends nothing: look at `audience:` in its "
    "campaign.yaml, or import customers first."
)


@dataclass(frozen=True, slots=True)
class Sample:
    """One customer of the plan, to read before anything is sent.

    Attributes:
        who: name and ref, on this machine alone; a number where it goes elsewhere.
        why: the reason of the channel, in words.
        parts: the message as the customer would get it; with made-up values where `who` is a
            number.
        trouble: why this customer's message cannot be made; empty where it can.
    """

    channel: Channel
    locale: str
    who: str
    why: str
    parts: Mapping[str, str]
    trouble: str = ""

    @property
    def text(self) -> str:
        """What is read first: the subject and the text, or the body."""
        shown = (self.parts.get(p) for p in ("subject", "text", "body"))
        return "\n\n".join(p.strip() for p in shown if p)


@dataclass(frozen=True, slots=True)
class Power:
    """What an experiment of this size can see, in one question.

    Attributes:
        people, control: of the smallest arm and of the one it is held against.
        points: the smallest difference that four of five such experiments find, in points of
            percent; None where none can be told, `because` says why.
        worth: the smallest difference that would matter, as the campaign states it.
    """

    question: str
    people: int
    control: int
    points: float | None
    because: str = ""
    worth: float | None = None

    def __str__(self) -> str:
        who = f"{self.question}: with {people(self.people)} against {self.control:,}"
        if self.points is None:
            return f"{who} it cannot be told what can be seen: {self.because}."
        seen = f"{who} you can see a difference of {self.points:.1f} points."
        if self.worth is None or self.worth >= self.points:
            return seen
        return f"{seen} That is too few people for the {self.worth:g} that would matter."


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run of the campaign would do now.

    Attributes:
        plan: the plan's hash (domain.allotment).
        limit: at most so many people; None is the whole audience.
        portion: the channels and locales that the run would be restricted to.
        counts: planned + skipped + already is the audience.
        channels: the same people by channel, and the public post.
        goal: what the campaign is for; None where it states none.
        spent: what earlier runs of the campaign and edition cost.
        waits, until: messages that wait for their hour, and when the last of them may go.
        changed: from the plan that was approved last; None where none was.
        canary: what goes to a few first; None where the run has none.
        needs_approval: whether the campaign asks for somebody's yes.
        zone: the brand's time zone: moments are told by its clock.
        refused: why no run may begin in this database (domain.mode); None where one may.
    """

    campaign: str
    title: str
    release: str
    plan: str
    at: datetime
    limit: int | None
    counts: PlanCounts
    channels: Sequence[ChannelForecast]
    currency: str | None = None
    spent: Decimal = Decimal(0)
    goal: GoalSpec | None = None
    budget: Budget | None = None
    waits: int = 0
    until: datetime | None = None
    samples: Sequence[Sample] = ()
    findings: Sequence[Finding] = ()
    power: Sequence[Power] = ()
    changed: PlanChange | None = None
    portion: Portion = WHOLE
    canary: CanarySpec | None = None
    needs_approval: bool = False
    zone: str = "UTC"
    refused: str | None = None

    @property
    def cost(self) -> Decimal:
        """Of this run, with typical values."""
        return sum((c.cost for c in self.channels), Decimal(0))

    @property
    def most(self) -> Decimal:
        """Of this run, were every text as long as it may be."""
        return sum((c.most for c in self.channels), Decimal(0))

    @property
    def unpriced(self) -> int:
        """Messages without a price."""
        return sum(c.unpriced for c in self.channels)

    @property
    def takes(self) -> timedelta | None:
        """How long sending takes, since channels go side by side; None without any rate."""
        return max((c.takes for c in self.channels if c.takes is not None), default=None)

    @property
    def unlimited(self) -> bool:
        """Whether some channel goes as fast as its provider takes it, so that nobody knows."""
        return self.takes is None or any(c.takes is None for c in self.channels)

    @property
    def over_budget(self) -> str | None:
        """Why the budget forbids the run; None where it does not."""
        return over_budget(self.budget, self.cost, self.spent, self.unpriced)

    @property
    def caution(self) -> str | None:
        """Why a run would be refused whatever the plan is, or what may break the budget, though it
        need not."""
        if self.refused:
            return f"a run would be refused: {self.refused}"
        if self.budget is None or self.over_budget or self.spent + self.most <= self.budget.amount:
            return None
        most = money(self.spent + self.most, self.budget.currency)
        return f"were every text as long as it may be, it would cost {most}: above the budget."

    @property
    def waiting(self) -> str:
        """`3 wait for their hour`."""
        return f"{self.waits:,} {'waits' if self.waits == 1 else 'wait'} for their hour"

    def rows(self) -> list[tuple[str, str, int]]:
        """(section, line, people), in reading order, in the shape of a run's report."""
        counts = self.counts
        rows = [("planned", c.label, n) for c, n in counts.planned.most_common()]
        if counts.exploring:
            rows.append(("of these exploring", "on another channel, to learn", counts.exploring))
        rows += [
            (WAITING, f"{why or QUIET_HOURS}: {self._between(first, last)}", n)
            for why, (n, first, last) in counts.waits_by_reason.items()
        ]
        rows += [("skipped", SKIP_TEXT[SkipReason(r)], n) for r, n in counts.skipped.most_common()]
        if counts.already:
            rows.append((NOT_AGAIN, ALREADY, counts.already))
        rows.append(("audience", "everyone the campaign is for", counts.audience))
        return rows

    def here(self, at: datetime) -> datetime:
        """A moment by the brand's clock."""
        return at.astimezone(ZoneInfo(self.zone))

    def local(self, at: datetime) -> str:
        """`27 Nov 10:00 CET`."""
        return moment(self.here(at))

    def _between(self, first: datetime, last: datetime) -> str:
        """The first and the last of several moments."""
        return self.local(first) if first == last else f"{self.local(first)} to {self.local(last)}"

    def money(self, amount: Decimal) -> str:
        """An amount, in the currency of the prices."""
        return money(amount, self.currency) if self.currency else "no prices"

    def price(self) -> str:
        """`€12.60, at most €14.10`."""
        if self.currency is None:
            return "unknown: brand.yaml has no `prices`"
        told = self.money(self.cost)
        if self.most != self.cost:
            told += f", at most {self.money(self.most)}"
        if self.unpriced:
            told += f"; not in it: {counted(self.unpriced, 'message')} without a price"
        return told

    def sentences(self) -> list[str]:
        """What the tables do not tell: goal, cost, budget, time, power, what changed."""
        told = [] if self.counts.audience else [NOBODY]
        told += [f"Goal: {self.goal.in_words}."] if self.goal else []
        if not self.portion.whole:
            told.append(f"Restricted: {self.portion}. The rest is for a later run.")
        told.append(f"Cost: {self.price()}.")
        if self.spent:
            told.append(f"Earlier runs cost {self.money(self.spent)}.")
        if self.budget is not None:
            told.append(f"Budget: {money(self.budget.amount, self.budget.currency)}.")
        if self.channels:
            told.append(f"Time: {self.duration()}.")
        if self.canary is not None:
            told.append(f"Canary: {self.canary.in_words}.")
        if self.waits and self.until is not None:
            until = self.local(self.until)
            told.append(f"{self.waiting}, the last until {until}.")
        told += [str(power) for power in self.power]
        if self.needs_approval:
            told.append("It needs somebody's yes before it sends.")
        if self.changed is not None:
            told.append(f"Since it was approved: {self.changed}.")
        return told

    def duration(self) -> str:
        """`about 16 min at the rates set; e-mail as fast as the provider takes it`."""
        free = [c.channel.label for c in self.channels if c.takes is None]
        if self.takes is None:
            return "as fast as the providers take it: no rate is set"
        unlimited = f"; {', '.join(free)} as fast as the provider takes it" if free else ""
        return f"about {time_in_words(self.takes)} at the rates set{unlimited}"


def time_in_words(takes: timedelta) -> str:
    """`2 h 5 min`, `40 s`; never nothing at all."""
    return age(max(takes, timedelta(seconds=1)))
