"""The flow `housekeeping`: what has to be looked after whether or not a campaign is running."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.errors import CampaignsError
from flows.reporting import listed
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="housekeeping", flow_run_name="housekeeping", persist_result=False)
def housekeeping() -> Any:
    """Take back what workers that died had in their hands, and count what is in doubt.

    Safe at any time and any number of times. Nothing is sent.
    """
    try:
        swept = outcome(sweep(return_state=True))
        in_doubt = outcome(count_in_doubt(return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    taken = f"Taken back{listed(swept)}" if swept else "Nothing to take back"
    return Completed(
        message=f"{taken}; {in_doubt:,} messages of the newest run are in doubt.",
        data={"swept": swept, "in_doubt": in_doubt},
    )


@step("take back expired work", repeatable=True)
def sweep() -> dict[str, int]:
    """State → deliveries: claimed go back to pending, sending become in doubt."""
    with connect() as app:
        return {state.replace("_", " "): n for state, n in app.sweep().items() if n}


@step("count what is in doubt", repeatable=True)
def count_in_doubt() -> int:
    """Messages of the newest run that may or may not have left. They are never sent again by
    themselves: docs/delivery.md."""
    with connect() as app:
        run = app.runs.latest()
        if run is None:
            return 0
        in_doubt = app.progress(run.id).in_doubt
    if in_doubt:
        get_run_logger().warning("%s messages of run %s are in doubt", f"{in_doubt:,}", run.id)
    return in_doubt
