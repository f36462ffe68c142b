"""`campaigns check` and `campaigns schema`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click

from campaigns.cli.output import json_option, print_json
from campaigns.domain.findings import Fault, Finding, Level, faults


@click.command("check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
@click.option("--sarif", "as_sarif", is_flag=True, help="Print SARIF 2.1.0, for annotations in CI.")
def check_command(names: tuple[str, ...], as_json: bool, as_sarif: bool) -> int:
    """Check campaigns: same facts on every channel, everything fits, nothing is missing.

    Without NAME all campaigns are checked, and the files that they share. Exits 2 when there is
    an error.
    """
    from campaigns.content.compiler import SHARED

    SHARED.start()  # its imports run while this process does its own
    from campaigns.bootstrap import connect

    with connect() as app:
        checked = list(names) or app.campaign_names()
        found = app.check_each(names) if names else app.check_all()
    if as_sarif:
        from campaigns.cli.sarif import sarif

        print_json(sarif(found, Path.cwd()))
    elif as_json:
        print_json({"campaigns": checked, "findings": [f.as_json() for f in found]})
    else:
        _tell(checked, found)
    return 2 if any(f.level is Level.ERROR for f in found) else 0


def _tell(checked: Sequence[str], found: Sequence[Finding]) -> None:
    told = faults(found)
    for file in dict.fromkeys(fault.finding.file for fault in told):
        click.secho(file, bold=True)
        for fault in told:
            if fault.finding.file == file:
                _tell_one(fault)
        click.echo()
    names = ", ".join(checked)
    if not told:
        click.secho(f"Clean: {names}.", fg="green")
        return
    counts = Counter(fault.finding.level for fault in told)
    words = [f"{counts[x]} {x}{'s' if counts[x] != 1 else ''}" for x in Level if counts[x]]
    click.echo(f"{' and '.join(words)} in {names}.")


def _tell_one(fault: Fault) -> None:
    it = fault.finding
    click.echo(f"{it.line or '':>5}  ", nl=False)
    click.secho(f"{it.level.value:<7}", fg="red" if it.level is Level.ERROR else "yellow", nl=False)
    click.echo(f"  {it.message} ({it.rule})")
    for text in ("; ".join(fault.places), it.mend):
        if text:
            click.echo(f"{'':16}{text}")


@click.command("schema")
@click.option("--check", is_flag=True, help="Only tell whether the written schemas are current.")
@json_option
def schema_command(check: bool, as_json: bool) -> int:
    """Write the JSON Schemas of the YAML files into templates/schemas.

    The files name them in their first line, so that an editor completes and checks while you type.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.authoring import stale_schemas, write_schemas

    with connect() as app:
        if as_json:
            print_json(app.schemas())
        elif check:
            stale = stale_schemas(app)
            for path in stale:
                click.echo(f"{path} is not current: campaigns schema", err=True)
            return 2 if stale else 0
        else:
            for path in write_schemas(app):
                click.echo(path)
    return 0


@click.command("new")
@click.argument("name")
def new_command(name: str) -> None:
    """Start campaign NAME from a sound example: it checks clean, and is yours to change.

    It has a copy file for each language of the brand. The example knows English, Spanish and
    Catalan; for others the file holds the English words, and `campaigns check` tells what is left.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.authoring import new_campaign

    with connect() as app:
        begun = new_campaign(app, name)
    for path in begun.files:
        left = "  (the words are English: translate them)" if path in begun.to_translate else ""
        click.echo(f"{path}{left}")
    click.echo(f"Next: change the words, then `campaigns check {name}`, `campaigns studio`.")
