"""How a run came to send: its plan, who approved it, what changed since, how its canary stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from campaigns.bootstrap.canary import look_at_canary
from campaigns.domain.run import ACTIVE_RUN_STATES

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App
    from campaigns.services.report import RunReport


def course(app: App, run_id: int) -> Iterator[str]:
    """In sentences; little of a run that has no plan yet."""
    portion = app.runs.get(run_id).portion
    if not portion.whole:
        yield f"Restricted: {portion}. The rest is for a later run."
    made = app.plans.of_run(run_id)
    if made is not None:
        yield f"Plan {made.plan}, of {made.people:,} people."
        release_hash = app.runs.get(run_id).release_hash
        said = [a for a in app.approvals.of(release_hash) if a.id == made.approval_id]
        if said:
            told = str(replace(said[0], at=said[0].at.astimezone(home_zone(app, run_id))))
            changed = f" Since then: {made.changed}." if made.changed else ""
            yield f"{told[0].upper()}{told[1:].rstrip('.')}.{changed}"
    canary = look_at_canary(app, run_id)
    if canary is None:
        return
    if not canary.decided and app.runs.get(run_id).state not in ACTIVE_RUN_STATES:
        yield "Canary: the run ended before it was decided."
    else:
        yield f"Canary, {canary.state}: {canary.because}."


def home_zone(app: App, run_id: int) -> ZoneInfo:
    """The brand's time zone, as it stands in the run's release."""
    return ZoneInfo(app.releases.load(app.runs.get(run_id).release_hash).policy.home_zone)


def by_home_clock(app: App, told: RunReport) -> RunReport:
    """The same report, with its moments by the brand's clock."""
    if not told.waits:
        return told
    home = home_zone(app, told.run.id)
    return replace(told, waits=[replace(w, first=w.first.astimezone(home)) for w in told.waits])
