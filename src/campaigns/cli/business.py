"""`campaigns keys` and `campaigns import-events`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from campaigns.cli.output import advancing, console, json_option, print_json, progress_bar, table
from campaigns.cli.tables import encoding_option
from campaigns.domain.counting import counted
from campaigns.domain.moments import by_clock

_BY = click.option("--by", required=True, metavar="NAME", help="Who; kept in the audit trail.")
_SCOPES = ("events:write", "messages:read")


@click.group("keys")
def keys_command() -> None:
    """Give programs access to the APIs (docs/api.md), and take it away."""


@keys_command.command("create")
@click.argument("source")
@click.option("--scope", "scopes", multiple=True, required=True, type=click.Choice(_SCOPES))
@_BY
@json_option
def create(source: str, scopes: tuple[str, ...], by: str, as_json: bool) -> None:
    """Make a key for SOURCE, such as `till` or `web-shop`. Its secret is shown this once."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.business import create_key
    from campaigns.domain.api_key import Scope

    with connect() as app:
        number, secret = create_key(app, source, set(map(Scope, scopes)), by=by)
    if as_json:
        print_json({"key": number, "source": source, "secret": secret})
        return
    click.echo(f"Key {number} for {source}. Its secret is kept nowhere; copy it now:", err=True)
    click.echo(secret)


@keys_command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List all keys, the newest first."""
    from campaigns.bootstrap import connect

    with connect() as app:
        keys, home = app.api_keys.list(), app.home
    if as_json:
        print_json([{**asdict(key), "scopes": sorted(key.scopes)} for key in keys])
        return
    if not keys:
        click.echo("There is no key yet; `campaigns keys create` makes one.")
        return
    rows = (
        (
            str(k.number),
            k.source,
            ", ".join(sorted(k.scopes)),
            f"{k.created_at:%Y-%m-%d} by {k.created_by}",
            f"{k.revoked_at:%Y-%m-%d} by {k.revoked_by}" if k.revoked_at else "",
        )
        for k in by_clock(keys, home)
    )
    console().print(table("Keys", ("key", "source", "may", "made", "revoked"), rows))


@keys_command.command("revoke")
@click.argument("number", type=click.IntRange(1, 2**63 - 1), metavar="KEY")
@_BY
def revoke(number: int, by: str) -> None:
    """Let KEY open nothing any more, from the next request on."""
    from campaigns.bootstrap import connect

    with connect() as app:
        app.api_keys.revoke(number, by=by, now=app.clock.now())
    click.echo(f"Key {number} opens nothing any more.")


@click.command("import-events")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--source", required=True, help="Who tells them, such as `till`: ids are unique within it."
)
@encoding_option
@json_option
def import_events_command(file: Path, source: str, encoding: str | None, as_json: bool) -> int:
    """Bring purchases, visits, calls and questions in from FILE, CSV or Parquet.

    Its columns are called as the events API's fields: id, kind, at; ref, email, phone or handle,
    and device; channel, amount, currency. Others are kept as small facts. The same file again
    changes nothing; refused rows go to a report with line and reason. Exits 1 when every row was
    refused.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.business import import_events

    with connect() as app, progress_bar() as bar:
        move = advancing(bar, "Importing", None)
        report = import_events(app, file, source, encoding=encoding, progress=move)
    taken = report.accepted or report.duplicate or report.waiting
    if as_json:
        print_json({**asdict(report), "report": report.report and str(report.report)})
    elif not taken and not report.refused:
        click.echo(f"{file} holds no events: nothing was brought in.")
    else:
        click.echo(
            f"{counted(report.accepted, 'event')} accepted, {report.duplicate:,} known before, "
            f"{report.waiting:,} waiting for who uses the device, {report.refused:,} refused."
        )
        if report.report:
            click.echo(f"Which, and why: {report.report}")
    return 1 if report.refused and not taken else 0
