"""Plan: for each customer of the audience a channel with its reason, or a skip with its.

The decision is pure (domain.routing); this reads profiles, decides, and writes the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias

from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.customer import AttributeValue, Profile
from campaigns.domain.engagement import exploring
from campaigns.domain.experiment import BASE_VARIANT, DEFAULT, Assignment, arms_of
from campaigns.domain.locales import resolve
from campaigns.domain.plan import PlanCounts, PlannedDelivery, PlannedSkip
from campaigns.domain.release import Policy, Release
from campaigns.domain.routing import (
    Choice,
    Reason,
    Rule,
    Skip,
    SkipReason,
    choose,
    choose_default,
)
from campaigns.domain.run import Run, Shard
from campaigns.domain.timing import Timing
from campaigns.services.ports import PlanStore

TraitValues: TypeAlias = tuple[tuple[str, AttributeValue], ...]

#: When a message on this channel may go to this customer; None is at once.
Opening: TypeAlias = Callable[[Channel, Profile], datetime | None]


class SkeletonChooser:
    """Finds the skeleton for a channel and profile: locale and traits resolved, looked up once
    per combination, so that planning costs a dictionary look-up per customer."""

    def __init__(self, release: Release) -> None:
        self._locales = release.policy.locales
        self._hashes = {
            (s.channel, s.locale, s.variant, s.traits): s.hash for s in release.skeletons
        }
        self._traits = {name: _values_of(release, name) for name in release.policy.traits}
        self._resolved: dict[str, str] = {}

    def choose(self, channel: Channel, profile: Profile, variant: str = BASE_VARIANT) -> str:
        """The skeleton's hash."""
        locale = self._resolved.get(profile.locale)
        if locale is None:
            locale = self._resolved[profile.locale] = resolve(profile.locale, self._locales)
        return self._hashes[channel, locale, variant, self._trait_values(profile)]

    def _trait_values(self, profile: Profile) -> TraitValues:
        return tuple(
            (name, value if (value := profile.traits.get(name)) in known else known[0])
            for name, known in self._traits.items()
        )


def _values_of(release: Release, trait: str) -> list[AttributeValue]:
    """The trait's values, the one for customers without it first: False, or the first choice."""
    values = list(dict.fromkeys(dict(s.traits)[trait] for s in release.skeletons if s.traits))
    return sorted(values, key=lambda v: v is True)


def at_once(_channel: Channel, _profile: Profile) -> datetime | None:
    """No hour is quiet."""
    return None


def opening_by(timing: Timing, now: datetime) -> Opening:
    """When each customer's quiet hours end, as far as planning can tell."""

    def opening(channel: Channel, profile: Profile) -> datetime | None:
        return timing.opening(
            channel,
            time_zone=profile.time_zone,
            country=profile.country,
            own=profile.wishes.quiet,
            now=now,
        )

    return opening


def decide(
    release: Release,
    profiles: Iterable[Profile],
    room: int | None = None,
    opening: Opening = at_once,
) -> tuple[list[PlannedDelivery], list[PlannedSkip], PlanCounts]:
    """One row per profile. `room` is how many messages a limited run has left; None is no limit.
    `opening` tells when quiet hours end."""
    chooser = SkeletonChooser(release)
    campaign, experiment = f"{release.campaign}/{release.edition}", release.policy.experiment
    deliveries: list[PlannedDelivery] = []
    skips: list[PlannedSkip] = []
    counts = PlanCounts()
    for profile in profiles:
        arms = arms_of(experiment, campaign, profile.customer_id)
        decision = _decide(profile, release.policy, arms, campaign)
        if not isinstance(decision, Skip) and room is not None and len(deliveries) >= room:
            decision = Skip(SkipReason.OVER_LIMIT)
        if isinstance(decision, Skip):
            skips.append(PlannedSkip(profile.customer_id, decision.encode()))
            counts.skipped[decision.reason] += 1
            continue
        skeleton = chooser.choose(decision.channel, profile, arms.variant)
        deliveries.append(
            PlannedDelivery(
                profile.customer_id,
                decision.channel,
                skeleton,
                decision.reason.encode(),
                opening(decision.channel, profile),
            )
        )
        counts.planned[decision.channel] += 1
        counts.exploring += decision.reason.rule is Rule.EXPLORING
    return deliveries, skips, counts


def _decide(profile: Profile, policy: Policy, arms: Assignment, campaign: str) -> Choice | Skip:
    """The channel by the customer's arm. Who is held out would have got the message: the arms
    hold people who are alike."""
    if arms.channel == DEFAULT:
        decision = choose_default(profile, policy)
    else:
        explore = exploring(campaign, profile.customer_id, policy.explore)
        decision = choose(profile, policy, explore)
    if isinstance(decision, Skip):
        return decision
    if arms.held_out:
        return Skip(SkipReason(arms.held_out))
    if arms.channel:
        return Choice(decision.channel, replace(decision.reason, arm=arms.channel))
    return decision


def plan_shard(
    store: PlanStore,
    run: Run,
    release: Release,
    shard: Shard,
    *,
    now: datetime,
    room: int | None,
    timing: Timing,
) -> PlanCounts:
    """Plan one shard and write its rows in one transaction. A planned shard is left alone."""
    already = store.already(release, first=shard.first_customer, last=shard.last_customer, now=now)
    profiles = store.profiles(
        release, first_customer=shard.first_customer, last_customer=shard.last_customer, now=now
    )
    deliveries, skips, counts = decide(release, profiles, room, opening_by(timing, now))
    counts.already = already
    store.write_plan(run, shard, deliveries, skips, already=already, now=now)
    return counts


def plan_post(store: PlanStore, run: Run, release: Release, *, now: datetime) -> bool:
    """The campaign's one public X post as a delivery; False if there is none to make."""
    if Channel.X_POST not in release.policy.channels:
        return False
    skeleton = next(
        s
        for s in release.skeletons
        if s.channel is Channel.X_POST and s.locale == release.policy.post_locale
    )
    post = PlannedDelivery(PUBLIC, Channel.X_POST, skeleton.hash, Reason(Rule.PUBLIC_POST).encode())
    return store.write_post(run, post, now=now)


def preview(
    store: PlanStore, release: Release, *, now: datetime, limit: int | None, page: int = 20_000
) -> PlanCounts:
    """The plan's counts without writing anything: what a run would do now."""
    first, last = store.customer_range()
    total = PlanCounts()
    for start in range(first, last + 1, page):
        end = min(start + page - 1, last)
        profiles = store.profiles(release, first_customer=start, last_customer=end, now=now)
        room = None if limit is None else max(0, limit - total.planned.total())
        _, _, counts = decide(release, profiles, room)
        counts.already = store.already(release, first=start, last=end, now=now)
        total.add(counts)
    return total
