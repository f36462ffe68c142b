"""The verb that looks whether somebody should be told of something."""

from __future__ import annotations

from campaigns.bootstrap.app import App
from campaigns.bootstrap.reconciling import list_doubts
from campaigns.domain.alert import WATCHED, Alert, old_doubts, opt_outs, stuck


def alerts(app: App) -> list[Alert]:
    """Everything that asks for a person now. Reads only."""
    from campaigns.store.alarms import opted_out

    now = app.clock.now()
    seen = [app.progress(run.id) for run in app.runs.active(or_ended_since=now - WATCHED)]
    gone = opted_out(app.database, since=now - WATCHED)
    return [
        *stuck(seen),
        *old_doubts(list_doubts(app), now),
        *opt_outs(seen, gone),
    ]
