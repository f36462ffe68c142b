"""The flow `find-matches`: profiles that are one person, by templates/identities.yaml."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.persons import find_matches as find
from campaigns.bootstrap.persons import list_matches
from campaigns.domain.counting import counted
from campaigns.errors import CampaignsError
from flows.forms import labelled
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="find-matches", flow_run_name="find-matches", persist_result=False)
def find_matches(nightly: Annotated[bool, labelled("Only if nightly")] = False) -> Any:
    """Merge profiles that are one person by the rules; put those that may be before a person.

    Safe at any time and any number of times. Sends nothing; every merge can be undone.

    Args:
        nightly: only where `nightly` in templates/identities.yaml turns it on.
    """
    try:
        found = outcome(look(nightly, return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    if found is None:
        message = "Not turned on: `nightly: true` in templates/identities.yaml does."
        return Completed(message=message, data=None)
    told = f"{found['merged']:,} merged, {found['to_review']:,} to review, {found['left']:,} left"
    return Completed(
        message=f"{told}; {counted(found['waiting'], 'waits', 'wait')} for a person.", data=found
    )


@step("find matches", repeatable=True)
def look(nightly: bool) -> dict[str, int] | None:
    """Counts, never who; None where it is not turned on."""
    with connect() as app:
        if nightly and not app.catalog.identity_rules().nightly:
            return None
        found = asdict(find(app))
        waiting = len(list_matches(app))
    if found["to_review"]:
        get_run_logger().info("Pairs to look at: `campaigns matches` lists them")
    return {**found, "waiting": waiting}
