"""A batch: deliveries in one worker's hands, from claimed to settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeValue
from campaigns.domain.permit import UNLIMITED, Permit
from campaigns.domain.quiet_hours import Span


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery in a worker's hands, with what filling and sending need.

    Attributes:
        quiet: the customer's own quiet hours.
        preferences_at: when the preferences that say so were written; None: there are none.
    """

    delivery_id: int
    customer_id: int
    ref: str
    address: str
    first_name: str | None
    last_name: str | None
    attributes: Mapping[str, AttributeValue]
    last_inbound_at: datetime | None
    country: str | None = None
    time_zone: str | None = None
    quiet: Span | None = None
    preferences_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries of one shard, channel and skeleton, claimed together. `id` is the fence."""

    id: int
    run_id: int
    shard: int
    channel: Channel
    skeleton_id: int
    lease_until: datetime
    items: tuple[Claimed, ...]


@dataclass(frozen=True, slots=True)
class Written:
    """What one message will say, stored before it leaves, and when it may leave."""

    delivery_id: int
    address: str
    values: Mapping[str, str]
    hash: str
    permit: Permit = UNLIMITED
