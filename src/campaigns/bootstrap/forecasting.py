"""Verbs about what a run would do: the forecast, and the plan that a run carries out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from campaigns.domain.allotment import Allotment, PlanChange, compare_plans
from campaigns.domain.approval import Approval, ApprovalRule
from campaigns.domain.brand import Brand
from campaigns.domain.campaign import Campaign
from campaigns.domain.channel import Channel
from campaigns.domain.customer import AttributeSpec
from campaigns.domain.experiment import BASE_VARIANT, DEFAULT
from campaigns.domain.forecast import (
    ChannelForecast,
    Forecast,
    Messages,
    Power,
    Sample,
    Segments,
    by_channel,
    over_budget,
)
from campaigns.domain.message import Skeleton, fill
from campaigns.domain.pace import Spacing, per_second
from campaigns.domain.plan import PlanCounts, PlannedDelivery
from campaigns.domain.portion import WHOLE, Portion, portion_of
from campaigns.domain.prices import Prices
from campaigns.domain.release import Release
from campaigns.domain.routing import Reason, SkipReason
from campaigns.domain.run import Run, RunState
from campaigns.domain.slots import SlotError, longest_values
from campaigns.domain.timing import Timing
from campaigns.errors import BudgetError
from campaigns.services.choosing import opening_by
from campaigns.services.forecast import Survey, survey
from campaigns.services.plan_run import post_skeleton
from campaigns.store.plans import Rows, RunPlan

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
    limit: int | None = None,
    portion: Portion = WHOLE,
    *,
    masked: bool = True,
) -> tuple[Forecast, Allotment]:
    """The same of a release, and who would get which message."""
    now = app.clock.now()
    timing = Timing(release.policy, heed_quiet=app.settings.heeds_quiet_hours)
    found = survey(
        app.planning,
        release,
        now=now,
        limit=limit,
        posted=app.plans.posted(release.campaign, release.edition),
        opening=opening_by(timing, now),
        portion=portion,
    )
    prices, readers = Prices.of(release.source("brand.yaml")), _readers(release)
    spec = Campaign.model_validate(release.source(release.campaign_file))
    made = Forecast(
        campaign=release.campaign,
        title=release.title,
        release=release.hash,
        plan=found.allotment.plan_hash(release.hash),
        at=now,
        limit=limit,
        counts=found.counts,
        channels=_channels(app, release, found.messages, prices, readers),
        currency=prices.currency if prices else None,
        spent=_earlier_costs(app, release, prices),
        goal=spec.goal,
        budget=spec.budget,
        waits=found.waits,
        until=found.until,
        samples=tuple(_sample(app, release, d, readers, masked) for d in found.shown()),
        findings=tuple(app.check(release.campaign)),
        power=tuple(_powers(release, spec, found)),
        changed=_since_approved(app, release, found.allotment),
        portion=portion,
    )
    return made, found.allotment


def settle_plan(app: App, run: Run, release: Release) -> None:
    """Once a run is planned, before it sends anything: hold its plan against the budget and against
    the plan that was approved, and note it. What was noted once is left alone.

    Raises BudgetError when the run would break the budget; it is stopped then. A plan that changed
    by more than the brand allows since it was approved makes the run wait for a person.
    """
    if app.plans.of_run(run.id) is not None:
        return
    over = _over_budget(app, run, release)
    if over is not None:
        app.runs.move(run.id, RunState.STOPPED, now=app.clock.now(), because=f"budget: {over}")
        raise BudgetError(f"{run.campaign} breaks its budget: {over} Nothing was sent.")
    now, allotted = app.clock.now(), app.plans.allotted(run, release)
    approval = standing_approval(app, release)
    changed = None
    if approval is not None and not run.continues:
        changed = _changed(
            app, release, approval, allotted, limited=run.limit is not None or not run.portion.whole
        )
    app.plans.record(
        RunPlan(
            run_id=run.id,
            plan=allotted.plan_hash(release.hash),
            people=allotted.people,
            at=now,
            approval_id=approval.id if approval else None,
            changed=str(changed) if changed else None,
        )
    )
    most = ApprovalRule.of(release).may_change
    if changed is not None and changed.percent > most:
        because = f"{changed} since it was approved, more than {most:g} percent"
        app.runs.move(run.id, RunState.PAUSED, now=now, because=because, as_held=True)


def standing_approval(app: App, release: Release) -> Approval | None:
    """The newest word on a release, if it is a yes."""
    said = app.approvals.of(release.hash)
    return said[-1] if said and said[-1].granted else None


# Costs ---------------------------------------------------------------------------------------


def run_costs(app: App, run: Run, release: Release) -> list[ChannelForecast]:
    """The run's messages and what they cost, by channel, counted from its rows as a forecast
    counts them: with the segments of typical values."""
    prices = Prices.of(release.source("brand.yaml"))
    return _rows_by_channel(app, release, app.plans.messages(run.id), prices)


def _over_budget(app: App, run: Run, release: Release) -> str | None:
    written = release.source(release.campaign_file)
    if not written.get("budget"):
        return None
    spec = Campaign.model_validate(written)
    assert spec.budget is not None
    prices = Prices.of(release.source("brand.yaml"))
    rows = app.plans.messages(run.id) + _post_to_come(app, run, release)
    channels = _rows_by_channel(app, release, rows, prices)
    spent = _earlier_costs(app, release, prices, but=run.id)
    cost = sum((c.cost for c in channels), Decimal(0))
    return over_budget(spec.budget, cost, spent, sum(c.unpriced for c in channels))


def _post_to_come(app: App, run: Run, release: Release) -> Rows:
    """The public post that the run will make: it has no row yet when the plan is settled."""
    post = post_skeleton(release)
    makes_one = run.limit is None and not run.continues
    if (
        post is None
        or not makes_one
        or not run.portion.takes(post.channel, post.locale)
        or app.plans.posted(release.campaign, release.edition)
    ):
        return Rows()
    return Rows({(app.releases.skeleton_ids(release.hash)[post.hash], None): 1})


def _earlier_costs(
    app: App, release: Release, prices: Prices | None, but: int | None = None
) -> Decimal:
    rows = app.plans.earlier(release.campaign, release.edition, before=but)
    return sum((c.cost for c in _rows_by_channel(app, release, rows, prices)), Decimal(0))


def _rows_by_channel(
    app: App, release: Release, rows: Rows, prices: Prices | None
) -> list[ChannelForecast]:
    """Rows may be of earlier releases: their skeletons are read for what they were."""
    skeletons = {number: app.releases.skeleton(number) for number, _ in rows}
    hashes = {number: skeleton.hash for number, skeleton in skeletons.items()}
    messages: Messages = Messages()
    for (number, country), count in rows.items():
        messages[hashes[number], country] += count
    known = {hashes[n]: s for n, s in skeletons.items()}
    segments = {key: _segments(s, _readers(release)) for key, s in known.items()}
    return by_channel(known, release.policy.purpose, messages, segments, prices)


def _channels(
    app: App, release: Release, messages: Messages, prices: Prices | None, readers: Readers
) -> list[ChannelForecast]:
    skeletons = {s.hash: s for s in release.skeletons}
    used = {skeleton for skeleton, _ in messages}
    segments = {key: _segments(skeletons[key], readers) for key in used}
    channels = by_channel(skeletons, release.policy.purpose, messages, segments, prices)
    return [replace(c, takes=_takes(app, release, c)) for c in channels]


def _segments(skeleton: Skeleton, readers: Readers) -> Segments:
    """With typical values, and with values as long as they may be, in letters that no phone's
    alphabet has."""
    from campaigns.bootstrap.preview.readers import TYPICAL
    from campaigns.content.measure import measure_sms

    if skeleton.channel is not Channel.SMS:
        return Segments()
    most = measure_sms(fill(skeleton, longest_values(skeleton))["body"]).segments
    try:
        typical = fill(skeleton, readers.values(TYPICAL, skeleton))["body"]
    except SlotError:
        return Segments(most, most)
    return Segments(measure_sms(typical).segments, most)


def _takes(app: App, release: Release, of: ChannelForecast) -> timedelta | None:
    """At the rates that the vendor allows and the brand sets; None where there are none."""
    from campaigns.channels.registry import limits_of

    own = release.senders.get(of.channel, {}).get("per_second")
    vendor = limits_of(of.channel, app.settings.email_provider).rates
    spacing = Spacing.of([*vendor, *([per_second(float(own))] if own else [])])
    if spacing is None:
        return None
    units = max(0, (of.segments or of.messages) - spacing.burst)
    return timedelta(microseconds=units * spacing.interval)


# Approved plans ------------------------------------------------------------------------------


def _since_approved(app: App, release: Release, now: Allotment) -> PlanChange | None:
    approval = standing_approval(app, release)
    return None if approval is None else _changed(app, release, approval, now, limited=False)


def _changed(
    app: App, release: Release, approval: Approval, now: Allotment, *, limited: bool
) -> PlanChange | None:
    approved = app.plans.load(approval.plan, release)
    return None if approved is None else compare_plans(release, approved, now, limited=limited)


# Samples and power ---------------------------------------------------------------------------


def _readers(release: Release) -> Readers:
    from campaigns.bootstrap.preview.readers import Readers

    attributes: Mapping[str, AttributeSpec] = {
        name: AttributeSpec.model_validate(spec)
        for name, spec in release.source("attributes.yaml").items()
    }
    return Readers(Brand.model_validate(release.source("brand.yaml")), attributes)


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
