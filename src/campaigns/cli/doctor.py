"""`campaigns doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from campaigns.cli.output import console, json_option, print_json, table

if TYPE_CHECKING:
    from campaigns.services.diagnose import Diagnosis

_MARKS = {True: "[green]ok[/]", False: "[red]no[/]", None: "[yellow]–[/]"}


@click.command("doctor")
@json_option
def doctor_command(as_json: bool) -> int:
    """Tell what is set up, what is missing, and what would happen if a campaign ran now.

    Exits 1 when something stands in the way of a run.
    """
    from campaigns.content.compiler import SHARED

    SHARED.start()  # its imports run while this process does its own
    from campaigns.bootstrap import connect

    with connect() as app:
        diagnoses = app.diagnose()
    healthy = all(d.ok is not False for d in diagnoses)
    if as_json:
        print_json({"ok": healthy, "checks": [d.as_json() for d in diagnoses]})
    else:
        _print(diagnoses)
    return 0 if healthy else 1


def _print(diagnoses: list[Diagnosis]) -> None:
    rows = [
        [_MARKS[d.ok], d.subject, d.found + (f" {d.advice}" if d.advice else "")] for d in diagnoses
    ]
    console().print(table("campaigns doctor", ["", "", ""], rows))
