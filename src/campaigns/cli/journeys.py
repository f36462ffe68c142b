"""`campaigns journey`."""

from __future__ import annotations

import click

from campaigns.cli.output import console, grouped, json_option, print_json, table
from campaigns.domain.counting import counted


@click.command("journey")
@click.argument("name")
@json_option
def journey_command(name: str, as_json: bool) -> None:
    """Show who is where on campaign NAME's journey: sent, skipped and why, waiting, due."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.journeys import whereabouts

    with connect() as app:
        found = whereabouts(app, name)
    if as_json:
        print_json(found.as_json())
        return
    out = console()
    title = f"Journey of {name}: {found.entered:,} entered"
    if found.acted is not None:
        title += f", {counted(found.acted, 'has', 'have')} acted"
    out.print(table(title, ["step", "", "people"], grouped(found.rows())))
    if found.due:
        due = counted(found.due, "is", "are")
        out.print(f"{due} due; `campaigns run {name} --continue` goes on with them.")
