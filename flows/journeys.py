"""The flow `journeys`: who is due for the next step of a campaign gets it."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.journeys import under_way, whereabouts
from campaigns.domain.counting import counted
from campaigns.errors import CampaignsError
from flows.cluster import RUNNER
from flows.reporting import journey_table, publish
from flows.send_campaign import carry_out
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="journeys", flow_run_name="journeys", persist_result=False, task_runner=RUNNER)
def journeys() -> Any:
    """Go on with every journey that somebody is due to go on with; nobody enters.

    Safe at any time and any number of times: nobody gets a step twice.
    """
    with connect() as app:
        try:
            names = outcome(find_due(return_state=True))
        except CannotGoOnError as error:
            return failed(error)
        sent: dict[str, int] = {}
        troubles: list[str] = []
        for name in names:
            try:
                sent[name] = _go_on(app, name)
            except (CannotGoOnError, CampaignsError) as error:
                troubles.append(f"{name}: {error}")
    if troubles:  # told after the others: one campaign's mistake holds up no other's journey
        return failed(CannotGoOnError("\n".join(troubles)))
    told = ", ".join(f"{name}: {n:,} sent" for name, n in sent.items()) or "Nobody is due"
    return Completed(message=f"{told}.", data=sent)


@step("find who is due", repeatable=True)
def find_due() -> list[str]:
    """The campaigns whose journey somebody is due to go on with."""
    with connect() as app:
        found = under_way(app)
    for why in found.held.values():
        get_run_logger().warning("%s", why)
    return list(found.due)


def _go_on(app: App, campaign: str) -> int:
    report, counts = carry_out(app, campaign, None, continues=True)
    table = journey_table(whereabouts(app, campaign))
    publish(f"journey-{campaign}", table, f"Who is where in {campaign}")
    if counts.unreachable:
        waits = counted(report.waiting, "message waits", "messages wait")
        raise CannotGoOnError(f"{waits} for a provider; nothing is lost.")
    return report.accepted
