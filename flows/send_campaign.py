"""The flow `send-campaign`: check, plan, send and report one campaign, shard by shard.

Running it again is always safe: who has the message does not get it again, and what was
interrupted goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any

from prefect import flow
from prefect.logging import get_run_logger
from prefect.runtime import flow_run
from prefect.states import Cancelled, Completed

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.control import started
from campaigns.bootstrap.forecasting import forecast
from campaigns.bootstrap.plan_page import as_markdown
from campaigns.bootstrap.planners import Planners
from campaigns.bootstrap.reconciling import fall_back_run, in_other_hands
from campaigns.domain.counting import counted
from campaigns.domain.forecast import Forecast
from campaigns.domain.run import RunState
from campaigns.errors import CampaignsError
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.report import RunReport
from flows.account import publish_report
from flows.approval import RejectedError, require_answer
from flows.canary import watch_canary
from flows.choices import ALL, Campaign, Channels, Locales, Only, title
from flows.cluster import RUNNER
from flows.forms import labelled
from flows.helping import call_for_help, send_shards
from flows.planning import plan_shards, span, together
from flows.reporting import (
    ProgressBar,
    findings_table,
    plan_sentence,
    publish,
)
from flows.steering import (
    PREFECT,
    CancelledInPrefectError,
    Steering,
    cancel_our_run,
    go_on_if_resumed,
    pause_our_run,
)
from flows.steps import CannotGoOnError, failed, outcome, step


def run_name() -> str:
    """`Spring sale, dry run, 22 Nov`: what people look for in a list of runs."""
    given = flow_run.parameters
    parts = [title(str(given["campaign"]))]
    if given.get("dry_run"):
        parts.append("dry run")
    if given.get("limit"):
        parts.append(f"at most {given['limit']}")
    only = [*(given.get("channels") or ()), *(given.get("locales") or ())]
    if only:
        parts.append(f"{' '.join(map(str, only))} only")
    started = flow_run.scheduled_start_time
    return ", ".join([*parts, f"{started.day} {started:%b}"])


DryRun = Annotated[bool, labelled("Dry run")]
Limit = Annotated[int | None, labelled("At most", ge=1)]


@flow(
    name="send-campaign",
    flow_run_name=run_name,
    persist_result=False,
    task_runner=RUNNER,
    on_cancellation=[cancel_our_run],
    on_crashed=[pause_our_run],
)
def send_campaign(
    campaign: Campaign,
    dry_run: DryRun = False,
    limit: Limit = None,
    channels: Channels = None,
    locales: Locales = None,
) -> Any:
    """Send a campaign, once to each customer of its audience, on the channel each prefers.

    Sending again is safe: nobody gets it twice, and what was interrupted goes on.

    Args:
        campaign: one of those in the templates.
        dry_run: only tell who would get what; nothing is written, nothing is sent.
        limit: at most so many people, for a first careful send without the public post. Empty:
            the whole audience.
        channels: only who gets it on these; the rest is for a later run. Empty: all.
        locales: only who gets it in these. Empty: all.
    """
    only = Only(tuple(channels or ()), tuple(locales or ()))
    try:
        with connect() as app:
            if dry_run:
                return _tell_plan(campaign, limit, only)
            require_answer(app, campaign, limit, only)
            return _send(app, campaign, limit, only)
    except CancelledInPrefectError:
        return Cancelled(message="Cancelled; what was on its way is finished and recorded.")
    except RejectedError as no:
        return Cancelled(name="Rejected", message=str(no))
    except (CannotGoOnError, CampaignsError) as error:
        return failed(error)


def _tell_plan(campaign: str, limit: int | None, only: Only) -> Any:
    told = outcome(preview(campaign, limit, only, return_state=True))
    publish(f"plan-{campaign}", as_markdown(told), f"Plan of {title(campaign)}, nothing sent")
    if told.over_budget:
        raise CannotGoOnError(f"The budget forbids it: {told.over_budget}")
    counts = told.counts
    return Completed(
        message=f"Dry run: {plan_sentence(counts)}. Nothing was sent.",
        data={"planned": counts.planned.total(), "skipped": counts.skipped.total()},
    )


def _send(app: App, campaign: str, limit: int | None, only: Only) -> Any:
    report, sent = carry_out(app, campaign, limit, only)
    return _end(report, sent)


def carry_out(
    app: App, campaign: str, limit: int | None, only: Only = ALL, *, continues: bool = False
) -> tuple[RunReport, DispatchCounts]:
    """One run from its check to its report, step by step on the run's page."""
    go_on_if_resumed(app)
    due = None if continues else flow_run.scheduled_start_time
    begun = compile_and_check(campaign, limit, only, due, continues, return_state=True)
    run_id, shards = outcome(begun)
    with Steering(app, run_id) as steering:
        _plan(app, run_id, shards, steering)
        sent = _send_due(app, run_id, campaign, steering)
    return _close(run_id, campaign, sent), sent


def _plan(app: App, run_id: int, shards: Sequence[int], steering: Steering) -> None:
    with Planners(app, run_id, shards) as planners:
        for some in together(shards):
            what = span(some, len(shards))
            outcome(plan_shards(planners, some, len(shards), what, return_state=True))
            steering.look()


def go_on_with(app: App, run_id: int, campaign: str) -> RunReport:
    """Plan what of a run is not planned, send what is due, and report. Raises CannotGoOnError; what
    a provider that is still away leaves waiting is no error: the report tells."""
    unplanned = [s.no for s in app.shards(run_id) if s.planned_at is None]
    with Steering(app, run_id) as steering:
        _plan(app, run_id, unplanned, steering)
        sent = _send_due(app, run_id, campaign, steering)
    return _close(run_id, campaign, sent)


def _send_due(app: App, run_id: int, campaign: str, steering: Steering) -> DispatchCounts:
    sent = _send_round(app, run_id, campaign, steering)
    if watch_canary(app, run_id, steering):
        sent.add(_send_round(app, run_id, campaign, steering))
    return sent


def _send_round(app: App, run_id: int, campaign: str, steering: Steering) -> DispatchCounts:
    """What may go now, and what falls back of it."""
    outcome(begin_sending(run_id, return_state=True))
    try:
        sent = _dispatch(app, run_id, campaign, steering)
        while outcome(fall_back(run_id, return_state=True)):
            sent.add(_dispatch(app, run_id, campaign, steering))
    except CannotGoOnError:
        publish_report(campaign, run_id)
        raise
    return sent


def _close(run_id: int, campaign: str, sent: DispatchCounts) -> RunReport:
    report = outcome(finish(run_id, sent.unreachable, return_state=True))
    publish_report(campaign, run_id)
    return report


def _dispatch(app: App, run_id: int, campaign: str, steering: Steering) -> DispatchCounts:
    """Send every shard while the bar moves, with helpers where they are configured."""
    words = f"Sending {title(campaign)}"
    bar = ProgressBar(f"progress-{campaign}", words, lambda: app.progress(run_id))

    def looking() -> bool:
        bar.look()
        return steering.look()

    call_for_help(app, run_id, campaign)
    sent, others = send_shards(app, run_id, app.to_send(run_id), looking), False
    for _ in in_other_hands(app, run_id):
        others = True
        looking()
    if others:  # what somebody who died gave back
        sent.add(send_shards(app, run_id, app.to_send(run_id), looking))
    bar.look(last=True)
    return sent


def _end(report: RunReport, sent: DispatchCounts) -> Any:
    """Completed, or Failed where messages wait for a provider that could not be reached."""
    if sent.unreachable and report.waiting:
        channels = "; ".join(f"{c.label}: {why}" for c, why in sent.unreachable.items())
        wait = counted(report.waiting, "message waits", "messages wait")
        raise CannotGoOnError(
            f"{wait}, nothing is lost ({channels}). The flow `go-on` "
            "takes them up again; or run the campaign again, and it goes on from here at once."
        )
    if report.run.state is RunState.STOPPED:
        raise CannotGoOnError(f"Stopped: {report.run.stopped_because}")
    planned, skipped = sum(report.planned.values()), sum(report.skipped.values())
    already = f", {report.already:,} had it already" if report.already else ""
    waits = "".join(f" {wait}." for wait in report.waits)
    if report.waiting and not waits:  # for the pace of their channel, most often X's
        waits = f" Left by their channel's pace: {report.waiting:,}; `go-on` sends them."
    return Completed(
        message=f"{report.accepted:,} of {planned:,} sent, {skipped:,} skipped{already}.{waits}",
        data={
            "run": report.run.id,
            "planned": planned,
            "skipped": skipped,
            "already": report.already,
            "accepted": report.accepted,
            "recorded": report.recorded,
        },
    )


@step("preview {campaign}", repeatable=True)
def preview(campaign: str, limit: int | None, only: Only) -> Forecast:
    """What would happen if the campaign ran now; the customers shown are made up."""
    with connect() as app:
        _tell_findings(app, campaign)
        return forecast(app, campaign, limit, **only.asked(), masked=True)


def _tell_findings(app: App, campaign: str) -> None:
    """All findings in a table of the run's page; those that stop it are its message, too."""
    findings = app.check(campaign)
    if findings:
        publish(f"findings-{campaign}", findings_table(findings), f"Findings of {title(campaign)}")


@step("check and compile {campaign}", repeatable=True)
def compile_and_check(
    campaign: str, limit: int | None, only: Only, due: datetime | None, continues: bool
) -> tuple[int, list[int]]:
    """The run's id and its shards' numbers; a campaign with findings does not start, and one that
    starts too late is held."""
    log = get_run_logger()
    with connect() as app:
        _tell_findings(app, campaign)
        run, resumed = app.start_run(campaign, limit, due, continues=continues, **only.asked())
        if not resumed:
            started(app, run.id, by=PREFECT)
        shards = [s.no for s in app.shards(run.id)]
    going_on = "Going on with" if resumed else "Started"
    log.info(
        "%s run %s of %s, release %s, shards: %s",
        going_on,
        run.id,
        campaign,
        run.release_hash,
        len(shards),
    )
    return run.id, shards


@step("prepare the channels", repeatable=False)
def begin_sending(run_id: int) -> None:
    """Check with the providers, then let the run send; the public post goes first."""
    with connect() as app:
        app.begin_sending(run_id)


@step("fall back to other channels", repeatable=True)
def fall_back(run_id: int) -> int:
    """Messages that surely failed and go to the customer's next channel: they are to be sent."""
    with connect() as app:
        fell = fall_back_run(app, run_id)
    if fell.failed:
        get_run_logger().info(
            "%s messages failed, %s go to another channel", f"{fell.failed:,}", f"{fell.hops:,}"
        )
    return fell.hops


@step("report", repeatable=True)
def finish(run_id: int, unreachable: dict[Any, str]) -> RunReport:
    """Close the run if nothing is left to send, and count."""
    with connect() as app:
        return app.finish(run_id, unreachable)
