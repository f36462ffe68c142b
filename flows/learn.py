"""The flow `learn`: which channel each customer answers on, from what they did lately."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.learning import learn as learn_verb
from campaigns.errors import CampaignsError
from flows.forms import labelled
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="learn", flow_run_name="learn", persist_result=False)
def learn(everybody: Annotated[bool, labelled("Everybody anew")] = False) -> Any:
    """Count what customers did and got since the last time; once a week everybody anew.

    Safe at any time and any number of times. Sends nothing.

    Args:
        everybody: count all customers anew now.
    """
    try:
        learnt = outcome(count(everybody, return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    whom = "all customers anew" if learnt["everybody"] else "customers with news"
    return Completed(message=f"Counted {learnt['customers']:,} {whom}.", data=learnt)


@step("count answers", repeatable=True)
def count(everybody: bool) -> dict[str, Any]:
    """How many were counted, and what customers show in general."""
    with connect() as app:
        return learn_verb(app, everybody=everybody).as_json()
