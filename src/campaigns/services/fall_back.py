"""Fall back: a message that surely failed moves to the customer's next permitted channel.

The decision is pure (domain.fallback); the store replaces the failed row by the next hop in one
transaction, and the outbox sends that like any other: permission is checked once more there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from campaigns.domain.customer import Profile
from campaigns.domain.experiment import arms_of
from campaigns.domain.fallback import Decide, Failed, next_channel
from campaigns.domain.plan import PlannedDelivery, PlannedSkip
from campaigns.domain.reason import Skip, SkipReason
from campaigns.domain.release import Release
from campaigns.domain.run import Run, RunState
from campaigns.services.choosing import SkeletonChooser

#: Failed messages looked at in one transaction.
PAGE = 500


class Fallbacks(Protocol):
    """Failed messages and their next hops."""

    def finished_runs(self, *, since: datetime, now: datetime) -> list[int]:
        """Finished runs with messages that failed after `since` and have not been looked at."""

    def opened_again(self, *, now: datetime) -> list[int]:
        """Runs that had finished, were opened again, and have something due."""

    def replace(
        self,
        run: Run,
        release: Release,
        decide: Decide,
        *,
        since: datetime,
        now: datetime,
        most: int,
    ) -> tuple[int, int] | None:
        """Look at up to `most` failed messages of the run, in one transaction: how many there were
        and how many got a next hop; None where another run of the campaign is in the way."""


@dataclass(frozen=True, slots=True)
class FellBack:
    """What one look at a run's failed messages did."""

    failed: int = 0
    hops: int = 0


def fall_back(store: Fallbacks, run: Run, release: Release, *, now: datetime) -> FellBack:
    """Give every message of the run that failed its next hop, where there is one.

    Nothing happens where the campaign says `fallback: false`, where somebody paused or ended the
    run, after its offer, and to what was sent longer ago than the campaign's `within`.
    Doing it again changes nothing.
    """
    within = release.policy.fallback_within
    over = run.expires_at is not None and run.expires_at <= now
    may_send = run.state in (RunState.RUNNING, RunState.FINISHED)
    if within is None or over or not may_send:
        return FellBack()
    decide = _decide(release)
    failed = hops = 0
    while done := store.replace(run, release, decide, since=now - within, now=now, most=PAGE):
        failed, hops = failed + done[0], hops + done[1]
        if done[0] < PAGE:
            break
    return FellBack(failed, hops)


def _decide(release: Release) -> Decide:
    chooser = SkeletonChooser(release)
    campaign, experiment = f"{release.campaign}/{release.edition}", release.policy.experiment

    def decide(failed: Failed, profile: Profile | None) -> PlannedDelivery | PlannedSkip:
        tried = tuple(failed.tried.items())
        if failed.complained or profile is None:
            why = SkipReason.COMPLAINED if failed.complained else SkipReason.NO_ADDRESS
            return PlannedSkip(failed.customer_id, Skip(why, tried).encode())
        decision = next_channel(profile, release.policy, failed.tried)
        if isinstance(decision, Skip):
            return PlannedSkip(failed.customer_id, decision.encode())
        # The arms stay: what is compared is people, whatever channel they end up on.
        variant = arms_of(experiment, campaign, failed.customer_id).variant
        skeleton = chooser.choose(decision.channel, profile, variant, failed.step or None)
        reason = replace(decision.reason, arm=failed.arm)
        return PlannedDelivery(failed.customer_id, decision.channel, skeleton, reason.encode())

    return decide
