"""The verb that looks whether somebody should be told of something."""

from __future__ import annotations

from campaigns.bootstrap.app import App
from campaigns.bootstrap.reconciling import list_doubts
from campaigns.domain.alert import WATCHED, Alert, old_doubts, opt_outs, stuck


def alerts(app: App) -> list[Alert]:
    """Everything that asks for a person now. Reads only."""
    from campaigns.store.alarms import opted_out

    now = app.clock.now()
    watched = {run: app.progress(run.id) for run in app.runs.active(or_ended_since=now - WATCHED)}
    found = stuck(watched.values())
    found += old_doubts(list_doubts(app), now)
    for run, seen in watched.items():
        gone = opted_out(app.database, run.id, since=run.started_at)
        found += opt_outs(run, seen.accepted, gone)
    return found
