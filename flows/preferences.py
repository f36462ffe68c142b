"""The flow `preferences`: on which channel and at which hour each customer answers, from what they
did lately, and what they asked for."""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.learning import asked_for
from campaigns.bootstrap.learning import learn as learn_verb
from campaigns.errors import CampaignsError
from flows.forms import labelled
from flows.reporting import preferences_table, publish
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="preferences", flow_run_name="preferences", persist_result=False)
def preferences(everybody: Annotated[bool, labelled("Everybody anew")] = False) -> Any:
    """Count what customers did and got since the last time; once a week everybody anew. Tell how
    many asked for which channel, which comes before anything learnt.

    Safe at any time and any number of times. Sends nothing.

    Args:
        everybody: count all customers anew now.
    """
    try:
        learnt = outcome(count(everybody, return_state=True))
        outcome(tell(return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    whom = "all customers anew" if learnt["everybody"] else "customers with news"
    return Completed(message=f"Counted {learnt['customers']:,} {whom}.", data=learnt)


@step("count answers", repeatable=True)
def count(everybody: bool) -> dict[str, Any]:
    """How many were counted, and what customers show in general."""
    with connect() as app:
        return learn_verb(app, everybody=everybody).as_json()


@step("tell what customers asked for", repeatable=True)
def tell() -> dict[str, int]:
    """Channel → how many asked for it first."""
    with connect() as app:
        asked = asked_for(app)
    publish("preferences", preferences_table(asked), "What customers asked for")
    return {channel.label: number for channel, number in asked.items() if channel}
