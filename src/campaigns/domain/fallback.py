"""Fallback: where a message goes that surely failed on the channel it was sent on.

The same order decides as for the first channel (domain.routing), without the channels tried.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from campaigns.domain.channel import Channel
from campaigns.domain.customer import Profile
from campaigns.domain.delivery import DeliveryState, ProviderState
from campaigns.domain.plan import PlannedDelivery, PlannedSkip
from campaigns.domain.reason import Choice, Obstacle, Reason, Rule, Skip, SkipReason
from campaigns.domain.release import Policy
from campaigns.domain.routing import choose, personal


@dataclass(frozen=True, slots=True)
class Failed:
    """A delivery that surely failed.

    Attributes:
        arm: of a channel experiment; empty where there is none.
        tried: every channel that this message was sent on, in order, and how it failed there.
        step: of a journey; empty where the campaign is one message.
        complained: the customer reported a message as spam since the run began.
    """

    delivery_id: int
    customer_id: int
    arm: str
    tried: Mapping[Channel, Obstacle]
    complained: bool = False
    step: str = ""


#: What becomes of a failed delivery; there is no profile where the customer was erased.
Decide: TypeAlias = Callable[[Failed, Profile | None], PlannedDelivery | PlannedSkip]

_WHAT_FAILED = {
    ProviderState.BOUNCED: Obstacle.BOUNCED,
    ProviderState.FAILED: Obstacle.FAILED,
}


def what_failed(state: DeliveryState, provider_state: ProviderState | None) -> Obstacle | None:
    """How a delivery surely failed; None where it did not, or where that cannot be known.

    A complaint is no failure: it arrived. Nothing follows it.
    """
    if state is DeliveryState.REJECTED:
        return Obstacle.REJECTED
    if state is DeliveryState.ACCEPTED and provider_state is not None:
        return _WHAT_FAILED.get(provider_state)
    return None


def tried_by(reason: str, channel: Channel, how: Obstacle) -> dict[Channel, Obstacle]:
    """The channels that a delivery and those it replaced were sent on; `reason` is the row's."""
    written = Reason.decode(reason)
    before = dict(written.passed_over) if written.rule is Rule.FALLBACK else {}
    return {**before, channel: how}


def next_channel(
    profile: Profile, policy: Policy, tried: Mapping[Channel, Obstacle]
) -> Choice | Skip:
    """The next channel for this customer after those tried, or why there is none."""
    failed = tuple(tried.items())
    left = tuple(c for c in personal(policy) if c not in tried)
    if not left:
        return Skip(SkipReason.NO_OTHER_CHANNEL, failed)
    decision = choose(profile, replace(policy, channels=left))
    if isinstance(decision, Skip):
        return Skip(decision.reason, (*failed, *decision.obstacles))
    return Choice(decision.channel, Reason(Rule.FALLBACK, failed))
