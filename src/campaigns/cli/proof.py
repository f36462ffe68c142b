"""`campaigns diff` and `campaigns reproduce`."""

from __future__ import annotations

from dataclasses import asdict

import click

from campaigns.cli.output import console, json_option, print_json


@click.command("diff")
@click.argument("old", metavar="RELEASE")
@click.argument("new", metavar="RELEASE")
@json_option
def diff_command(old: str, new: str, as_json: bool) -> None:
    """Show what changed between two releases: facts, copy, layouts, brand, campaign."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.proof import compare_releases

    with connect() as app:
        changes = compare_releases(app, old, new)
    if as_json:
        print_json({"changes": [asdict(c) for c in changes]})
        return
    if not changes:
        click.echo("The two releases say the same.")
    last = ""
    for change in changes:
        if change.group != last:
            click.secho(change.group, bold=True)
            last = change.group
        click.echo(f"  {change.where}")
        if change.before is not None:
            click.secho(f"    - {change.before}", fg="red")
        for line in (change.after or "").splitlines():
            click.secho(f"    {line if change.group == 'layout' else f'+ {line}'}", fg="green")


@click.command("reproduce")
@click.argument("delivery", type=int)
@json_option
def reproduce_command(delivery: int, as_json: bool) -> int:
    """Make the exact message of a DELIVERY again and prove it by its stored hash.

    Exits 1 when it is not, byte for byte, what was said.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.proof import reproduce

    with connect() as app:
        made = reproduce(app, delivery)
    if as_json:
        document = {"delivery": delivery, "proven": made.proven, "expected": made.expected}
        document |= {"found": made.found, "release": made.view.release_hash, "parts": made.parts}
        print_json(document)
        return 0 if made.proven else 1
    out = console()
    for name, text in made.parts.items():
        out.rule(name, style="dim")
        click.echo(text)  # exactly: no line is broken, nothing is replaced
    out.rule(style="dim")
    if made.proven:
        out.print(f"[green]Proven:[/] hash {made.found} of release {made.view.release_hash}.")
        return 0
    if made.expected != made.found:
        told = f"stored hash {made.expected}, found {made.found}"
    else:
        told = f"release {made.view.release_hash} is not stored as it was frozen"
    out.print(f"[red]Not what was said:[/] {told}.")
    return 1
