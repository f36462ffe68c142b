"""How a run came to send: its plan, who approved it, what changed since, how its canary stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from campaigns.bootstrap.canary import look_at_canary
from campaigns.domain.counting import people
from campaigns.domain.progress import in_words
from campaigns.domain.run import ACTIVE_RUN_STATES, Run, RunState

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App


def course(app: App, run_id: int) -> Iterator[str]:
    """In sentences; little of a run that has no plan yet."""
    run = app.runs.get(run_id)
    if not run.portion.whole:
        yield f"Restricted: {run.portion}. The rest is for a later run."
    made = app.plans.of_run(run_id)
    if made is not None:
        yield f"Plan {made.plan}, of {people(made.people)}."
        said = [a for a in app.approvals.of(run.release_hash) if a.id == made.approval_id]
        if said:
            told = str(replace(said[0], at=said[0].at.astimezone(app.home)))
            changed = f" Since then: {made.changed}." if made.changed else ""
            yield f"{told[0].upper()}{told[1:].rstrip('.')}.{changed}"
    canary = look_at_canary(app, run_id)
    ended = canary is not None and not canary.decided and run.state not in ACTIVE_RUN_STATES
    if canary is not None:
        yield "Canary: the run ended before it was decided." if ended else str(canary)
    outage = app.audit.outage(run_id)
    if outage is not None and run.state is RunState.PAUSED:
        yield f"Paused: {in_words(outage, run.campaign, app.home)}"
    elif outage is not None:
        yield f"It was taken up again after an outage: {outage.because.rstrip('.')}."
    if run.state in (RunState.CANCELLED, RunState.STOPPED) and _ran_again(app, run):
        yield "What it did not send and a later run planned again is counted there, no longer here."


def _ran_again(app: App, run: Run) -> bool:
    newest = app.runs.latest(run.campaign)
    return newest is not None and newest.id > run.id
