"""`campaigns approve` and `campaigns reject`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from campaigns.cli.control import why_option
from campaigns.cli.deploying import let_go_on
from campaigns.cli.output import json_option, print_json
from campaigns.domain.counting import people

if TYPE_CHECKING:
    from campaigns.domain.approval import Approval

_release = click.argument("release", metavar="NAME|RELEASE")
_plan = click.option(
    "--plan", metavar="HASH", help="The plan that was looked at; default: as it is now."
)


@click.command("approve")
@_release
@click.option("--by", required=True, metavar="NAME", help="Who approves.")
@why_option
@click.option(
    "--first",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="Only so many people, by one run: then ask again.",
)
@_plan
@json_option
def approve_command(
    release: str, by: str, why: str, first: int | None, plan: str | None, as_json: bool
) -> None:
    """Approve one exact release, by the campaign's NAME as its files are now or by its hash, and
    its plan: who gets what on which channel.

    Any later edit of any of its files makes another release, which asks again. What changes in the
    plan until the run is told, and beyond the brand's `approval.may_change` it holds the run.
    """
    from campaigns.content.compiler import SHARED

    SHARED.start()  # its imports run while this process does its own
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.approving import approve_release
    from campaigns.domain.approval import ApprovalRule

    with connect() as app:
        said = approve_release(app, release, by=by, note=why, first=first, plan=plan)
        found = app.releases.load(said.release_hash)
        part = f" for the first {people(first)}" if first else ""
        _tell(said, f"{said.by} approved release {said.release_hash}{part}.", as_json=as_json)
        if not ApprovalRule.of(found).needed:
            click.echo(
                f"{found.campaign} needs no approval: it runs without one. `needs_approval: "
                "true` in its campaign.yaml asks for it.",
                err=True,
            )
        let_go_on(app, said.release_hash, quiet=as_json)


@click.command("reject")
@_release
@click.option("--by", required=True, metavar="NAME", help="Who rejects.")
@click.option("--why", required=True, metavar="TEXT", help="Why, kept beside it.")
@_plan
@json_option
def reject_command(release: str, by: str, why: str, plan: str | None, as_json: bool) -> None:
    """Say no to a release, by the campaign's NAME or its hash: an earlier yes counts no more."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.approving import reject_release

    with connect() as app:
        said = reject_release(app, release, by=by, why=why, plan=plan)
        _tell(said, f"{said.by} rejected release {said.release_hash}.", as_json=as_json)
        let_go_on(app, said.release_hash, quiet=as_json)


def _tell(said: Approval, words: str, *, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(said), "at": said.at.isoformat()})
        return
    click.echo(words)
    if said.plan:
        click.echo(f"Plan {said.plan}.")
