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
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    if not swept:
        return Completed(message="Nothing to do.", data=swept)
    return Completed(message=f"Taken back{listed(swept)}.", data=swept)


@step("take back expired work", repeatable=True)
def sweep() -> dict[str, int]:
    """State → deliveries: claimed go back to pending, sending become in doubt."""
    with connect() as app:
        swept = {state.replace("_", " "): n for state, n in app.sweep().items() if n}
    if swept.get("in doubt"):
        get_run_logger().warning(
            "%s messages may or may not have left when a worker died. They are not sent again by "
            "themselves.",
            f"{swept['in doubt']:,}",
        )
    return swept
