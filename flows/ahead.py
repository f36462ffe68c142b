"""The flow `calendar`: what goes out when, to how many, and what collides.

Not `calendar.py`: Prefect puts this folder on the import path of a run, and senders that import the
standard library's `calendar` would get ours.
"""

from __future__ import annotations

from typing import Annotated, Any

from prefect import flow
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.bootstrap.calendar import calendar as calendar_verb
from campaigns.bootstrap.calendar.page import markdown
from campaigns.domain.counting import counted
from campaigns.errors import CampaignsError
from flows.forms import labelled
from flows.reporting import publish
from flows.schedules import standing
from flows.steps import CannotGoOnError, failed, outcome, step


@flow(name="calendar", flow_run_name="calendar", persist_result=False)
def calendar(weeks: Annotated[int, labelled("Weeks", ge=1, le=26)] = 4) -> Any:
    """Look ahead, and put the calendar among the artifacts. Sends nothing and writes nothing.

    Args:
        weeks: how far ahead, 1 to 26.
    """
    try:
        told = outcome(look_ahead(weeks, return_state=True))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    ahead = counted(weeks, "week")
    message = f"{told['occasions']} to go out in {ahead}, {told['conflicts']} to look at."
    return Completed(message=message, data=told)


@step("look ahead", repeatable=True)
def look_ahead(weeks: int) -> dict[str, int]:
    """How many times a campaign goes out, and how many conflicts there are."""
    with connect() as app:
        made = calendar_verb(app, weeks=weeks, schedules=standing(app))
    publish("calendar", markdown(made), "The calendar of all campaigns")
    return {"occasions": len(made.occasions), "conflicts": len(made.conflicts())}
