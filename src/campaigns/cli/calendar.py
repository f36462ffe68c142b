"""`campaigns calendar`."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import click

from campaigns.cli.output import console, json_option, print_json, table
from campaigns.domain.calendar import Calendar


@click.command("calendar")
@click.option(
    "--weeks",
    metavar="NUMBER",
    type=click.IntRange(1, 26),
    default=4,
    show_default=True,
    help="How far ahead.",
)
@click.option(
    "--schedules",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("prefect.yaml"),
    show_default=True,
    help="The file with the schedules.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write it as a page, too: one file that opens anywhere.",
)
@json_option
def calendar_command(weeks: int, schedules: Path, html: Path | None, as_json: bool) -> None:
    """Show what goes out when, who would get several campaigns, and what caps or a budget would
    stop.

    A forecast from the profiles of today: it writes nothing and sends nothing. Schedules that are
    switched off are shown as such.
    """
    from campaigns.content.compiler import SHARED

    SHARED.start()  # its imports run while this process does its own
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.calendar import calendar, write_page

    with connect() as app:
        made = calendar(app, weeks=weeks, schedules=schedules)
    if html is not None:
        write_page(made, html)
    if as_json:
        print_json(made.as_json())
        return
    _print(made)
    if html is not None:
        click.echo(f"Written to {html}.")


def _print(made: Calendar) -> None:
    from campaigns.bootstrap.calendar.page import channels_in_words, over_in_words

    out, zone = console(), ZoneInfo(made.zone)
    rows = [
        [
            f"{o.at.astimezone(zone):%a %d %b %H:%M}",
            o.name,
            o.team,
            f"{c.people:,}",
            channels_in_words(c),
            over_in_words(c),
            o.by,
        ]
        for o, c in zip(made.occasions, made.crowds, strict=True)
    ]
    heads = ["when", "campaign", "team", "people", "where", "too much for", "sent by"]
    if rows:
        shown = [n for n in range(len(heads)) if any(row[n] for row in rows)]
        heads, rows = [heads[n] for n in shown], [[row[n] for n in shown] for row in rows]
        out.print(table(f"Calendar, by the clock of {made.zone}", heads, rows))
    else:
        out.print("Nothing is scheduled in these weeks.")
    conflicts = made.conflicts()
    if conflicts:
        out.print("[bold]Before it happens[/]")
    for sentence in conflicts:
        out.print(f"- {sentence}", markup=False)
    for note in made.notes:
        out.print(note, markup=False, style="dim")
