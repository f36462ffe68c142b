"""What stands in the way of one channel for one customer."""

from __future__ import annotations

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose, permits
from campaigns.domain.customer import AddressStatus, Profile
from campaigns.domain.reason import Obstacle
from campaigns.domain.release import Policy


def obstacle(profile: Profile, channel: Channel, policy: Policy) -> Obstacle | None:
    """What stands in the way of this channel for this customer; None if nothing does."""
    refusal = said_no(profile, channel, policy)
    if refusal is not None:
        return refusal
    return (
        unreachable(profile, channel)
        or _channel_rule(profile, channel, policy)
        or _pressure(profile, channel, policy)
    )


def said_no(profile: Profile, channel: Channel, policy: Policy) -> Obstacle | None:
    """What the customer said, or did not say, against a message of this campaign there."""
    if channel in profile.suppressed:
        return Obstacle.SUPPRESSED
    standings = profile.standings.get(channel, ())
    if permits(standings, policy.purpose, policy.topic):
        return None
    return Obstacle.OPTED_OUT if any(not s.granted for s in standings) else Obstacle.NO_CONSENT


def unreachable(profile: Profile, channel: Channel) -> Obstacle | None:
    """That there is no address, or a dead one."""
    status = profile.reachable.get(channel)
    if status is None:
        return Obstacle.NO_ADDRESS
    return None if status is AddressStatus.ACTIVE else Obstacle.ADDRESS_DEAD


def _channel_rule(profile: Profile, channel: Channel, policy: Policy) -> Obstacle | None:
    """The vendors' own rules: see docs/channels.md for their sources."""
    if channel is Channel.X_DM and not profile.may_dm:
        return Obstacle.NOT_WRITTEN_FIRST
    marketing = policy.purpose is Purpose.MARKETING
    if channel is Channel.WHATSAPP and marketing and profile.country == "US":
        return Obstacle.NO_US_MARKETING
    return None


def _pressure(profile: Profile, channel: Channel, policy: Policy) -> Obstacle | None:
    """Only marketing is paused and capped: see domain.pressure."""
    if policy.purpose is not Purpose.MARKETING:
        return None
    if profile.wishes.paused:
        return Obstacle.PAUSED
    return Obstacle.CAPPED if channel in profile.capped else None
