"""What messages cost: by channel, by the price table, and held against the budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import TypeAlias

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.counting import counted
from campaigns.domain.message import Skeleton
from campaigns.domain.prices import Budget, Prices, money

#: (skeleton's hash, the customer's country) → messages.
Messages: TypeAlias = Counter[tuple[str, str | None]]


@dataclass(frozen=True, slots=True)
class Segments:
    """Segments of a text of one skeleton: with typical values, and at most. 1 elsewhere."""

    typical: int = 1
    most: int = 1


@dataclass(frozen=True, slots=True)
class ChannelForecast:
    """What goes by one channel.

    Attributes:
        messages: to customers, or the one public post.
        locales: locale of the words → messages.
        segments, most_segments: of all texts together; 0 where nothing is counted in segments.
        cost, most: by the price table, with typical values and with the longest.
        unpriced: messages whose country has no price; they are in no cost.
        takes: how long they take at the rates of the sender; None where none is set.
    """

    channel: Channel
    messages: int
    locales: Mapping[str, int]
    segments: int
    most_segments: int
    cost: Decimal
    most: Decimal
    unpriced: int
    takes: timedelta | None = None


def over_budget(budget: Budget | None, cost: Decimal, spent: Decimal, unpriced: int) -> str | None:
    """Why the budget forbids a run of this cost after `spent`; None where it does not. One that
    costs nothing breaks none."""
    if budget is None:
        return None
    if unpriced:
        without = counted(unpriced, "message has", "messages have")
        return (
            f"{without} no price, so the budget cannot be kept. Add their countries, or `other`, "
            "to `prices` in brand.yaml."
        )
    if not cost or spent + cost <= budget.amount:
        return None
    earlier = f" after {money(spent, budget.currency)} of earlier runs" if spent else ""
    return (
        f"it would cost {money(cost, budget.currency)}{earlier}, and the budget is "
        f"{money(budget.amount, budget.currency)}. Raise `budget` in campaign.yaml, narrow the "
        "audience, or send to fewer (`--limit`, on the form “At most”)."
    )


def by_channel(
    skeletons: Mapping[str, Skeleton],
    purpose: Purpose,
    messages: Messages,
    segments: Mapping[str, Segments],
    prices: Prices | None,
) -> list[ChannelForecast]:
    """Messages by channel, with locales, segments and cost; the channel of most messages first,
    the public post last."""
    found: dict[Channel, _Sum] = {}
    for (skeleton, country), number in messages.items():
        channel = skeletons[skeleton].channel
        into = found.setdefault(channel, _Sum())
        into.locales[skeletons[skeleton].locale] += number
        into.add(channel, purpose, country, number, segments[skeleton], prices)
    ordered = sorted(found.items(), key=lambda i: (i[0] is Channel.X_POST, -i[1].messages, i[0]))
    return [total.of(channel) for channel, total in ordered]


@dataclass(slots=True)
class _Sum:
    messages: int = 0
    locales: Counter[str] = field(default_factory=Counter)
    segments: int = 0
    most_segments: int = 0
    cost: Decimal = Decimal(0)
    most: Decimal = Decimal(0)
    unpriced: int = 0

    def add(
        self,
        channel: Channel,
        purpose: Purpose,
        country: str | None,
        number: int,
        segments: Segments,
        prices: Prices | None,
    ) -> None:
        self.messages += number
        if channel is Channel.SMS:
            self.segments += number * segments.typical
            self.most_segments += number * segments.most
        if prices is None:
            return
        cost, most = (
            prices.cost(channel, purpose=purpose, country=country, segments=n)
            for n in (segments.typical, segments.most)
        )
        if cost is None or most is None:
            self.unpriced += number
        else:
            self.cost += number * cost
            self.most += number * most

    def of(self, channel: Channel) -> ChannelForecast:
        return ChannelForecast(
            channel, self.messages, dict(self.locales.most_common()), self.segments,
            self.most_segments, self.cost, self.most, self.unpriced,
        )  # fmt: skip
