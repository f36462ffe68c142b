"""Verbs about a run as a whole: pause, let it go on, cancel; each with who and why."""

from __future__ import annotations

from campaigns.bootstrap.app import App
from campaigns.bootstrap.naming import no_campaign
from campaigns.bootstrap.proof import find_release
from campaigns.domain.audit import (
    SUBJECT_KINDS,
    WHOLE_SUBJECTS,
    Action,
    AuditEntry,
    run_subject,
)
from campaigns.domain.run import Run, RunState
from campaigns.errors import UserError
from campaigns.yaml_files.validate import unknown

_FLOW_RUN = "flow-run"


def started(app: App, run_id: int, *, by: str) -> None:
    """Note who started the run."""
    subject = run_subject(run_id)
    app.audit.append(AuditEntry(app.clock.now(), by, Action.STARTED, subject))


def pause(app: App, run_id: int, *, by: str, why: str = "") -> Run:
    """Stop the run before its next message, until somebody resumes it. What is on its way to a
    provider at this moment is finished and recorded.

    Raises UserError when the run has ended, NotFoundError when there is none.
    """
    now = app.clock.now()
    if not app.runs.move(run_id, RunState.PAUSED, now=now, because=why or None, by=by):
        run = _active(app, run_id, "paused")
        if run.state is not RunState.PAUSED:  # it changed between the two looks
            return pause(app, run_id, by=by, why=why)
        if app.audit.hold(run_id) is None:  # paused by the engine: now a person's word stands
            app.audit.append(AuditEntry(now, by, Action.PAUSED, run_subject(run_id), why))
            # It may have been taken up between the two.
            app.runs.move(run_id, RunState.PAUSED, now=now, because=why or None, by=by)
    return app.runs.get(run_id)


def resume(app: App, run_id: int, *, by: str, why: str = "") -> Run:
    """End a pause: the run may go on. Sending is what `begin_sending` and `dispatch_all` do.

    Raises UserError when the run has ended or is not paused.
    """
    app.mode.require()
    run = _active(app, run_id, "resumed")
    if run.state is not RunState.PAUSED and app.audit.hold(run_id) is None:
        raise UserError(
            f"run {run_id} is not paused: it is {run.state}. `campaigns show run {run_id}` tells "
            f"who is sending it; `campaigns run {run.campaign}` joins in."
        )
    now = app.clock.now()
    app.audit.append(AuditEntry(now, by, Action.RESUMED, run_subject(run_id), why))
    return run


def cancel(app: App, run_id: int, *, by: str, why: str = "") -> Run:
    """End the run: what is pending is cancelled, what is on its way is finished and recorded.
    A later run of the campaign plans the cancelled ones again.

    Raises UserError when the run has ended already.
    """
    now = app.clock.now()
    if not app.runs.move(run_id, RunState.CANCELLED, now=now, because=why or None, by=by):
        _active(app, run_id, "cancelled")
    return app.runs.get(run_id)


def trail(app: App, about: str | None, *, most: int) -> list[AuditEntry]:
    """Who did what, the newest first: of all, of a subject (`run:12`), or of everything that
    belongs to a campaign, by its name. Raises UserError for what is neither."""
    if about is None or about in WHOLE_SUBJECTS:
        return app.audit.entries(about, most=most)
    kind, colon, which = about.partition(":")
    if kind == "release" and which:
        about = f"release:{find_release(app, which).hash}"
    if colon and kind in SUBJECT_KINDS:
        return app.audit.entries(about, most=most)
    if colon:
        raise UserError(unknown("subject", kind, SUBJECT_KINDS))
    if about.isdigit():
        raise UserError(f"say of what: `run:{about}`, `delivery:{about}`.")
    found = app.audit.of_campaign(about, most=most)
    if not found and about not in app.campaign_names():
        raise no_campaign(app, about)
    return found


def link(app: App, run_id: int, flow_run: str, *, by: str) -> None:
    """Note that this flow run of Prefect's carries the run, so that its hooks find it."""
    data = {"run": run_id}
    app.audit.append(
        AuditEntry(app.clock.now(), by, Action.STARTED, _flow_subject(flow_run), data=data)
    )


def linked(app: App, flow_run: str) -> int | None:
    """The run that a flow run carries; None when it has come to none."""
    entries = app.audit.entries(_flow_subject(flow_run), most=1)
    return int(entries[0].data["run"] or 0) if entries else None


def carriers(app: App) -> dict[int, str]:
    """Run → the flow run of Prefect's that carried it last, of what was started lately."""
    return {run: flow_run for flow_run, run in carried(app).items()}


def carried(app: App) -> dict[str, int]:
    """Flow run of Prefect's → the run that it carries or carried, of what was started lately; the
    newest come last."""
    newest_first = app.audit.below(_FLOW_RUN, most=1_000)
    return {e.subject.partition(":")[2]: int(e.data["run"] or 0) for e in reversed(newest_first)}


def _flow_subject(flow_run: str) -> str:
    return f"{_FLOW_RUN}:{flow_run}"


def _active(app: App, run_id: int, what: str) -> Run:
    run = app.runs.get(run_id)
    if run.finished_at is not None:
        raise UserError(f"run {run_id} cannot be {what}: it is {run.state} already.")
    return run
