"""The flow `housekeeping`: what has to be looked after whether or not a campaign is running."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.reconciling import list_doubts
from campaigns.errors import CampaignsError
from flows.reporting import doubts_table, listed, publish
from flows.steering import follow_cancellations
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="housekeeping", flow_run_name="housekeeping", persist_result=False)
def housekeeping() -> Any:
    """Take back what workers that died had in their hands, and list what is in doubt.

    Safe at any time and any number of times. Nothing is sent.
    """
    try:
        outcome(follow(return_state=True))
        swept = outcome(sweep(return_state=True))
        in_doubt = outcome(tell_doubts(return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    taken = f"Taken back{listed(swept)}" if swept else "Nothing to take back"
    return Completed(
        message=f"{taken}; {in_doubt:,} in doubt.",
        data={"swept": swept, "in_doubt": in_doubt},
    )


@step("follow what was cancelled here", repeatable=True)
def follow() -> list[int]:
    """Runs whose flow run was cancelled while suspended end now: their numbers."""
    with connect() as app:
        cancelled = follow_cancellations(app)
    for run_id in cancelled:
        get_run_logger().info("run %s was cancelled in Prefect while it was suspended", run_id)
    return cancelled


@step("take back expired work", repeatable=True)
def sweep() -> dict[str, int]:
    """State → deliveries: claimed go back to pending, sending become in doubt."""
    with connect() as app:
        return {state.replace("_", " "): n for state, n in app.sweep().items() if n}


@step("list what is in doubt", repeatable=True)
def tell_doubts() -> int:
    """Messages that may or may not have left: never sent again by themselves (docs/delivery.md).
    The table has the oldest first, by number and without anything of the customer."""
    with connect() as app:
        doubts, now = list_doubts(app), app.clock.now()
    if doubts:
        get_run_logger().warning("messages in doubt: %s", f"{len(doubts):,}")
        publish("in-doubt", doubts_table(doubts, now), "Messages in doubt, the oldest first")
    return len(doubts)
