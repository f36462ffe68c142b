"""Verbs about approval: ask for it, say yes or no. The command line and Prefect's form call these
same ones."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from string import hexdigits

from campaigns.bootstrap.app import App
from campaigns.bootstrap.forecasting import forecast_release
from campaigns.bootstrap.naming import no_campaign
from campaigns.bootstrap.proof import find_release
from campaigns.domain.approval import Approval, ApprovalRule, Decision
from campaigns.domain.audit import ENGINE, Action, AuditEntry
from campaigns.domain.forecast import Forecast
from campaigns.domain.portion import WHOLE, Portion, portion_of
from campaigns.domain.release import Release
from campaigns.errors import UserError
from campaigns.services.approve import approve, reject, time_out

_ACTIONS = {
    Decision.APPROVED: Action.APPROVED,
    Decision.REJECTED: Action.REJECTED,
    Decision.TIMED_OUT: Action.TIMED_OUT,
}


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody is asked to approve.

    Attributes:
        told: the forecast, masked: it may be shown anywhere.
        until: when the question times out.
        answered: the yes that stands already; None where somebody has to be asked.
    """

    told: Forecast
    until: datetime
    answered: Approval | None


def ask_approval(
    app: App,
    campaign: str,
    limit: int | None = None,
    *,
    channels: Iterable[str] = (),
    locales: Iterable[str] = (),
) -> Question | None:
    """What to ask before the campaign may run, its plan kept so that an answer can name it; None
    where the campaign asks for no approval. Raises UserError with every finding."""
    release = app.compile(campaign)
    rule = ApprovalRule.of(release)
    if not rule.needed:
        return None
    told = _keep_plan(app, release, limit, portion_of(release.policy, channels, locales))
    said = app.approvals.of(release.hash)
    stands = bool(said) and said[-1].granted
    used = stands and said[-1].first is not None and app.plans.used(said[-1].id)
    return Question(told, app.clock.now() + rule.wait, said[-1] if stands and not used else None)


def approve_release(
    app: App,
    name: str,
    *,
    by: str,
    note: str = "",
    first: int | None = None,
    plan: str | None = None,
) -> Approval:
    """Write down that somebody said yes to a release, by the campaign's name or the release's hash.

    Args:
        first: so many people and no more, by one run.
        plan: the hash (or its beginning) of the plan that they looked at; None is the plan as it
            is now.

    Raises UserError when they may not, when the plan is neither that of now nor one kept, and for
    the first of a campaign that needs no approval: its runs ask for none.
    """
    release = _release(app, name)
    rule = ApprovalRule.of(release)
    rule.refuse(by)
    if first is not None and not rule.needed:
        raise UserError(
            f"{release.campaign} needs no approval, so that a run would send to everybody and not "
            f"to the first {first:,}. Put `needs_approval: true` into its campaign.yaml, or send "
            f"to so many: campaigns run {release.campaign} --limit {first}"
        )
    now, found = app.clock.now(), _plan(app, release, plan)
    said = approve(release, app.approvals, by=by, note=note, now=now, plan=found, first=first)
    return _noted(app, said)


def reject_release(app: App, name: str, *, by: str, why: str, plan: str | None = None) -> Approval:
    """Write down that somebody said no to a release, and why. Raises UserError without a why."""
    release = _release(app, name)
    now = app.clock.now()
    found = "" if plan is None else _plan(app, release, plan)
    return _noted(app, reject(release, app.approvals, by=by, why=why, now=now, plan=found))


def question_timed_out(app: App, release_hash: str, plan: str) -> Approval:
    """Nobody answered in time: noted, and nothing else was begun. An answer may still come later
    (`campaigns approve`), for a run that is started then."""
    release = app.releases.load(release_hash)
    now = app.clock.now()
    said = time_out(release, app.approvals, by=ENGINE, now=now, plan=plan)
    return _noted(app, said)


def _release(app: App, name: str) -> Release:
    if name in app.campaign_names():
        release = app.compile(name)
    elif set(name) <= set(hexdigits):
        release = find_release(app, name)
    else:
        raise no_campaign(app, name)
    app.releases.save(release, app.clock.now())
    return release


def _plan(app: App, release: Release, plan: str | None) -> str:
    """The hash in full: of a kept plan, or of what would happen now."""
    if plan is not None:
        kept = app.plans.starting_with(plan, release.hash)
        if len(kept) == 1:
            return kept[0]
    told = _keep_plan(app, release, None)
    if plan is not None and not told.plan.startswith(plan):
        raise UserError(
            f"there is no plan {plan} of {release.campaign}: by now it is {told.plan}, since "
            f"customers or files have changed. Look again: campaigns plan {release.campaign}"
        )
    return told.plan


def _keep_plan(app: App, release: Release, limit: int | None, portion: Portion = WHOLE) -> Forecast:
    told, allotment = forecast_release(app, release, limit, portion, masked=True)
    now = app.clock.now()
    app.releases.save(release, now)
    app.plans.save(told.plan, release, allotment, now)
    return told


def _noted(app: App, said: Approval) -> Approval:
    subject = f"release:{said.release_hash}"
    data = {"plan": said.plan or None, "first": said.first}
    action = _ACTIONS[said.verdict]
    app.audit.append(AuditEntry(said.at, said.by, action, subject, said.note, data))
    return said
