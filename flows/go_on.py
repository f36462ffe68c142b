"""The flow `go-on`: what waited for its hour is sent once that has come.

It starts nothing: only runs that somebody has started, and that nobody has paused, go on.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.errors import CampaignsError
from flows.cluster import RUNNER
from flows.reporting import listed
from flows.send_campaign import send_planned
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="go-on", flow_run_name="go on", persist_result=False, task_runner=RUNNER)
def go_on() -> Any:
    """Go on with the runs whose messages waited for quiet hours to end, or for a provider's own
    time, and with those whose worker died.

    Safe at any time and any number of times: nobody gets a message twice.
    """
    gone: dict[str, int] = {}
    errors: list[str] = []
    with connect() as app:
        for run_id, campaign in outcome(find_due(return_state=True)):
            try:
                end = send_planned(app, run_id, campaign)
                gone[campaign] = end.data["accepted"]
            except (CannotGoOnError, CampaignsError) as error:
                errors.append(f"run {run_id}: {error}")
    if errors:
        return failed(CannotGoOnError("; ".join(errors)))
    told = f"Sent by now{listed(gone)}." if gone else "Nothing is due."
    return Completed(message=told, data=gone)


@step("find what is due", repeatable=True)
def find_due() -> list[tuple[int, str]]:
    """Number and campaign of each run that has something due which nobody sends."""
    with connect() as app:
        return [(run.id, run.campaign) for run in app.runs_due()]
