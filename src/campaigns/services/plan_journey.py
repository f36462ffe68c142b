"""Plan a journey's later steps: who is due is asked of the store, what follows is decided here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from campaigns.domain.customer import Profile
from campaigns.domain.experiment import arms_of
from campaigns.domain.journey import Due
from campaigns.domain.plan import Plan, PlannedSkip
from campaigns.domain.reason import Choice, Skip, SkipReason
from campaigns.domain.release import Policy, Release
from campaigns.domain.routing import converse
from campaigns.domain.timing import AT_ONCE
from campaigns.services.choosing import Opening, SkeletonChooser, at_its_time
from campaigns.services.ports import PlanStore

#: After these nothing follows; after any other skip the customer goes on to the next step.
ENDS = frozenset({SkipReason.ALREADY_ACTED, SkipReason.TOLD_BY_A_PERSON})


def plan_steps(
    store: PlanStore,
    release: Release,
    *,
    first: int,
    last: int,
    now: datetime,
    room: int | None,
    opening: Opening,
) -> Plan:
    """What the later steps hold for the customers of an id range who are due for one.

    At most one step per customer: a run tells nobody two things at once. Who does not fit into a
    limited run (`room`) stays due.
    """
    plan = Plan()
    decided: set[int] = set()
    chooser = SkeletonChooser(release)
    for step in release.policy.journey.names[1:]:
        due = store.due(release, step, first=first, last=last, now=now)
        new = [d for d in due if d.customer_id not in decided]
        decided.update(d.customer_id for d in new)
        asked = [d.customer_id for d in new if _skipped(d) is None]
        profiles = store.profiles_of(release, asked, now=now)
        _decide_step(plan, release, step, new, profiles, chooser, room, opening)
    return plan


def _decide_step(
    plan: Plan,
    release: Release,
    step: str,
    due: Sequence[Due],
    profiles: Mapping[int, Profile],
    chooser: SkeletonChooser,
    room: int | None,
    opening: Opening,
) -> None:
    """Add the decisions about one step to the plan."""
    campaign, experiment = f"{release.campaign}/{release.edition}", release.policy.experiment
    for one in due:
        profile = profiles.get(one.customer_id)
        decision, when = decide_step(one, profile, release.policy), AT_ONCE
        if profile is not None:
            decision, when = at_its_time(decision, profile, opening)
        full = room is not None and len(plan.deliveries) >= room
        if isinstance(decision, Choice) and full:
            decision = Skip(SkipReason.OVER_LIMIT)
        if one.in_audience:
            plan.counts.already -= 1  # told under what was decided now
        if isinstance(decision, Skip):
            plan.skip(_planned(one, decision, step), decision.reason)
            continue
        assert profile is not None  # a channel was chosen for them
        variant = arms_of(experiment, campaign, one.customer_id).variant
        skeleton = chooser.choose(decision.channel, profile, variant, step)
        plan.send(decision, profile, skeleton, when, step)


def decide_step(due: Due, profile: Profile | None, policy: Policy) -> Choice | Skip:
    """A customer's next step. Never the same thing told again: who has acted, or was told by a
    person, hears no more."""
    skipped = _skipped(due)
    if skipped is not None:
        return Skip(skipped)
    if profile is None:
        return Skip(SkipReason.NO_ADDRESS)  # erased meanwhile
    return converse(profile, policy, due.answered_on)


def _skipped(due: Due) -> SkipReason | None:
    if due.acted:
        return SkipReason.ALREADY_ACTED
    if due.told:
        return SkipReason.TOLD_BY_A_PERSON
    return None if due.fits else SkipReason.STEP_NOT_FOR_THEM


def _planned(due: Due, skip: Skip, step: str) -> PlannedSkip:
    if skip.reason is SkipReason.OVER_LIMIT:
        return PlannedSkip(due.customer_id, skip.encode())
    return PlannedSkip(due.customer_id, skip.encode(), step, skip.reason in ENDS)
