"""`campaigns go-on`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from campaigns.cli.output import json_option
from campaigns.domain.counting import counted

if TYPE_CHECKING:
    from campaigns.bootstrap import App
    from campaigns.domain.progress import Progress


@click.command("go-on")
@click.option("--yes", is_flag=True, help="Do not ask before sending to real customers.")
@json_option
def go_on_command(yes: bool, as_json: bool) -> int:
    """Go on with every run that can go on now and that nobody sends: what waited for its hour,
    whose worker died, or what an outage paused a while ago.

    Starts nothing, and leaves alone what a person paused or has to decide. For a timer where
    campaigns are not run from Prefect, whose flow `go-on` does the same every ten minutes.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.outages import take_up, to_go_on_with
    from campaigns.cli.running import go_on
    from campaigns.errors import CampaignsError

    worst = 0
    with connect() as app:
        app.mode.require()  # before anybody is asked
        found = to_go_on_with(app)
        if found and app.settings.live and not yes:
            seen = [app.progress(run.id) for run, _ in found]
            click.confirm(question(seen), abort=True, err=True)
        if not found:
            click.echo("Nothing can go on now.", err=True)
            _tell_what_waits(app)
        for run, outage in found:
            why = f", paused by an outage: {outage}" if outage else ""
            try:
                if not take_up(app, run.id, outage):
                    continue  # somebody paused it, ended it, or took it up, since it was found
                click.echo(f"Going on with run {run.id} of {run.campaign}{why}.", err=True)
                worst = max(worst, go_on(app, run, as_json=as_json))
            except CampaignsError as error:  # the others have their turn
                click.secho(f"run {run.id}: {error}", fg="red", err=True)
                worst = max(worst, error.exit_code)
    return worst


def _tell_what_waits(app: App) -> None:
    """Why not, of each run that is under way and that nobody sends."""
    for run in app.runs.active():
        waits = app.progress(run.id).stuck
        if waits:
            click.echo(f"Run {run.id} of {run.campaign}: {waits}", err=True)


def question(
    seen: Sequence[Progress], who: str = "real customers", *, as_started: bool = False
) -> str:
    """What going on with these runs will do. How many it will be nobody knows yet of a run that is
    not planned, or not wholly."""
    waiting = counted(sum(p.waiting for p in seen), "message")
    shards = counted(unplanned := sum(p.unplanned for p in seen), "shard")
    if not unplanned:
        told = f"Send {waiting}"
    elif any(p.waiting for p in seen):
        told = f"Send {waiting}, and those of {shards} not planned yet,"
    else:
        told = f"Nothing is planned yet: plan {shards} and send what comes of it"
    return f"{told} to {who} now{', as the run was started' if as_started else ''}?"
