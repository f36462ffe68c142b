"""`campaigns go-on`."""

from __future__ import annotations

import click

from campaigns.cli.output import json_option


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
            waiting = sum(app.progress(run.id).waiting for run, _ in found)
            click.confirm(f"Send {waiting:,} messages to real customers now?", abort=True, err=True)
        if not found:
            click.echo("Nothing can go on now.", err=True)
        for run, outage in found:
            why = f", paused by an outage: {outage}" if outage else ""
            click.echo(f"Going on with run {run.id} of {run.campaign}{why}.", err=True)
            try:
                if outage is not None:
                    take_up(app, run.id, outage)
                worst = max(worst, go_on(app, run, as_json=as_json))
            except CampaignsError as error:  # the others have their turn
                click.secho(f"run {run.id}: {error}", fg="red", err=True)
                worst = max(worst, error.exit_code)
    return worst
