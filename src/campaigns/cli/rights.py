"""`campaigns erase` and `campaigns retention`."""

from __future__ import annotations

import click

from campaigns.cli.output import json_option, print_json
from campaigns.domain.counting import counted


@click.command("erase")
@click.argument("who", metavar="REF|E-MAIL|PHONE|@HANDLE")
@click.option("--by", required=True, metavar="NAME", help="Who erases.")
@click.option("--why", required=True, help="Why; kept in the audit trail, so name nobody.")
@json_option
def erase_command(who: str, by: str, why: str, as_json: bool) -> None:
    """Erase a customer for good: profile, history, what was said to them.

    Keyed hashes of their addresses stay, so that no import brings them back in any spelling.
    Nothing is sent to them any more, runs under way included.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.rights import erase

    with connect() as app:
        customer_id = app.profiles.find(who)
        lines = erase(app, customer_id, by=by, why=why)
    if as_json:
        print_json({"customer": customer_id, "report_lines": lines})
        return
    click.echo(f"Customer number {customer_id} is erased, and will not be imported again.")
    if lines:
        click.echo(f"{counted(lines, 'line')} of import reports went too.")


@click.command("retention")
@json_option
def retention_command(as_json: bool) -> None:
    """Delete the past that brand.yaml keeps no longer (`retention`, in days).

    The flow of the same name does it every night.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.rights import delete_the_past

    with connect() as app:
        deleted = delete_the_past(app)
    if as_json:
        print_json(deleted.as_json())
        return
    told = ", ".join(f"{number:,} {name}" for name, number in deleted.as_json().items())
    click.echo(f"Deleted: {told}.")


@click.command("readmit")
@click.argument("names", nargs=-1, required=True, metavar="REF|E-MAIL|PHONE|@HANDLE…")
@click.option("--by", required=True, metavar="NAME", help="Who decides.")
@click.option("--why", required=True, help="Why; kept in the audit trail, so name nobody.")
@click.option("--proof", default="", help="Of a new opt-in: the form, its day, its wording.")
@json_option
def readmit_command(names: tuple[str, ...], by: str, why: str, proof: str, as_json: bool) -> None:
    """Let somebody back in who was erased and asks to be a customer again.

    Name everything they had then. Imports take them again from then on, as a new customer without
    a past. Without --proof of a new opt-in their addresses stay barred for marketing, until they
    say yes themselves.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.rights import readmit

    with connect() as app:
        hashes = readmit(app, names, proof=proof, by=by, why=why)
    if as_json:
        print_json({"hashes": hashes, "marketing": bool(proof)})
        return
    lifted = counted(hashes, "hash", "hashes")
    click.echo(f"Lifted: {lifted} of an erased person. An import takes them again.")
    if not proof:
        click.echo("Their addresses stay barred for marketing until they say yes themselves.")
