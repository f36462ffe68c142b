"""Choosing the channel: pure, explained, and the same for everyone.

The order: consent, then reachability, then the customer's stated order, then the channel that was
learnt (domain.engagement), then the campaign's order. docs/routing.md shows it as a decision table,
made from the same cases as tests/unit/domain/test_routing.py.
"""

from __future__ import annotations

from functools import cache
from typing import TypeAlias

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.customer import Profile
from campaigns.domain.engagement import preferred
from campaigns.domain.obstacle import obstacle, said_no, unreachable
from campaigns.domain.reason import Choice, Obstacle, PassedOver, Reason, Rule, Skip, SkipReason
from campaigns.domain.release import Policy

#: Each of the campaign's channels, in its order, and what stands in the way there.
Obstacles: TypeAlias = dict[Channel, Obstacle | None]

#: Which obstacle names the skip when channels differ: the one nearest to being sent.
_NEAREST = (
    (Obstacle.PAUSED, SkipReason.PAUSED),
    (Obstacle.CAPPED, SkipReason.CAPPED),
    (Obstacle.OPTED_OUT, SkipReason.OPTED_OUT),
    (Obstacle.SUPPRESSED, SkipReason.SUPPRESSED),
    (Obstacle.ADDRESS_DEAD, SkipReason.ADDRESS_DEAD),
    (Obstacle.NO_ADDRESS, SkipReason.NO_ADDRESS),
    (Obstacle.NOT_WRITTEN_FIRST, SkipReason.NOT_WRITTEN_FIRST),
    (Obstacle.NO_US_MARKETING, SkipReason.NO_US_MARKETING),
    (Obstacle.NO_CONSENT, SkipReason.NO_CONSENT),
)


def choose(profile: Profile, policy: Policy, explore: float | None = None) -> Choice | Skip:
    """The channel for this customer, or why there is none. `explore` (engagement.exploring) makes
    it another one than the best known; never for a customer who stated a preference."""
    obstacles = {c: obstacle(profile, c, policy) for c in personal(policy)}
    open_channels = [c for c, o in obstacles.items() if o is None]
    if not open_channels:
        return _skip(profile, policy, obstacles)
    before: list[PassedOver] = []
    for channel in profile.stated:
        barred = obstacles.get(channel, Obstacle.NOT_IN_CAMPAIGN)
        if barred is None:
            return Choice(channel, Reason(Rule.STATED_PREFERENCE, tuple(before)))
        before.append((channel, barred))
    choice = _unstated(profile, obstacles, open_channels, tuple(before))
    others = [c for c in open_channels if c is not choice.channel]
    if explore is None or profile.stated or not others:
        return choice
    return Choice(others[int(explore * len(others))], Reason(Rule.EXPLORING))


def _unstated(
    profile: Profile,
    obstacles: Obstacles,
    open_channels: list[Channel],
    before: tuple[PassedOver, ...],
) -> Choice:
    """What was learnt, else the campaign's order."""
    learnt = preferred(profile.engagement, open_channels) if profile.engagement else None
    if learnt is not None:
        told = tuple((c, profile.engagement[c].tally) for c in learnt if c is not None)
        return Choice(learnt[0], Reason(Rule.LEARNT, before, told=told))
    first = open_channels[0]
    passed_over = dict(before) | dict(_earlier(obstacles, first))
    return Choice(first, Reason(Rule.CAMPAIGN_ORDER, tuple(passed_over.items())))


def _earlier(obstacles: Obstacles, first: Channel) -> tuple[PassedOver, ...]:
    """What stands in the way of the channels that come before the first open one."""
    earlier = list(obstacles.items())[: list(obstacles).index(first)]
    return tuple((c, o) for c, o in earlier if o is not None)


def converse(profile: Profile, policy: Policy, answered_on: Channel | None) -> Choice | Skip:
    """The channel of a journey's later step: where the customer answered, if that is permitted."""
    if answered_on in personal(policy) and obstacle(profile, answered_on, policy) is None:
        return Choice(answered_on, Reason(Rule.CONVERSATION))
    return choose(profile, policy)


def choose_default(profile: Profile, policy: Policy) -> Choice | Skip:
    """The campaign's own first channel that this customer permits, whatever they prefer."""
    obstacles = {c: obstacle(profile, c, policy) for c in personal(policy)}
    first = next((c for c, o in obstacles.items() if o is None), None)
    if first is None:
        return _skip(profile, policy, obstacles)
    return Choice(first, Reason(Rule.EXPERIMENT, _earlier(obstacles, first)))


def barred(profile: Profile, policy: Policy) -> Skip | None:
    """The skip of a customer whom consent, suppressions and addresses bar from every channel; None
    if one is left to be looked at.

    It looks at the stated preference, `reachable`, `suppressed` and `standings` alone, and says
    what `choose` and `choose_default` would say of the whole profile: of a channel's obstacles
    these come first. Neither the clock nor another campaign changes them.
    """
    obstacles = {
        c: said_no(profile, c, policy) or unreachable(profile, c) for c in personal(policy)
    }
    return _skip(profile, policy, obstacles) if all(obstacles.values()) else None


def personal(policy: Policy) -> tuple[Channel, ...]:
    """The campaign's channels that reach one customer, in the campaign's order."""
    return _personal(policy.channels)


@cache
def _personal(channels: tuple[Channel, ...]) -> tuple[Channel, ...]:
    return tuple(c for c in channels if c in PERSONAL_CHANNELS)


def _skip(profile: Profile, policy: Policy, obstacles: Obstacles) -> Skip:
    told = tuple((c, o) for c, o in obstacles.items() if o is not None)
    if profile.stated_preference is Channel.X_DM and Channel.X_POST in policy.channels:
        return Skip(SkipReason.PUBLIC_POST_ONLY, told)
    present = {o for _, o in told}
    for candidate, reason in _NEAREST:
        if candidate in present:
            return Skip(reason, told)
    return Skip(SkipReason.NO_ADDRESS, told)
