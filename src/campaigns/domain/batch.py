"""A batch: deliveries in one worker's hands, from claimed to settled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeValue


@dataclass(frozen=True, slots=True)
class Claimed:
    """One delivery in a worker's hands, with what filling and sending need."""

    delivery_id: int
    customer_id: int
    ref: str
    address: str
    first_name: str | None
    last_name: str | None
    attributes: Mapping[str, AttributeValue]
    last_inbound_at: datetime | None


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
    """What one message will say, stored before it leaves."""

    delivery_id: int
    address: str
    values: Mapping[str, str]
    hash: str
