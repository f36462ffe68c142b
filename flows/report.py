"""The flow `report`: what a run did, or what ran between two days, on the run's page."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from prefect import flow
from prefect.runtime import flow_run
from prefect.states import Completed

from campaigns.bootstrap import connect
from campaigns.domain.counting import counted
from campaigns.domain.moments import by_clock, dated
from campaigns.domain.run import Run
from campaigns.errors import CampaignsError, NotFoundError, UserError
from flows.account import publish_report
from flows.choices import AnyCampaign, title
from flows.forms import labelled
from flows.reporting import publish
from flows.steps import CannotGoOnError, failed, outcome, step

#: Without any field filled in: the last week.
WEEK = timedelta(days=7)

RunNumber = Annotated[int | None, labelled("Run", ge=1)]
FirstDay = Annotated[date | None, labelled("From")]
LastDay = Annotated[date | None, labelled("To")]


def run_name() -> str:
    """`report of Spring sale, 22 Nov`."""
    given = flow_run.parameters
    if given.get("run"):
        what = f"run {given['run']}"
    elif given.get("campaign"):
        what = title(str(given["campaign"]))
    else:
        what = "what ran"
    started = flow_run.scheduled_start_time
    return f"report of {what}, {started.day} {started:%b}"


@flow(name="report", flow_run_name=run_name, persist_result=False)
def report(
    campaign: AnyCampaign = None,
    run: RunNumber = None,
    since: FirstDay = None,
    until: LastDay = None,
) -> Any:
    """Publish the report of a run, or a list of what ran. Sends nothing.

    Args:
        campaign: of its newest run. With days: only runs of this one.
        run: of this run, by its number.
        since: a list of what was started on this day and later. Nothing filled in: the last
            seven days.
        until: the last day of the list. Empty: today.
    """
    try:
        if since and until and until < since:
            raise UserError(f"`To` ({until}) is before `From` ({since}): no day lies between them.")
        one = run is not None or (campaign is not None and since is None and until is None)
        found = outcome(
            report_run(campaign, run, return_state=True)
            if one
            else list_runs(campaign, since, until, return_state=True)
        )
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)
    return Completed(message=f"{found} Under Artifacts.", data={})


@step("report of one run", repeatable=True)
def report_run(campaign: str | None, number: int | None) -> str:
    """Publish one run's report, the goal first; what it is, in a sentence."""
    with connect() as app:
        if number is None:
            newest = app.runs.latest(campaign)
            if newest is None:
                raise NotFoundError(f"{campaign} has not run yet.")
            number = newest.id
        told = app.report(number)
    of = told.run
    publish_report(of.campaign, of.id)
    return f"Run {of.id} of {of.campaign}: {of.state}, {told.accepted:,} sent."


@step("list what ran", repeatable=True)
def list_runs(campaign: str | None, since: date | None, until: date | None) -> str:
    """Publish a table of the runs that were started between two days; how many, in a sentence."""
    with connect() as app:
        last = until or app.now_at_home().date()
        first = since or last - WEEK
        begin = datetime.combine(first, time(), app.home)
        end = datetime.combine(last + timedelta(days=1), time(), app.home)
        runs = [
            r
            for r in app.runs.active(or_ended_since=begin)
            if begin <= r.started_at < end and campaign in (None, r.campaign)
        ]
        rows = [_row(by_clock(r, app.home), app.report(r.id).accepted) for r in runs]
    table = ["| run | campaign | started | state | sent |", "|---:|---|---|---|---:|", *rows]
    publish("runs", "\n".join(table), f"What ran from {first} to {last}")
    return f"{counted(len(runs), 'run')} from {first} to {last}."


def _row(run: Run, accepted: int) -> str:
    return (
        f"| {run.id} | {title(run.campaign)} | {dated(run.started_at)} | {run.state} "
        f"| {accepted:,} |"
    )
