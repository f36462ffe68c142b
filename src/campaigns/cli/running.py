"""`campaigns plan` and `campaigns run`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from campaigns.cli.left_over import exit_code
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
from campaigns.cli.portions import limit_option, portion_options
from campaigns.domain.counting import counted, people
from campaigns.domain.mode import PRACTISED, Mode
from campaigns.domain.moments import second
from campaigns.domain.portion import portion_of
from campaigns.domain.run import ACTIVE_RUN_STATES, RunState

if TYPE_CHECKING:
    from rich.console import Console

    from campaigns.bootstrap import App
    from campaigns.domain.canary import Verdict
    from campaigns.domain.forecast import Forecast
    from campaigns.domain.progress import Progress
    from campaigns.domain.run import Run
    from campaigns.services.dispatch import DispatchCounts
    from campaigns.services.report import RunReport

#: Lines shown of a customer's message.
_SHOWN = 12


@click.command("plan")
@click.argument("name")
@limit_option
@portion_options
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    metavar="FILE",
    help="Write it as a page, with the customers shown: for your eyes.",
)
@json_option
def plan_command(
    name: str,
    limit: int | None,
    channels: tuple[str, ...],
    locales: tuple[str, ...],
    page: Path | None,
    as_json: bool,
) -> int:
    """Show who would get campaign NAME now, on which channel, and who not, and why; what it would
    cost and how long it would take, with three customers' messages to read.

    Nothing is written to the database and nothing is sent. Exits 2 when it would break the budget.
    """
    from campaigns.content.compiler import SHARED

    SHARED.start()  # its imports run while this process does its own
    from campaigns.bootstrap import connect, plan_page
    from campaigns.bootstrap.forecasting import forecast

    with connect() as app:
        told = forecast(app, name, limit, channels=channels, locales=locales)
    if page is not None:
        page.write_text(plan_page.as_html(told), encoding="utf-8")
    if as_json:
        print_json(plan_page.as_json(told))
    else:
        _print_plan(told)
        if page is not None:
            click.echo(f"Written to {page}.")
    return 2 if told.over_budget else 0


def _print_plan(told: Forecast) -> None:
    from campaigns.bootstrap.plan_page import COLUMNS, channel_rows

    out = console()
    out.print(table(f"Plan of {told.campaign}", ["", "", "people"], grouped(told.rows())))
    if told.channels:
        out.print(table("By channel", COLUMNS, channel_rows(told)))
    for sentence in told.sentences():
        click.echo(sentence)
    if told.caution:
        out.print(f"Caution: {told.caution}", style="yellow", markup=False)
    for finding in told.findings:
        out.print(str(finding), style="yellow", markup=False)
    for sample in told.samples:
        out.print(f"\n{sample.who}, {sample.locale}", style="bold", markup=False)
        out.print(sample.why, style="dim", markup=False)
        lines = (sample.trouble or sample.text).splitlines()
        for line in lines[:_SHOWN]:
            click.echo(f"    {line}")
        if len(lines) > _SHOWN:
            click.echo(f"    … {len(lines) - _SHOWN} lines more: --html FILE has them.")
    out.print(f"\nRelease {told.release}, plan {told.plan}.", style="dim")
    if told.over_budget:
        click.secho(f"Refused: {told.over_budget}", fg="red", err=True)


@click.command("run")
@click.argument("name")
@limit_option
@portion_options
@click.option(
    "--continue",
    "continues",
    is_flag=True,
    help="Only go on with the journeys of those who are on one; nobody enters.",
)
@click.option(
    "--scheduled-for",
    metavar="MOMENT",
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
    channels: tuple[str, ...],
    locales: tuple[str, ...],
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
    from campaigns.content.compiler import SHARED

    SHARED.start()  # its imports run while this process does its own
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.control import started

    if dry_run:
        planned: int = ctx.invoke(
            plan_command,
            name=name,
            limit=limit,
            channels=channels,
            locales=locales,
            page=None,
            as_json=as_json,
        )
        return planned
    with connect() as app:
        app.mode.require()  # before anybody is asked
        if app.settings.live and not yes:
            _ask(app, name, limit, channels, locales)
        run, resumed = app.start_run(
            name, limit, scheduled_for, continues=continues, channels=channels, locales=locales
        )
        if resumed:
            _tell_resumed(app, run, limit, channels, locales)
        else:
            started(app, run.id, by=os_user())
        return go_on(app, run, as_json=as_json)


def go_on(app: App, run: Run, *, as_json: bool) -> int:
    """Plan what is not planned, send what is due, close the run and tell; the exit code."""
    from campaigns.bootstrap.canary import wait_for_canary
    from campaigns.bootstrap.outages import paused_when_stopped

    with paused_when_stopped(app, run.id):
        _plan(app, run)
        sent = _send(app, run)
        if wait_for_canary(app, run.id, _tell_once()):
            sent.add(_send(app, run))
        report = app.finish(run.id, sent.unreachable)
    if as_json:
        print_json(report.as_json())
    else:
        print_report(report)
    return exit_code(report, sent)


def _tell_once() -> Callable[[Verdict], None]:
    """Tells how a canary stands, whenever that changes."""
    last = ""

    def tell(verdict: Verdict) -> None:
        nonlocal last
        if verdict.because != last:
            click.echo(str(verdict), err=True)
            last = verdict.because

    return tell


def _tell_resumed(
    app: App, run: Run, limit: int | None, channels: Sequence[str], locales: Sequence[str]
) -> None:
    """A campaign has one active run: the second command joins in, and must not surprise."""
    click.echo(f"Run {run.id} of {run.campaign} is active: going on with it.", err=True)
    release = app.compile(run.campaign)
    if release.hash != run.release_hash:
        click.echo(as_it_was_started(run, f"release {release.hash}"), err=True)
    if run.limit != limit:
        most = "the whole audience" if run.limit is None else f"at most {people(run.limit)}"
        click.echo(f"It is for {most}, as it was started.", err=True)
    if run.portion != portion_of(release.policy, channels, locales):
        told = str(run.portion) or "on all its channels, in all its languages"
        click.echo(f"It sends {told}, as it was started.", err=True)


def as_it_was_started(run: Run, files: str) -> str:
    """That a run sends what it was started with, where the files say something else by now."""
    return (
        f"It sends release {run.release_hash}, as it was started; the files have changed since "
        f"({files}). `campaigns cancel {run.id}`, then `campaigns run {run.campaign}`, sends them "
        "as they are now to those who have nothing yet."
    )


def _ask(
    app: App, name: str, limit: int | None, channels: Sequence[str], locales: Sequence[str]
) -> None:
    portion = portion_of(app.compile(name).policy, channels, locales)
    people = app.preview(name, limit, portion).planned.total()
    run = app.runs.latest(name)
    if run is not None and run.state in ACTIVE_RUN_STATES:  # it goes on: these are planned already
        people += app.progress(run.id).waiting
    click.confirm(f"Send {name} to {people:,} real customers now?", abort=True, err=True)


def _plan(app: App, run: Run) -> None:
    from campaigns.bootstrap.planners import Planners

    shards = [shard.no for shard in app.shards(run.id)]
    with progress_bar() as bar, Planners(app, run.id, shards) as planners:
        move = advancing(bar, "Planning", len(shards))
        for done, no in enumerate(shards, start=1):
            planners.plan(no)
            move(done)


def _send(app: App, run: Run) -> DispatchCounts:
    from campaigns.bootstrap.reconciling import dispatch_with_fallbacks

    app.begin_sending(run.id)
    with progress_bar() as bar:
        move = advancing(bar, "Sending", app.progress(run.id).planned)
        return dispatch_with_fallbacks(
            app,
            run.id,
            lambda progress: move(progress.settled),
            _telling_of_others(bar.console),
        )


def _telling_of_others(out: Console) -> Callable[[Progress], None]:
    """Says why it is not over, whenever others have messages in hand."""
    told: set[datetime] = set()

    def tell(progress: Progress) -> None:
        until = max((w.lease_until for w in progress.workers), default=progress.at)
        if until not in told:
            told.add(until)
            here = second(until.astimezone(progress.at.tzinfo))
            messages = counted(progress.moving, "message is", "messages are")
            out.print(
                f"{messages} in the hands of other workers, or of one that died: taken back at "
                f"{here} at the latest. Waiting for that.",
                style="yellow",
                markup=False,
            )

    return tell


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
    if report.mode is Mode.SANDBOX:
        out.print(PRACTISED)
    if report.post is not None:
        out.print(f"Public X post: {report.post.replace('_', ' ')}.")
    out.print(f"Release {report.run.release_hash}.", style="dim")
    for sentence in report.course:
        out.print(sentence, style="dim", markup=False)
    if numbers_only and run.state in ACTIVE_RUN_STATES:
        return
    for sentence in report.paused:
        out.print(sentence, style="yellow")
    if report.because:
        end = str(run.state).capitalize() if run.finished_at else "Waiting"
        out.print(f"{end}: {report.because}", style="yellow")
        if run.state is RunState.STOPPED:
            on = f"Once that is mended, `campaigns run {run.campaign}` sends to the rest."
            out.print(on, style="yellow", markup=False)
