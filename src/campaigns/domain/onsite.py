"""What a customer was told and may still be told: for the web site, the app and the shop, in the
same words. They never speak first (docs/decisions/0027-the-site-says-what-was-said.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import Profile
from campaigns.domain.obstacle import said_no
from campaigns.domain.release import Policy

#: How long a message without an end of its own stays current.
CURRENT_FOR = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Told:
    """A message that left, or may have left: the skeleton and the values that make it again."""

    delivery_id: int
    campaign: str
    edition: str
    release_hash: str
    skeleton_id: int
    channel: Channel
    at: datetime
    expires_at: datetime
    values: Mapping[str, str]
    message_hash: str
    seen_at: datetime | None


def expiry(expires_at: datetime | None, told_at: datetime) -> datetime:
    """When a message stops being current."""
    return expires_at or told_at + CURRENT_FOR


def may_still_be_told(profile: Profile, channel: Channel, policy: Policy) -> bool:
    """Whether the customer permits this message still: consent, suppression and pause count, since
    they are about being told; caps and quiet hours are about being written to."""
    if said_no(profile, channel, policy) is not None:
        return False
    return policy.purpose is not Purpose.MARKETING or not profile.wishes.paused
