"""Pressure: how many marketing messages one customer gets, over all campaigns and channels.

The brand's caps and the customer's own (`weekly_most`, a pause) all hold; the strictest decides.
Counted are contacts: messages that left or may have left. Service messages are neither counted nor
held back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import Field, model_validator

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.quiet_hours import QuietRule, Span
from campaigns.domain.written import Frozen

#: Contacts are kept for so long: no cap may look further back.
LONGEST_CAP = timedelta(days=90)
#: What a customer's `weekly_most` counts over.
WEEK = timedelta(days=7)


class Cap(Frozen):
    """At most so many marketing messages to one customer in any stretch of so many days."""

    messages: Annotated[int, Field(ge=1, le=1000)]
    days: Annotated[int, Field(ge=1, le=LONGEST_CAP.days)]
    channel: Channel | None = Field(None, description="counted there only; empty: on all together")

    @model_validator(mode="after")
    def _reaches_one_customer(self) -> Cap:
        if self.channel is Channel.X_POST:
            raise ValueError("an X post is for everyone: it counts for nobody's cap")
        return self

    def since(self, now: datetime) -> datetime:
        """Contacts after this moment count."""
        return now - timedelta(days=self.days)


class Pressure(Frozen):
    """`pressure` in brand.yaml: how often customers hear from the brand, and when not."""

    caps: tuple[Cap, ...] = Field((), description="most marketing messages to one customer")
    quiet_hours: tuple[QuietRule, ...] = Field(
        (), description="when nothing is sent, stricter than the law's 21:00 to 08:00 for texts"
    )


NO_PRESSURE = Pressure()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a customer asked for.

    Attributes:
        paused: no marketing at present.
        weekly_most: at most so many marketing messages in seven days; None is no wish.
        quiet: the customer's own quiet hours.
        order: the channels as the customer put them.
    """

    paused: bool = False
    weekly_most: int | None = None
    quiet: Span | None = None
    order: tuple[Channel, ...] = ()


NO_WISHES = Wishes()


def capped(
    caps: Sequence[Cap], counts: Sequence[int], *, weekly_most: int | None, in_week: int
) -> frozenset[Channel]:
    """The channels on which one more message would be too many. `counts` are the contacts that
    each cap counts, `in_week` those of the last seven days."""
    if weekly_most is not None and in_week >= weekly_most:
        return frozenset(PERSONAL_CHANNELS)
    full = [cap for cap, count in zip(caps, counts, strict=True) if count >= cap.messages]
    if any(cap.channel is None for cap in full):
        return frozenset(PERSONAL_CHANNELS)
    return frozenset(cap.channel for cap in full if cap.channel is not None)
