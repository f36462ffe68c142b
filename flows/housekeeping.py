"""The flow `housekeeping`: what has to be looked after whether or not a campaign is running."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.alerts import alerts
from campaigns.bootstrap.control import carriers
from campaigns.bootstrap.reconciling import list_doubts
from campaigns.errors import CampaignsError
from flows.alerting import tell
from flows.questions import settle_questions
from flows.reporting import doubts_table, listed, publish
from flows.silence import crash_the_silent
from flows.steering import follow_cancellations
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="housekeeping", flow_run_name="housekeeping", persist_result=False)
def housekeeping() -> Any:
    """Take back what workers that died had in their hands, list what is in doubt, and tell what
    somebody should know of.

    Safe at any time and any number of times. Nothing is sent.
    """
    try:
        outcome(follow(return_state=True))
        outcome(see_who_is_gone(return_state=True))
        swept = outcome(sweep(return_state=True))
        in_doubt = outcome(tell_doubts(return_state=True))
        told = outcome(tell_alerts(return_state=True))
        outcome(answer_questions(return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    taken = f"Taken back{listed(swept)}" if swept else "Nothing to take back"
    return Completed(
        message=f"{taken}; {in_doubt:,} in doubt.",
        data={"swept": swept, "in_doubt": in_doubt, "alerts": told},
    )


@step("follow what was cancelled here", repeatable=True)
def follow() -> list[int]:
    """Runs whose flow run was cancelled while suspended end now: their numbers."""
    with connect() as app:
        cancelled = follow_cancellations(app)
    for run_id in cancelled:
        get_run_logger().info("run %s was cancelled in Prefect while it was suspended", run_id)
    return cancelled


@step("see whose flow runs are gone", repeatable=True)
def see_who_is_gone() -> list[str]:
    """Flow runs that Prefect would call running for ever: their names."""
    with connect() as app:
        gone = crash_the_silent(app)
    for name in gone:
        get_run_logger().warning("%s gives no sign of life: it is told to have crashed", name)
    return gone


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


@step("tell what needs somebody", repeatable=True)
def tell_alerts() -> int:
    """Runs that stand still, doubts that grow old: an event each for Prefect's alerts, once a
    day; how many there are now."""
    with connect() as app:
        found, now, carried = alerts(app), app.clock.now(), carriers(app)
    for alert in tell(found, now.date(), carried):
        get_run_logger().warning("%s", alert.says)
    return len(found)


@step("settle what waits for a yes", repeatable=True)
def answer_questions() -> dict[str, int]:
    """Flow runs that wait for approval: answered by command they go on, too late they end."""
    with connect() as app:
        settled = settle_questions(app)
    if settled:
        get_run_logger().info("Waiting for a yes%s", listed(settled))
    return settled
