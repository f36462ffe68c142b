"""`campaigns plan` and `campaigns run`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from campaigns.cli.output import (
    advancing,
    console,
    grouped,
    json_option,
    os_user,
    print_json,
    progress_bar,
    table,
)
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.plan import QUIET_HOURS, PlanCounts
from campaigns.domain.routing import SKIP_TEXT, SkipReason
from campaigns.domain.run import ACTIVE_RUN_STATES, RunState

if TYPE_CHECKING:
    from campaigns.bootstrap import App
    from campaigns.domain.run import Run
    from campaigns.services.dispatch import DispatchCounts
    from campaigns.services.report import RunReport

limit_option = click.option(
    "--limit",
    type=click.IntRange(min=1),
    help="Send to at most so many people, for a first careful look. Makes no public post.",
)


@click.command("plan")
@click.argument("name")
@limit_option
@json_option
def plan_command(name: str, limit: int | None, as_json: bool) -> None:
    """Show who would get campaign NAME now, on which channel, and who not, and why.

    Nothing is written and nothing is sent.
    """
    from campaigns.bootstrap import connect

    with connect() as app:
        counts = app.preview(name, limit)
    if as_json:
        print_json(_plan_json(name, counts))
        return
    console().print(table(f"Plan of {name}", ["", "", "people"], grouped(_plan_rows(counts))))


def _plan_json(name: str, counts: PlanCounts) -> dict[str, object]:
    return {
        "campaign": name,
        "audience": counts.audience,
        "planned": dict(counts.planned),
        "skipped": dict(counts.skipped),
        "already": counts.already,
        "exploring": counts.exploring,
        "waits": [
            {"why": why or QUIET_HOURS, "people": n, "first": a.isoformat(), "last": b.isoformat()}
            for why, (n, a, b) in counts.waits_by_reason.items()
        ],
    }


def _plan_rows(counts: PlanCounts) -> list[tuple[str, str, int]]:
    rows = [("planned", c.label, n) for c, n in counts.planned.most_common()]
    if counts.exploring:
        rows.append(("of these exploring", "on another channel, to learn", counts.exploring))
    rows += [
        ("of these waiting", f"{why or QUIET_HOURS}: {_between(first, last)}", n)
        for why, (n, first, last) in counts.waits_by_reason.items()
    ]
    rows += [("skipped", SKIP_TEXT[SkipReason(r)], n) for r, n in counts.skipped.most_common()]
    if counts.already:
        rows.append(("had it already", "in an earlier run", counts.already))
    return [*rows, ("audience", "everyone the campaign is for", counts.audience)]


def _between(first: datetime, last: datetime) -> str:
    """`27 Nov 09:00 UTC`, or the first and the last of several moments."""
    told = [f"{at.day} {at:%b %H:%M}" for at in (first, last)]
    return f"{told[0]} UTC" if first == last else f"{told[0]} to {told[1]} UTC"


@click.command("run")
@click.argument("name")
@limit_option
@click.option(
    "--continue",
    "continues",
    is_flag=True,
    help="Only go on with the journeys of those who are on one; nobody enters.",
)
@click.option(
    "--scheduled-for",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M%z"]),
    help="When this was to start: 2027-03-10T09:00, by the brand's clock, or with an offset "
    "(+01:00). A run that starts later than its `start_tolerance` is held for a person.",
)
@click.option("--dry-run", is_flag=True, help="Plan only: the same as `campaigns plan NAME`.")
@click.option("--yes", is_flag=True, help="Do not ask before sending to real customers.")
@json_option
@click.pass_context
def run_command(
    ctx: click.Context,
    name: str,
    limit: int | None,
    continues: bool,
    scheduled_for: datetime | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> int:
    """Send campaign NAME, once to each customer of its audience.

    Safe to repeat: who has it does not get it again, and what was interrupted goes on. Without
    CAMPAIGNS_LIVE=true everything goes to the sandbox.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.control import started

    if dry_run:
        ctx.invoke(plan_command, name=name, limit=limit, as_json=as_json)
        return 0
    with connect() as app:
        if app.settings.live and not yes:
            _ask(app, name, limit)
        run, resumed = app.start_run(name, limit, scheduled_for, continues=continues)
        if resumed:
            _tell_resumed(app, run, limit)
        else:
            started(app, run.id, by=os_user())
        return go_on(app, run, as_json=as_json)


def go_on(app: App, run: Run, *, as_json: bool) -> int:
    """Plan what is not planned, send what is due, close the run and tell; the exit code."""
    _plan(app, run)
    sent = _send(app, run)
    report = app.finish(run.id, sent.unreachable)
    if as_json:
        print_json(report.as_json())
    else:
        print_report(report)
    return _exit_code(report, sent)


def _tell_resumed(app: App, run: Run, limit: int | None) -> None:
    """A campaign has one active run: the second command joins in, and must not surprise."""
    click.echo(f"Run {run.id} of {run.campaign} is active: going on with it.", err=True)
    release = app.compile(run.campaign)
    if release.hash != run.release_hash:
        click.echo(
            f"It sends release {run.release_hash}, as it was started; the files have changed since "
            f"(release {release.hash}). `campaigns cancel {run.id}` first sends them to the rest.",
            err=True,
        )
    if run.limit != limit:
        most = "the whole audience" if run.limit is None else f"at most {run.limit} people"
        click.echo(f"It is for {most}, as it was started.", err=True)


def _ask(app: App, name: str, limit: int | None) -> None:
    people = app.preview(name, limit).planned.total()
    click.confirm(f"Send {name} to {people:,} real customers now?", abort=True, err=True)


def _plan(app: App, run: Run) -> None:
    shards = app.shards(run.id)
    with progress_bar() as bar:
        move = advancing(bar, "Planning", len(shards))
        for done, shard in enumerate(shards, start=1):
            app.plan_shard(run.id, shard.no)
            move(done)


def _send(app: App, run: Run) -> DispatchCounts:
    from campaigns.bootstrap.reconciling import dispatch_with_fallbacks

    app.begin_sending(run.id)
    with progress_bar() as bar:
        move = advancing(bar, "Sending", app.progress(run.id).planned)
        return dispatch_with_fallbacks(app, run.id, lambda progress: move(progress.settled))


def print_report(report: RunReport, *, numbers_only: bool = False) -> None:
    """A run's numbers for people, and why it waits (`numbers_only`: unless that is told after)."""
    run = report.run
    out = console()
    out.print(
        table(
            f"Run {run.id} of {run.campaign}: {run.state}",
            ["", "", "people"],
            grouped(report.rows()),
        )
    )
    if report.post is not None:
        out.print(f"Public X post: {report.post.replace('_', ' ')}.")
    out.print(f"Release {report.run.release_hash}.", style="dim")
    if numbers_only and run.state in ACTIVE_RUN_STATES:
        return
    for sentence in report.paused:
        out.print(sentence, style="yellow")
    if run.stopped_because:
        end = str(run.state).capitalize() if run.finished_at else "Waiting"
        out.print(f"{end}: {run.stopped_because}", style="yellow")


def _exit_code(report: RunReport, sent: DispatchCounts) -> int:
    """0 when everything that could go went; 3 when messages wait for a provider or a person. What
    waits for its hour could not go now."""
    for sentence in _left_over(report, sent):
        click.secho(sentence, fg="yellow", err=True)
    ended_early = report.run.state in {RunState.PAUSED, RunState.CANCELLED}
    return 3 if ended_early or sent.unreachable else 0


def _left_over(report: RunReport, sent: DispatchCounts) -> Iterator[str]:
    """What has not reached anybody yet, why, and the way on: all of it, each by itself."""
    run = report.run
    if doubtful := report.in_state(DeliveryState.IN_DOUBT):
        yield (
            f"{doubtful:,} in doubt: they may have arrived, and are not sent again. "
            "`campaigns reconcile` looks for them."
        )
    goes_on = f"`campaigns run {run.campaign}` goes on"
    if sent.unreachable:
        waiting = f"{report.waiting:,} messages wait; nothing is lost."
        yield f"{waiting} {goes_on} once the provider answers."
    elif run.state in {RunState.PAUSED, RunState.CANCELLED}:
        yield f"The run is {run.state}: see `campaigns audit run:{run.id}`."
        return
    for wait in report.waits:
        yield f"{wait}. {goes_on} with them then."
