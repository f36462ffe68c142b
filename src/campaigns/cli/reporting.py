"""`campaigns report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from campaigns.cli.output import console, grouped, json_option, print_json, table

if TYPE_CHECKING:
    from campaigns.domain.account import Account


@click.command("report")
@click.argument("which", metavar="RUN|CAMPAIGN")
@click.option(
    "--out",
    "files",
    multiple=True,
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the report: .html is a page that opens anywhere, .csv and .parquet are its "
    "figures. Repeat for several.",
)
@click.option("--queries", is_flag=True, help="Print the SQL behind every number, and no number.")
@click.option(
    "--seed",
    metavar="NUMBER",
    type=click.IntRange(0, 2**31 - 1),
    default=1,
    show_default=True,
    help="Which messages are taken to be made again, for the proof.",
)
@json_option
def report_command(
    which: str, files: tuple[Path, ...], queries: bool, seed: int, as_json: bool
) -> None:
    """Tell what a RUN did, or a CAMPAIGN's newest one: the goal first, then every figure.

    Each number is what the database says to a query that the report names. Reads only.
    """
    from campaigns.account_page.programs import account_json
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.reporting import account_of, write_report

    with connect() as app:
        account = account_of(app, which, seed=seed)
    for file in files:
        write_report(account, file)
    if as_json:
        print_json(account_json(account))
    elif queries:
        for query in account.queries:
            click.echo(f"-- {query.name}: {query.meaning}\n{query.sql};\n")
    elif files:
        click.echo(f"Written to {', '.join(map(str, files))}.")
    else:
        _print(account)


def _print(account: Account) -> None:
    from campaigns.account_page.markdown import answer_sentences, rows
    from campaigns.domain.mode import PRACTISED, Mode

    run = account.run
    out = console()
    title = f"Run {run.id} of {run.campaign}: {run.state}"
    out.print(table(title, ["", "", ""], grouped(rows(account))))
    if account.mode is Mode.SANDBOX:
        out.print(PRACTISED)
    for sentence in answer_sentences(account):
        out.print(sentence)
    for sentence in account.course:
        out.print(sentence, style="dim", markup=False)
    out.print(f"`campaigns report {run.id} --out report.html` makes the page.", style="dim")
