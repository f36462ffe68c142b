"""Customers and what planning and filling need to know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, TypeAlias

from pydantic import Field

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Standing
from campaigns.domain.engagement import Engagement
from campaigns.domain.pressure import NO_WISHES, Wishes
from campaigns.domain.schedule import BestHour
from campaigns.domain.written import Frozen

#: A customer's attribute, as stored: JSON scalars only. Dates are ISO text, money is decimal text.
AttributeValue: TypeAlias = str | int | float | bool | None


def stated_order(first: Channel | None, order: Sequence[Channel]) -> tuple[Channel, ...]:
    """The customer's channels: the preferred one first, then the rest of their order. An import
    may have changed the first alone; without one nothing is stated."""
    return () if first is None else (first, *(c for c in order if c is not first))


class AddressStatus(StrEnum):
    """Whether an address can be written to. Only `active` is."""

    ACTIVE = "active"
    BOUNCED = "bounced"
    INVALID = "invalid"


class AttributeSpec(Frozen):
    """The type of one user-defined attribute, declared in templates/attributes.yaml."""

    type: Literal["text", "integer", "number", "bool", "date", "choice"]
    choices: tuple[str, ...] = ()
    max_length: int = 40
    description: str = ""
    example: str | int | float | None = Field(None, description="a typical value, for previews")


@dataclass(frozen=True, slots=True)
class Profile:
    """One customer as planning sees them: for one purpose, of one campaign.

    Attributes:
        locale: Babel identifier such as `ca_ES`.
        reachable: channel → status of the customer's address there; absent means no address.
        suppressed: channels whose address is on the suppression list.
        standings: channel → ledger standings for the campaign's purpose.
        engagement: what was learnt of each channel; empty where nothing was.
        may_dm: wrote to the brand on X first and has not asked to stop since.
        traits: the customer's values of the attributes that the campaign declares as traits, and
            of the one that holds their region.
        wishes: a pause, a weekly limit, quiet hours of the customer's own.
        capped: channels on which one more marketing message would be too many.
        best_hour: at which they answer, where the campaign asks for it and it was learnt.
    """

    customer_id: int
    ref: str
    locale: str
    country: str | None
    time_zone: str | None
    stated_preference: Channel | None
    reachable: Mapping[Channel, AddressStatus]
    suppressed: frozenset[Channel]
    standings: Mapping[Channel, tuple[Standing, ...]]
    engagement: Mapping[Channel, Engagement]
    may_dm: bool = False
    traits: Mapping[str, AttributeValue] = field(default_factory=dict)
    wishes: Wishes = NO_WISHES
    capped: frozenset[Channel] = frozenset()
    best_hour: BestHour | None = None

    @property
    def stated(self) -> tuple[Channel, ...]:
        """The channels in the order the customer stated, as far as one was stated."""
        return stated_order(self.stated_preference, self.wishes.order)
