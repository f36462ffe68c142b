"""A run's plan, held against the budget and against the plan that was approved."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from campaigns.bootstrap.costs import earlier_costs, rows_by_channel
from campaigns.domain.allotment import Allotment, PlanChange, compare_plans
from campaigns.domain.approval import Approval, ApprovalRule
from campaigns.domain.campaign import Campaign
from campaigns.domain.costing import over_budget
from campaigns.domain.prices import Prices
from campaigns.domain.release import Release
from campaigns.domain.run import Run, RunState
from campaigns.errors import BudgetError
from campaigns.services.plan_run import post_skeleton
from campaigns.store.plans import Rows, RunPlan

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App


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
        fewer = run.limit is not None or not run.portion.whole
        changed = _changed(app, release, approval, allotted, run.id, limited=fewer)
    # Before it is noted: that is done once. Where it cannot be held somebody else's word stands,
    # and the plan is settled after that.
    if _too_much(release, changed) and not _hold(app, run, release, changed):
        return
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


def _too_much(release: Release, changed: PlanChange | None) -> bool:
    return changed is not None and changed.percent > ApprovalRule.of(release).may_change


def _hold(app: App, run: Run, release: Release, changed: PlanChange | None) -> bool:
    most = ApprovalRule.of(release).may_change
    because = f"{changed} since it was approved, more than {most:g} percent"
    now = app.clock.now()
    return app.runs.move(run.id, RunState.PAUSED, now=now, because=because, as_held=True)


def standing_approval(app: App, release: Release) -> Approval | None:
    """The newest word on a release, if it is a yes."""
    said = app.approvals.of(release.hash)
    return said[-1] if said and said[-1].granted else None


def _over_budget(app: App, run: Run, release: Release) -> str | None:
    written = release.source(release.campaign_file)
    if not written.get("budget"):
        return None
    spec = Campaign.model_validate(written)
    assert spec.budget is not None
    prices = Prices.of(release.source("brand.yaml"))
    rows = app.plans.messages(run.id) + post_to_come(app, run, release)
    if not rows:  # nothing to pay for, whatever was spent
        return None
    channels = rows_by_channel(app, release, rows, prices)
    spent = earlier_costs(app, release, prices, but=run.id)
    cost = sum((c.cost for c in channels), Decimal(0))
    return over_budget(spec.budget, cost, spent, sum(c.unpriced for c in channels))


def post_to_come(app: App, run: Run, release: Release) -> Rows:
    """The public post that the run will make: it has no row yet when the plan is settled."""
    post = post_skeleton(release)
    makes_one = run.limit is None and not run.continues
    if post is None or not makes_one or not run.portion.takes(post.channel, post.locale):
        return Rows()
    if app.plans.posted(release.campaign, release.edition):
        return Rows()
    return Rows({(app.releases.skeleton_ids(release.hash)[post.hash], None): 1})


def since_approved(app: App, release: Release, now: Allotment) -> PlanChange | None:
    """How a plan differs from the one that was approved; None where none was."""
    approval = standing_approval(app, release)
    if approval is None:
        return None
    return _changed(app, release, approval, now)


def _changed(
    app: App,
    release: Release,
    approval: Approval,
    now: Allotment,
    run_id: int | None = None,
    *,
    limited: bool = False,
) -> PlanChange | None:
    """Of a run, or of what a run would do. Whom an earlier one told by the same yes, or a cap kept
    back there, gets nothing now, as was approved: no change."""
    approved = app.plans.load(approval.plan, release)
    if approved is None:
        return None
    return compare_plans(
        release,
        approved,
        now,
        limited=limited,
        told=app.plans.told(approval.id, but=run_id),
        kept_back=app.plans.kept_back(approval.id, but=run_id),
    )
