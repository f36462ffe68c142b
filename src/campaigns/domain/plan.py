"""A plan: one row per customer of the audience, a channel with its reason or a skip with its."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.domain.channel import Channel
from campaigns.domain.customer import Profile
from campaigns.domain.reason import Choice, Rule, Skip, SkipReason
from campaigns.domain.timing import When

#: What rows of people are called who have a message of the campaign from an earlier run.
NOT_AGAIN, ALREADY = "not again", "Dealt with in an earlier run"
#: What waits for nothing else.
QUIET_HOURS = "quiet hours at the recipient"


@dataclass(frozen=True, slots=True)
class PlannedDelivery:
    """One row for the outbox. `reason` is `reason.Reason.encode()`; `not_before` is when it may
    go, None at once; `step` is the step's name, empty where there are none; `waits` is what it
    waits for, empty for quiet hours; `country` is the customer's, which the price may depend on."""

    customer_id: int
    channel: Channel
    skeleton_hash: str
    reason: str
    not_before: datetime | None = None
    step: str = ""
    waits: str = ""
    country: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedSkip:
    """One customer of the audience who gets nothing. `reason` is `reason.Skip.encode()`.

    Attributes:
        step: the later step of a journey that this decides for good; empty: only this run is told.
        ends: no further step follows.
    """

    customer_id: int
    reason: str
    step: str = ""
    ends: bool = False


@dataclass(slots=True)
class PlanCounts:
    """How many go where. planned + skipped + already is the audience.

    Attributes:
        already: customers who have a delivery of this campaign from an earlier run; the reason is
            that delivery, so no row is written again.
        exploring: of `planned`, those on another channel than the best known, to learn.
        waits: of `planned`, those that wait, by what for (empty: quiet hours) and until when.
    """

    planned: Counter[Channel] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    already: int = 0
    exploring: int = 0
    waits: Counter[tuple[str, datetime]] = field(default_factory=Counter)

    @property
    def audience(self) -> int:
        """Everyone the campaign is for."""
        return self.planned.total() + self.skipped.total() + self.already

    def add(self, other: PlanCounts) -> None:
        """Add another shard's counts."""
        self.planned.update(other.planned)
        self.skipped.update(other.skipped)
        self.already += other.already
        self.exploring += other.exploring
        self.waits.update(other.waits)

    @property
    def waits_by_reason(self) -> dict[str, tuple[int, datetime, datetime]]:
        """What for → how many wait, the first and the last moment; the most first."""
        found: dict[str, tuple[int, datetime, datetime]] = {}
        for (why, at), number in self.waits.items():
            before = found.get(why, (0, at, at))
            found[why] = (before[0] + number, min(before[1], at), max(before[2], at))
        return dict(sorted(found.items(), key=lambda item: -item[1][0]))


@dataclass(slots=True)
class Plan:
    """Rows for the outbox, rows for the skips, and how many there are of each.

    Attributes:
        barred: skips of many at once: `reason.Skip.encode()` → customers.
    """

    deliveries: list[PlannedDelivery] = field(default_factory=list)
    skips: list[PlannedSkip] = field(default_factory=list)
    barred: dict[str, Sequence[int]] = field(default_factory=dict)
    counts: PlanCounts = field(default_factory=PlanCounts)

    def send(self, choice: Choice, profile: Profile, skeleton: str, when: When, step: str) -> None:
        """A customer gets a message: on the channel chosen, in these words, at this time."""
        self.deliveries.append(
            PlannedDelivery(
                profile.customer_id,
                choice.channel,
                skeleton,
                choice.reason.encode(),
                when.at,
                step,
                when.why,
                country=profile.country,
            )
        )
        if when.at is not None:
            self.counts.waits[when.why, when.at] += 1
        self.counts.planned[choice.channel] += 1
        self.counts.exploring += choice.reason.rule is Rule.EXPLORING

    def skip(self, planned: PlannedSkip, reason: SkipReason) -> None:
        """A customer gets nothing."""
        self.skips.append(planned)
        self.counts.skipped[reason] += 1

    def bar(self, skip: Skip, customers: Sequence[int]) -> None:
        """These customers get nothing; they are told once, by all of them."""
        self.barred[skip.encode()] = customers
        self.counts.skipped[skip.reason] += len(customers)

    def add(self, other: Plan) -> None:
        """Add what another plan decided about other customers, and of none that are barred."""
        self.deliveries += other.deliveries
        self.skips += other.skips
        self.counts.add(other.counts)


@dataclass(frozen=True, slots=True)
class Sifted:
    """The audience of a shard before anybody is decided on.

    Attributes:
        already: how many have a delivery of the campaign.
        barred: who gets nothing, by a skip that rests on their word and addresses alone.
        open: who is to be decided on, by id.
    """

    already: int
    barred: Mapping[Skip, Sequence[int]]
    open: Sequence[int]
