"""`campaigns show customer|delivery|run`."""

from __future__ import annotations

import click

from campaigns.cli.output import json_option, looking, print_json
from campaigns.cli.running import print_report


class _Things(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in self.commands and not args[0].startswith("-"):
            things = ", ".join(f"`campaigns show {thing} {args[0]}`" for thing in self.commands)
            ctx.fail(f"Show what? {things}.")
        return super().resolve_command(ctx, args)


@click.group("show", cls=_Things)
def show_command() -> None:
    """Look at a customer, a delivery or a run."""


@show_command.command("customer", short_help="A customer: profile, consents, whole history.")
@click.argument("who", metavar="REF|E-MAIL|PHONE|@HANDLE")
@looking
@json_option
def show_customer(who: str, by: str, as_json: bool) -> None:
    """Everything known of one customer: what was said on every channel, in which words and why
    there, what they wrote, open offers, consents with their proof, who did what.

    That you looked is noted in the audit trail. Links to the customer's own pages are shown dead.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.history import look
    from campaigns.cli.views import print_history

    with connect() as app:
        told = look(app, app.profiles.find(who), by=by)
        now, home = app.clock.now(), app.home
    if as_json:
        print_json(told.as_json())
    else:
        print_history(told, now, home)


@show_command.command("delivery", short_help="One message: to whom, why there, what it said.")
@click.argument("number", type=int, metavar="NUMBER")
@looking
@json_option
def show_delivery(number: int, by: str, as_json: bool) -> None:
    """One message: to whom, on which channel and why, what it said, what became of it.

    That you looked is noted in the audit trail. Links to the customer's own pages are shown dead.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.history import look_at_message
    from campaigns.cli.views import print_delivery

    with connect() as app:
        view = app.profiles.delivery(number)
        parts, home = look_at_message(app, number, by=by), app.home
    if as_json:
        print_json({**view.as_json(), "message": parts})
    else:
        print_delivery(view, parts, home)


@show_command.command("run", short_help="A run in numbers, and what it waits for.")
@click.argument("number", type=int, required=False, metavar="[NUMBER]")
@click.option("--watch", is_flag=True, help="Look again and again until it has ended.")
@json_option
def show_run(number: int | None, watch: bool, as_json: bool) -> None:
    """One run in numbers, and what it waits for; without a number the newest."""
    from campaigns.bootstrap import connect
    from campaigns.cli import progress

    with connect() as app:
        run_id = number if number is not None else app.latest_run().id
        if watch:
            progress.watch(app, run_id, as_json=as_json)
            return
        report, seen = app.report(run_id), app.progress(run_id)
    if as_json:
        print_json({**report.as_json(), "progress": progress.progress_json(seen)})
    else:
        print_report(report, numbers_only=True)
        progress.print_progress(seen)
