"""Plan: for each customer of the audience a channel with its reason, or a skip with its.

The decision is pure (domain.routing); this reads profiles, decides, and writes the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime

from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.customer import Profile
from campaigns.domain.engagement import exploring
from campaigns.domain.experiment import DEFAULT, Assignment, arms_of
from campaigns.domain.message import Skeleton
from campaigns.domain.plan import Plan, PlanCounts, PlannedDelivery, PlannedSkip
from campaigns.domain.portion import WHOLE, Portion
from campaigns.domain.reason import Choice, Reason, Rule, Skip, SkipReason
from campaigns.domain.release import Policy, Release
from campaigns.domain.routing import choose, choose_default
from campaigns.domain.run import Run, Shard
from campaigns.domain.schedule import Place
from campaigns.domain.timing import Timing, When
from campaigns.services.choosing import Opening, SkeletonChooser, at_its_time, at_once, opening_by
from campaigns.services.collecting import seldom_collecting
from campaigns.services.plan_journey import plan_steps
from campaigns.services.ports import PlanStore


def decide(
    release: Release,
    profiles: Iterable[Profile],
    room: int | None = None,
    opening: Opening = at_once,
    portion: Portion = WHOLE,
) -> Plan:
    """One row per profile. `room` is how many messages a limited run has left; None is no limit.
    `opening` tells when each may go; who is outside the `portion` gets nothing now."""
    chooser, plan, entry = SkeletonChooser(release), Plan(), release.policy.journey.entry
    campaign, experiment = f"{release.campaign}/{release.edition}", release.policy.experiment

    def left_out(channel: Channel, profile: Profile) -> bool:
        return not portion.takes(channel, chooser.locale(profile))

    outside = None if portion.whole else left_out
    for profile in profiles:
        arms = arms_of(experiment, campaign, profile.customer_id)
        decision, when = _decide(profile, release.policy, arms, campaign, opening, outside)
        if room is not None and len(plan.deliveries) >= room and _would_get_it(decision):
            decision = Skip(SkipReason.OVER_LIMIT)
        if isinstance(decision, Skip):
            skipped = PlannedSkip(profile.customer_id, decision.encode())
            plan.skip(skipped, decision.reason)
            continue
        skeleton = chooser.choose(decision.channel, profile, arms.variant)
        plan.send(decision, profile, skeleton, when, entry)
    return plan


def _would_get_it(decision: Choice | Skip) -> bool:
    """Or is held out: of people whom a limited run would not have told, a holdout shows nothing."""
    held_out = (SkipReason.HOLDOUT, SkipReason.BRAND_HOLDOUT)
    return not isinstance(decision, Skip) or decision.reason in held_out


def _decide(
    profile: Profile,
    policy: Policy,
    arms: Assignment,
    campaign: str,
    opening: Opening,
    left_out: Callable[[Channel, Profile], bool] | None,
) -> tuple[Choice | Skip, When]:
    """The channel by the customer's arm, and when. Who is held out would have got the message: the
    arms hold people who are alike."""
    if arms.channel == DEFAULT:
        decision = choose_default(profile, policy)
    else:
        explore = exploring(campaign, profile.customer_id, policy.explore)
        decision = choose(profile, policy, explore)
    decision, when = at_its_time(decision, profile, opening)
    if isinstance(decision, Skip):
        return decision, when
    if left_out is not None and left_out(decision.channel, profile):
        return Skip(SkipReason.NOT_IN_THIS_RUN), when
    if arms.held_out:
        return Skip(SkipReason(arms.held_out)), when
    if arms.channel:
        reason = replace(decision.reason, arm=arms.channel)
        return Choice(decision.channel, reason), when
    return decision, when


@seldom_collecting()
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
    first, last = shard.first_customer, shard.last_customer
    opening = opening_by(timing, now)
    plan = Plan()
    if not run.continues:
        plan = _enter(store, run, release, first, last, now, room, opening)
    if release.policy.journey.goes_on and run.portion.whole:  # later steps are for everybody
        left = None if room is None else room - len(plan.deliveries)
        further = plan_steps(
            store, release, first=first, last=last, now=now, room=left, opening=opening
        )
        plan.add(further)
    if run.continues:
        plan.counts.already = 0  # of people who enter, and nobody does
    store.write_plan(
        run,
        shard,
        plan.deliveries,
        plan.skips,
        barred=plan.barred,
        already=plan.counts.already,
        now=now,
    )
    return plan.counts


def _enter(
    store: PlanStore,
    run: Run,
    release: Release,
    first: int,
    last: int,
    now: datetime,
    room: int | None,
    opening: Opening,
) -> Plan:
    """Those of the audience who have nothing of the campaign yet."""
    sifted = store.sift(release, run, first=first, last=last, now=now)
    plan = Plan()
    if sifted.open:
        profiles = store.each_of(release, sifted.open, now=now)
        plan = decide(release, profiles, room, opening, run.portion)
    for skip, customers in sifted.barred.items():
        plan.bar(skip, customers)
    plan.counts.already = sifted.already
    return plan


def post_skeleton(release: Release) -> Skeleton | None:
    """What the campaign posts publicly; None where it posts nothing."""
    return next(
        (
            s
            for s in release.skeletons
            if s.channel is Channel.X_POST and s.locale == release.policy.post_locale
        ),
        None,
    )


def plan_post(
    store: PlanStore, run: Run, release: Release, *, now: datetime, timing: Timing
) -> bool:
    """The campaign's one public X post as a delivery; False if there is none to make. Its hour is
    by the brand's clock; where no day is left before the offer ends there is none."""
    skeleton = post_skeleton(release)
    if skeleton is None or not run.portion.takes(Channel.X_POST, skeleton.locale):
        return False
    when = timing.opening(Channel.X_POST, Place(), own=None, now=now)
    if when.never:
        return False
    reason, entry = Reason(Rule.PUBLIC_POST, waits=when.why).encode(), release.policy.journey.entry
    post = PlannedDelivery(PUBLIC, Channel.X_POST, skeleton.hash, reason, when.at, entry, when.why)
    return store.write_post(run, post, now=now)


def _unseen(_planned: Sequence[PlannedDelivery]) -> None:
    """Nobody wants the deliveries themselves."""


def preview(
    store: PlanStore,
    release: Release,
    *,
    now: datetime,
    limit: int | None,
    page: int = 20_000,
    opening: Opening = at_once,
    portion: Portion = WHOLE,
    seen: Callable[[Sequence[PlannedDelivery]], None] = _unseen,
) -> PlanCounts:
    """The plan's counts without writing anything: what a run would do now. `seen` is given the
    deliveries page by page."""
    first, last = store.customer_range()
    total = PlanCounts()
    for start in range(first, last + 1, page):
        end = min(start + page - 1, last)
        profiles = store.profiles(release, first_customer=start, last_customer=end, now=now)
        room = None if limit is None else max(0, limit - total.planned.total())
        entering = decide(release, profiles, room, opening, portion)
        seen(entering.deliveries)
        entering.counts.already = store.already(release, first=start, last=end, now=now)
        total.add(entering.counts)
        if release.policy.journey.goes_on and portion.whole:
            left = None if room is None else room - len(entering.deliveries)
            further = plan_steps(
                store, release, first=start, last=end, now=now, room=left, opening=opening
            )
            seen(further.deliveries)
            total.add(further.counts)
    return total
