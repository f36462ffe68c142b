"""`campaigns check` and `campaigns schema`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from campaigns.cli.output import json_option, print_json
from campaigns.domain.findings import Finding, Level


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
        several = dict.fromkeys(f for name in names for f in app.check(name))
        found = list(several) if names else app.check_all()
    if as_sarif:
        from campaigns.cli.sarif import sarif

        print_json(sarif(found, Path.cwd()))
    elif as_json:
        print_json({"campaigns": checked, "findings": [f.as_json() for f in found]})
    else:
        _tell(checked, found)
    return 2 if any(f.level is Level.ERROR for f in found) else 0


def _tell(checked: Sequence[str], found: Sequence[Finding]) -> None:
    for file in dict.fromkeys(f.file for f in found):
        click.secho(file, bold=True)
        told: dict[tuple[int, str, str, str, Level], list[str]] = {}
        for f in (f for f in found if f.file == file):
            where = " ".join(x for x in (f.channel, f.locale, f.part) if x)
            told.setdefault((f.line or 0, f.rule, f.message, f.mend, f.level), []).append(where)
        for (line, rule, message, mend, level), places in told.items():
            _tell_one(line, rule, message, mend, level, [p for p in places if p])
        click.echo()
    errors = sum(f.level is Level.ERROR for f in found)
    names = ", ".join(checked)
    if not found:
        click.secho(f"Clean: {names}.", fg="green")
    else:
        click.echo(f"{errors} error(s), {len(found) - errors} warning(s) in {names}.")


def _tell_one(
    line: int, rule: str, message: str, mend: str, level: Level, places: Sequence[str]
) -> None:
    """The same fault in several messages is one entry that lists them."""
    click.echo(f"{line or '':>5}  ", nl=False)
    click.secho(f"{level.value:<7}", fg="red" if level is Level.ERROR else "yellow", nl=False)
    click.echo(f"  {message} ({rule})")
    for text in ("; ".join(dict.fromkeys(places)), mend):
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
    """Start campaign NAME from a sound example: it checks clean, and is yours to change."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.authoring import new_campaign

    with connect() as app:
        for path in new_campaign(app, name):
            click.echo(path)
    click.echo(f"Next: change the words, then `campaigns check {name}`, `campaigns studio`.")
