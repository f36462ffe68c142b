"""The flow `retention`: the past goes when the brand keeps it no longer."""

from __future__ import annotations

from typing import Any

from prefect import flow
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.rights import delete_the_past
from campaigns.errors import CampaignsError
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="retention", flow_run_name="retention", persist_result=False)
def retention() -> Any:
    """Delete what `retention` in templates/brand.yaml keeps no longer.

    Safe at any time and any number of times. Consents, suppressions and the audit trail stay.
    """
    try:
        deleted = outcome(delete(return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    told = ", ".join(f"{number:,} {name}" for name, number in deleted.items())
    return Completed(message=f"Deleted: {told}.", data=deleted)


@step("delete the past", repeatable=True)
def delete() -> dict[str, int]:
    """What → how many."""
    with connect() as app:
        return delete_the_past(app).as_json()
