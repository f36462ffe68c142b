"""`campaigns merge`, `campaigns merges`, `campaigns unmerge` and `campaigns matches`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from campaigns.cli.output import console, json_option, print_json, table
from campaigns.domain.moments import by_clock

if TYPE_CHECKING:
    from campaigns.domain.identity import MatchLine, MergeLine

_BY = click.option("--by", required=True, metavar="NAME", help="Who decides; kept in the trail.")
_WHY = click.option("--why", default="", help="In your words, kept beside it.")


@click.command("merge")
@click.argument("kept", metavar="KEPT")
@click.argument("merged", metavar="MERGED")
@_BY
@_WHY
def merge_command(kept: str, merged: str, by: str, why: str) -> None:
    """Make one person of two customers. KEPT stays; MERGED becomes part of it.

    Name each by id, e-mail address, phone or X handle. A no of either stays a no. What was known
    of both is kept, and `campaigns unmerge` parts them again.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.persons import merge

    with connect() as app:
        number = merge(app, kept, merged, by=by, why=why)
    click.echo(f"Merge {number}: one person now. To part them: campaigns unmerge {number}")


@click.command("unmerge")
@click.argument("number", type=int, metavar="MERGE")
@_BY
@_WHY
def unmerge_command(number: int, by: str, why: str) -> None:
    """Make two of one again, as they were before MERGE. Nothing merges them by itself any more."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.persons import unmerge

    with connect() as app:
        kept, back = unmerge(app, number, by=by, why=why)
        refs = [app.profiles.show(c).ref for c in (kept, back)]
    click.echo(f"Merge {number} is undone: {refs[0]} and {refs[1]} are two people again.")


@click.command("merges")
@json_option
def merges_command(as_json: bool) -> None:
    """List the merges, the newest first: who, with whom, by whom and why."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.persons import list_merges

    with connect() as app:
        lines, home = list_merges(app), app.home
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    if not lines:
        click.echo("Nobody was merged.")
        return
    columns = ["merge", "when", "kept", "merged", "by", "why", ""]
    console().print(
        table(f"Merges, by the clock of {home}", columns, map(_merge_row, by_clock(lines, home)))
    )


def _merge_row(line: MergeLine) -> list[str]:
    return [
        str(line.merge_id),
        f"{line.at:%Y-%m-%d %H:%M}",
        line.kept or "erased",
        line.merged or "erased",
        line.by,
        line.why,
        f"undone {line.undone_at:%Y-%m-%d}" if line.undone_at else "",
    ]


@click.group("matches", invoke_without_command=True)
@json_option
@click.pass_context
def matches_command(context: click.Context, as_json: bool) -> None:
    """List the pairs that may be one person, for you to accept or refuse."""
    if context.invoked_subcommand is not None:
        return
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.persons import list_matches

    with connect() as app:
        lines = list_matches(app)
    if as_json:
        print_json([asdict(line) for line in lines])
        return
    if not lines:
        console().print("No pair waits for a person; `campaigns matches find` looks for more.")
        return
    columns = ["match", "one", "other", "evidence"]
    console().print(table("To review", columns, [_match_row(line) for line in lines]))


def _match_row(line: MatchLine) -> list[str]:
    return [str(line.match_id), *line.refs, line.evidence]


@matches_command.command("find", short_help="Look for profiles that are one person.")
@json_option
def find_command(as_json: bool) -> None:
    """Look for profiles that are one person, by templates/identities.yaml."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.persons import find_matches

    with connect() as app:
        found = find_matches(app)
    if as_json:
        print_json(asdict(found))
        return
    click.echo(f"{found.merged:,} merged, {found.to_review:,} to review, {found.left:,} left.")
    if found.to_review:
        click.echo("Next: campaigns matches")


@matches_command.command("accept")
@click.argument("number", type=int, metavar="MATCH")
@_BY
@_WHY
def accept_command(number: int, by: str, why: str) -> None:
    """The two of MATCH are one person: merge them."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.persons import accept_match

    with connect() as app:
        merge_id = accept_match(app, number, by=by, why=why)
    click.echo(f"Merge {merge_id}: one person now. To part them: campaigns unmerge {merge_id}")


@matches_command.command("refuse", short_help="The two of MATCH are two people.")
@click.argument("number", type=int, metavar="MATCH")
@_BY
@_WHY
def refuse_command(number: int, by: str, why: str) -> None:
    """The two of MATCH are two people: nothing merges them by itself any more."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.persons import refuse_match

    with connect() as app:
        refuse_match(app, number, by=by, why=why)
    click.echo(f"Match {number} is refused: they stay two people.")
