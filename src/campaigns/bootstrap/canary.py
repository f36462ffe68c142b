"""Verbs about a run's canary: begin it, see how it stands, wait for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from campaigns.domain.audit import ENGINE, Action, AuditEntry, run_subject
from campaigns.domain.canary import (
    CANARY_SHARD,
    CanarySpec,
    CanaryState,
    Verdict,
    choose_canary,
    judge,
)
from campaigns.domain.release import Release
from campaigns.domain.run import Run, RunState

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

__all__ = [
    "CANARY_SHARD",
    "awaits_canary",
    "begin_canary",
    "canary_verdict",
    "look_at_canary",
    "wait_for_canary",
]

#: Between two looks at a canary.
LOOK_EVERY = timedelta(seconds=5)
#: For messages that wait longer than this (quiet hours) nobody stays.
_PATIENCE = timedelta(minutes=2)


def begin_canary(app: App, run: Run, release: Release) -> bool:
    """Choose who goes first, once per run. True while the rest has to wait for the decision.

    A run that goes to no more people than the canary needs none, nor does one that goes on with a
    journey: those are on it already.
    """
    known = app.canaries.of_run(run.id)
    if known is not None:
        return not known.decided
    spec = CanarySpec.of(release.source(release.campaign_file))
    if spec is None or run.continues:
        return False
    customers = app.canaries.customers(run.id)
    if len(customers) <= spec.people:
        return False
    first = choose_canary(f"{release.campaign}/{release.edition}", customers, spec.people)
    app.canaries.begin(run.id, first, now=app.clock.now())
    return True


def look_at_canary(app: App, run_id: int) -> Verdict | None:
    """How the run's canary stands now, deciding nothing; None where it has none."""
    known = app.canaries.of_run(run_id)
    if known is None:
        return None
    seen = app.canaries.seen(run_id, known.began_at)
    if known.decided:
        return Verdict(known.state, known.because or "", seen)
    release = app.releases.load(app.runs.get(run_id).release_hash)
    spec = CanarySpec.of(release.source(release.campaign_file))
    assert spec is not None  # frozen in the release that the canary was begun for
    home = ZoneInfo(release.policy.home_zone)
    return judge(spec, seen, app.clock.now().astimezone(home))


def awaits_canary(app: App, run_id: int) -> bool:
    """Whether nothing of the run may go now: its rest waits for the first few, and they have gone,
    or wait for their own hour."""
    verdict = look_at_canary(app, run_id)
    if verdict is None or verdict.decided:
        return False
    due = verdict.seen.due_at
    return due is None or due > app.clock.now()


def canary_verdict(app: App, run_id: int) -> Verdict | None:
    """How the run's canary stands now; None where it has none.

    What decides is noted in the same call: a canary that is stopped stops the run with the reason,
    one that has passed lets the rest go.
    """
    verdict, now = look_at_canary(app, run_id), app.clock.now()
    if verdict is None or not verdict.decided:
        return verdict
    if app.canaries.decide(run_id, verdict.state, verdict.because, now=now):
        _carry_out(app, app.runs.get(run_id), verdict)
    return verdict


def _carry_out(app: App, run: Run, verdict: Verdict) -> None:
    now, subject = app.clock.now(), run_subject(run.id)
    if verdict.state is CanaryState.STOPPED:
        because = f"canary: {verdict.because}"
        if not app.runs.move(run.id, RunState.STOPPED, now=now, because=because):
            app.runs.move(run.id, RunState.CANCELLED, now=now, because=because)
        return
    app.audit.append(AuditEntry(now, ENGINE, Action.PASSED, subject, verdict.because))


def wait_for_canary(
    app: App, run_id: int, tell: Callable[[Verdict], object] = lambda _verdict: None
) -> bool:
    """Wait until the run's canary is decided. True when the rest may be sent now: `begin_sending`
    and `dispatch_all` do it.

    Returns at once where there is none, where it was decided before, where the run is not running
    any more, and where messages of it wait for another hour.
    """
    known = app.canaries.of_run(run_id)
    if known is None or known.decided:
        return False
    while (verdict := canary_verdict(app, run_id)) is not None:
        tell(verdict)
        app.sweep()  # what a worker that died had in its hands
        if verdict.decided:
            return verdict.state is CanaryState.PASSED
        if app.runs.get(run_id).state is not RunState.RUNNING:
            return False
        if verdict.until is None and not _soon(app, verdict):
            return False
        app.clock.sleep(LOOK_EVERY.total_seconds())
    return False


def _soon(app: App, verdict: Verdict) -> bool:
    """Whether the rest of the canary is in somebody's hands, or comes due within a while."""
    due = verdict.seen.due_at
    return due is None or (due > app.clock.now() and due - app.clock.now() <= _PATIENCE)
