"""The flow `reconcile`: evidence for what is in doubt, and fallbacks for what bounced."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.reconciling import fall_back_later, reconcile_doubts
from campaigns.errors import CampaignsError
from flows.forms import labelled
from flows.housekeeping import tell_doubts
from flows.reporting import listed
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="reconcile", flow_run_name="reconcile", persist_result=False)
def reconcile(fall_back: Annotated[bool, labelled("Fall back")] = False) -> Any:
    """Look for messages in doubt in the providers' own lists: what is there was sent. Safe at any
    time and any number of times.

    Args:
        fall_back: also send what bounced after its run on the customer's next permitted channel,
            within the hours that the campaign says. Without it nothing is sent.
    """
    try:
        findings = outcome(look(return_state=True))
        in_doubt = outcome(tell_doubts(return_state=True))
        hops = outcome(send_fallbacks(return_state=True)) if fall_back else 0
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    looked = f"Looked for{listed(findings)}" if findings else "Nothing to look for"
    return Completed(
        message=f"{looked}; {in_doubt:,} in doubt; {hops:,} to another channel.",
        data={"findings": findings, "in_doubt": in_doubt, "hops": hops},
    )


@step("look for what is in doubt", repeatable=True)
def look() -> dict[str, int]:
    """Finding → messages. What a provider's list has was sent; the rest stays in doubt."""
    with connect() as app:
        done = reconcile_doubts(app)
    if done.later:
        get_run_logger().info("%s are asked about another time", f"{done.later:,}")
    return {str(finding).replace("_", " "): n for finding, n in done.findings.items()}


@step("send fallbacks", repeatable=False)
def send_fallbacks() -> int:
    """Messages of finished runs that bounced and went to another channel."""
    with connect() as app:
        done = fall_back_later(app)
    for late in done:
        run = late.report.run
        get_run_logger().info("Run %s: %s to another channel, %s", run.id, late.hops, run.state)
    return sum(late.hops for late in done)
