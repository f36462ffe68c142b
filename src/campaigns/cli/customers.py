"""`campaigns sample`, `campaigns import` and `campaigns export`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from campaigns.cli.output import (
    advancing,
    console,
    json_option,
    print_json,
    progress_bar,
    table,
)
from campaigns.cli.tables import encoding_option

if TYPE_CHECKING:
    from campaigns.bootstrap import App
    from campaigns.services.import_customers import ImportReport

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("sample")
@click.option(
    "--count", default=600, show_default=True, metavar="NUMBER", type=click.IntRange(min=1)
)
@click.option("--seed", default=1, show_default=True, help="The same seed, the same customers.")
@click.option("--out", type=_FILE, default=Path("customers.csv"), show_default=True)
def sample_command(count: int, seed: int, out: Path) -> None:
    """Write made-up customers, and the mapping file that imports them.

    English, Spanish and Catalan speakers in Spain, Andorra, the UK and the US, with every mix of
    addresses, consents and habits. None of them exists; all addresses and numbers are reserved.
    """
    from campaigns.content.catalog import Catalog
    from campaigns.sample import write_csv
    from campaigns.settings import load_settings

    catalog = Catalog(load_settings().templates)
    declared = catalog.attributes() if catalog.templates.exists() else None
    mapping = write_csv(out, count=count, seed=seed, now=datetime.now(UTC), declared=declared)
    click.echo(f"{count:,} made-up customers in {out}, their mapping in {mapping}.")
    click.echo(f"Next: campaigns import {out} --mapping {mapping}")


@click.command("import")
@click.argument("file", type=_FILE)
@click.option(
    "--mapping",
    type=_FILE,
    help="YAML file that says which column is what. Exports of Mailchimp, Shopify, HubSpot and "
    "Klaviyo need none.",
)
@encoding_option
@json_option
def import_command(file: Path, mapping: Path | None, encoding: str | None, as_json: bool) -> int:
    """Bring customers in from FILE; again, it updates and never duplicates.

    FILE is CSV, Parquet, or what `campaigns export` wrote (.json, .jsonl).

    Bad rows are refused one by one into a report file, the good ones go in. An import never turns
    an opt-out into consent. Exits 1 when every row was refused.
    """
    from campaigns.bootstrap import connect

    if file.suffix in {".json", ".jsonl"}:
        _import_documents(file, as_json=as_json)
        return 0
    with connect() as app, progress_bar() as bar:
        move = advancing(bar, "Importing", None)
        report = app.import_customers(file, mapping, encoding, move)
    if as_json:
        print_json(report.as_json())
    else:
        _print(file, report)
    if report.refused < report.rows:
        return 0
    click.secho("Every row was refused: nobody came in.", fg="yellow", err=True)
    return 1


def _import_documents(file: Path, *, as_json: bool) -> None:
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.customers import import_documents

    with connect() as app, progress_bar() as bar:
        done = import_documents(app, file, advancing(bar, "Importing", None))
    if as_json:
        print_json({"file": file.name, "customers": done.customers, "erased": list(done.erased)})
        return
    click.echo(f"{done.customers:,} exported customers brought in from {file}.")
    if done.erased:
        lines = ", ".join(map(str, done.erased))
        click.echo(f"Not taken in, since they were erased at their own request: line {lines}.")


def _print(file: Path, report: ImportReport) -> None:
    rows = [[name, f"{number:,}"] for name, number in report.counts().items()]
    console().print(table(f"Import of {file.name}", ["", "rows"], rows))
    if report.report_path is not None:
        click.echo(f"Refused rows, with line and reason: {report.report_path}")


@click.command("export")
@click.argument("who", required=False, metavar="[REF|E-MAIL|PHONE|@HANDLE]")
@click.option(
    "--out",
    type=_FILE,
    help="File to write; without it, standard output. With --all, a name ending in .csv makes a "
    "table for spreadsheets and the mapping that imports it again.",
)
@click.option("--all", "everyone", is_flag=True, help="All customers, one JSON document a line.")
def export_command(who: str | None, out: Path | None, everyone: bool) -> None:
    """Write all that is known of one customer as JSON, or with --all of everyone.

    `campaigns import` takes the file again without loss.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.customers import export_table

    if (who is None) is not everyone:
        raise click.UsageError("name one customer, or say --all")
    with connect() as app:
        if everyone and out is not None and out.suffix == ".csv":
            mapping = export_table(app, out)
            click.echo(f"Next: campaigns import {out} --mapping {mapping}", err=True)
        else:
            _write_documents(app, who, out)


def _write_documents(app: App, who: str | None, out: Path | None) -> None:
    import orjson

    with click.open_file(str(out or "-"), "wb") as stream:
        if who is not None:
            document = app.profiles.export(app.profiles.find(who))
            stream.write(orjson.dumps(document, option=orjson.OPT_INDENT_2) + b"\n")
            return
        for document in app.profiles.export_all():
            stream.write(orjson.dumps(document) + b"\n")
