"""Verbs about what a run would do: the forecast, and the plan that a run carries out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from campaigns.bootstrap.costs import channels_of, earlier_costs, readers_of
from campaigns.bootstrap.settling import since_approved
from campaigns.domain.allotment import Allotment
from campaigns.domain.campaign import Campaign
from campaigns.domain.canary import CanarySpec
from campaigns.domain.experiment import BASE_VARIANT, DEFAULT
from campaigns.domain.findings import Finding, Level
from campaigns.domain.forecast import Forecast, Power, Sample
from campaigns.domain.message import fill
from campaigns.domain.plan import PlanCounts, PlannedDelivery
from campaigns.domain.portion import Portion, portion_of
from campaigns.domain.prices import Prices
from campaigns.domain.reason import Reason, SkipReason
from campaigns.domain.release import Release
from campaigns.domain.release_diff import facts_changed
from campaigns.domain.slots import SlotError
from campaigns.domain.timing import Timing
from campaigns.services.choosing import opening_by
from campaigns.services.forecast import Survey, survey

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App
    from campaigns.bootstrap.preview.readers import Readers


def forecast(
    app: App,
    name: str,
    limit: int | None = None,
    *,
    channels: Iterable[str] = (),
    locales: Iterable[str] = (),
    masked: bool = False,
) -> Forecast:
    """What a run of the campaign would do now, restricted to channels and locales where some are
    given. Writes nothing.

    `masked`: the customers shown are numbers and their values made up, for where no personal data
    may go. Raises UserError with every finding of level error.
    """
    release = app.compile(name)
    portion = portion_of(release.policy, channels, locales)
    return forecast_release(app, release, limit, portion, masked=masked)[0]


def forecast_release(
    app: App,
    release: Release,
    limit: int | None,
    portion: Portion,
    *,
    masked: bool,
) -> tuple[Forecast, Allotment]:
    """The same of a release, and who would get which message."""
    now = app.clock.now()
    found = _survey(app, release, limit, portion, now)
    prices, readers = Prices.of(release.source("brand.yaml")), readers_of(release)
    spec = Campaign.model_validate(release.source(release.campaign_file))
    made = Forecast(
        campaign=release.campaign,
        title=release.title,
        release=release.hash,
        plan=found.allotment.plan_hash(release.hash),
        at=now,
        limit=limit,
        counts=found.counts,
        channels=channels_of(app, release, found.messages, prices, readers),
        currency=prices.currency if prices else None,
        spent=earlier_costs(app, release, prices),
        goal=spec.goal,
        budget=spec.budget,
        waits=found.waits,
        until=found.until,
        samples=tuple(_sample(app, release, d, readers, masked) for d in found.shown()),
        findings=(*app.check(release.campaign), *_told_otherwise(app, release)),
        power=tuple(_powers(release, spec, found)),
        changed=since_approved(app, release, found.allotment),
        portion=portion,
        canary=_canary(spec, found.counts),
        needs_approval=spec.needs_approval,
        zone=release.policy.home_zone,
        refused=app.mode.elsewhere(),
    )
    return made, found.allotment


def _survey(
    app: App, release: Release, limit: int | None, portion: Portion, now: datetime
) -> Survey:
    timing = Timing(release.policy, heed_quiet=app.settings.heeds_quiet_hours)
    return survey(
        app.planning,
        release,
        now=now,
        limit=limit,
        posted=app.plans.posted(release.campaign, release.edition),
        opening=opening_by(timing, now),
        portion=portion,
    )


def _canary(spec: Campaign, counts: PlanCounts) -> CanarySpec | None:
    """A run to no more people than its canary has none."""
    few = spec.canary is None or counts.planned.total() <= spec.canary.people
    return None if few else spec.canary


def _told_otherwise(app: App, release: Release) -> Iterator[Finding]:
    """The newest run stated other facts: who had it keeps them, the others get these."""
    run = app.runs.latest(release.campaign)
    if run is None or run.edition != release.edition or run.release_hash == release.hash:
        return
    changes = facts_changed(app.releases.load(run.release_hash), release)
    if changes:
        told = "; ".join(
            f"{c.where}: {c.before or 'nothing'} → {c.after or 'nothing'}" for c in changes
        )
        yield Finding(
            "told-otherwise",
            Level.WARNING,
            f"run {run.id} of this campaign stated other facts: {told}. "
            "Who had it does not get it again.",
            f"See: campaigns diff {run.release_hash[:8]} {release.hash[:8]}",
            release.campaign_file,
        )


# Samples and power ---------------------------------------------------------------------------


def _sample(
    app: App, release: Release, planned: PlannedDelivery, readers: Readers, masked: bool
) -> Sample:
    from campaigns.bootstrap.preview.readers import TYPICAL, why_unfilled

    skeleton = next(s for s in release.skeletons if s.hash == planned.skeleton_hash)
    who, known, parts, trouble = f"customer {planned.customer_id}", None, {}, ""
    if not masked:
        view = app.profiles.show(planned.customer_id)
        name = " ".join(n for n in (view.first_name, view.last_name) if n)
        who = f"{name} ({view.ref})" if name else view.ref
        names = {"first_name": view.first_name, "last_name": view.last_name}
        known = {**view.attributes, **names}
    try:
        parts = fill(skeleton, readers.values(TYPICAL, skeleton, known))
    except SlotError as error:
        trouble = why_unfilled(error)
    why = Reason.decode(planned.reason).explain(planned.channel)
    return Sample(planned.channel, skeleton.locale, who, why, parts, trouble)


def _powers(release: Release, spec: Campaign, found: Survey) -> Iterator[Power]:
    """One for each question that the experiment asks."""
    experiment, counts = release.policy.experiment, found.counts
    people = counts.planned.total()
    if not people:
        return
    baseline, worth = spec.experiment.baseline, spec.experiment.worth
    for question, shares, control in (
        ("variants", dict(experiment.variants), BASE_VARIANT),
        ("channels", dict(experiment.channels), DEFAULT),
    ):
        if len(shares) > 1:
            held = control if control in shares else next(iter(shares))
            total = sum(shares.values())
            smallest = min(share for arm, share in shares.items() if arm != held)
            yield _power(
                question,
                int(people * smallest / total),
                int(people * shares[held] / total),
                baseline,
                worth,
            )
    held_out = _held_out(counts)
    if experiment.holdout or experiment.brand_holdout:
        yield _power("holdout", people, held_out, baseline, worth)


def _held_out(counts: PlanCounts) -> int:
    return counts.skipped[SkipReason.HOLDOUT] + counts.skipped[SkipReason.BRAND_HOLDOUT]


def _power(
    question: str, people: int, control: int, baseline: float | None, worth: float | None
) -> Power:
    from campaigns.analysis.power import smallest_difference

    if baseline is None:
        because = "state `baseline` in the experiment, the percent who reach the goal anyway"
        return Power(question, people, control, None, because)
    seen = smallest_difference(people, control, baseline / 100)
    if seen is None:
        return Power(question, people, control, None, "too few people")
    return Power(question, people, control, 100 * seen, worth=worth)
