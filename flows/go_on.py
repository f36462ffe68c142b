"""The flow `go-on`: what stopped by itself goes on by itself.

It starts nothing: only runs that somebody has started, and that nobody has paused, go on.
"""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.outages import standing_outage, take_up, to_go_on_with
from campaigns.domain.moments import by_clock, moment
from campaigns.domain.outage import Outage
from campaigns.errors import CampaignsError, OutageError
from flows.cluster import RUNNER
from flows.reporting import listed
from flows.send_campaign import go_on_with
from flows.steering import pause_our_run
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(
    name="go-on",
    flow_run_name="go on",
    persist_result=False,
    task_runner=RUNNER,
    on_crashed=[pause_our_run],
)
def go_on() -> Any:
    """Go on with the runs whose messages waited for quiet hours to end, or for a provider's own
    time; with those whose worker died; and with those that an outage paused, a while later.

    Safe at any time and any number of times: nobody gets a message twice.
    """
    gone: dict[str, int] = {}
    waits: list[str] = []
    errors: list[str] = []
    with connect() as app:
        for run_id, campaign, outage in outcome(find_due(return_state=True)):
            trouble = ""
            try:
                if _taken_up(app, run_id, campaign, outage):
                    gone[campaign] = go_on_with(app, run_id, campaign).accepted
            except OutageError as error:
                trouble = f"run {run_id}: {error}"
            except (CannotGoOnError, CampaignsError) as error:  # for a person, outage or not
                errors.append(f"run {run_id}: {error}")
            still = standing_outage(app, app.runs.get(run_id))
            if still is not None:
                still = by_clock(still, app.home)
                waits.append(f"{campaign} waits until {moment(still.again_at)} ({still})")
            elif trouble:
                errors.append(trouble)
    for wait in waits:
        get_run_logger().warning("%s", wait)
    if errors:
        return failed(CannotGoOnError("; ".join(errors)))
    told = f"Sent by now{listed(gone)}." if gone else "Nothing is due."
    return Completed(message=" ".join([told, *(f"{wait}." for wait in waits)]), data=gone)


def _taken_up(app: App, run_id: int, campaign: str, outage: Outage | None) -> bool:
    """False where somebody else had a word on the run since it was found."""
    taken = take_up(app, run_id, outage)
    if taken and outage is not None:
        get_run_logger().info("taking run %s of %s up again: %s", run_id, campaign, outage)
    return taken


@step("find what is due", repeatable=True)
def find_due() -> list[tuple[int, str, Outage | None]]:
    """Number and campaign of each run that has something due which nobody sends; and of those that
    an outage paused and that it is time for, with what it was."""
    with connect() as app:
        return [(run.id, run.campaign, outage) for run, outage in to_go_on_with(app)]
