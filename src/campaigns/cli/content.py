"""`campaigns check` and `campaigns schema`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click

from campaigns.cli.output import json_option, print_json
from campaigns.domain.findings import Finding, Level


@click.command("check")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@json_option
def check_command(names: tuple[str, ...], as_json: bool) -> int:
    """Check campaigns: same facts on every channel, everything fits, nothing is missing.

    Without NAME all campaigns are checked. Exits 2 when there is an error.
    """
    from campaigns.bootstrap import connect

    with connect() as app:
        checked = list(names) or app.campaign_names()
        findings = {name: app.check(name) for name in checked}
    found = [f for listed in findings.values() for f in listed]
    if as_json:
        print_json({"campaigns": checked, "findings": [asdict(f) for f in found]})
    else:
        _tell(checked, found)
    return 2 if any(f.level is Level.ERROR for f in found) else 0


def _tell(checked: Sequence[str], found: Sequence[Finding]) -> None:
    for file in dict.fromkeys(f.file for f in found):
        click.secho(str(file), bold=True)
        for finding in (f for f in found if f.file == file):
            click.echo(f"  {finding}")
    errors = sum(f.level is Level.ERROR for f in found)
    names = ", ".join(checked)
    if not found:
        click.secho(f"Clean: {names}.", fg="green")
    else:
        click.echo(f"{errors} error(s), {len(found) - errors} warning(s) in {names}.")


@click.command("schema")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to write the schemas to; without it they are printed.",
)
def schema_command(out: Path | None) -> None:
    """Write the JSON Schemas of the YAML files, so that an editor completes and checks them."""
    import orjson

    from campaigns.bootstrap import connect

    with connect() as app:
        schemas = app.schemas()
    if out is None:
        print_json(schemas)
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, schema in schemas.items():
        path = out / f"{name}.schema.json"
        path.write_bytes(orjson.dumps(schema, option=orjson.OPT_INDENT_2) + b"\n")
        click.echo(path)
