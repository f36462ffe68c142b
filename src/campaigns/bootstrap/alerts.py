"""The verb that looks whether somebody should be told of something."""

from __future__ import annotations

from campaigns.bootstrap.app import App
from campaigns.bootstrap.reconciling import list_doubts
from campaigns.domain.alert import Alert, old_doubts, stuck


def alerts(app: App) -> list[Alert]:
    """Everything that asks for a person now. Reads only."""
    now = app.clock.now()
    return [
        *stuck(app.progress(run.id) for run in app.runs.active()),
        *old_doubts(list_doubts(app), now),
    ]
