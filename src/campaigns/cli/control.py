"""`campaigns pause`, `resume`, `cancel`, `arm` and `audit`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from campaigns.cli.output import console, json_option, os_user, print_json, table
from campaigns.domain.counting import people
from campaigns.domain.progress import hold_in_words
from campaigns.domain.run import ACTIVE_RUN_STATES
from campaigns.errors import UserError

if TYPE_CHECKING:
    from campaigns.bootstrap import App
    from campaigns.bootstrap.arming import Standing
    from campaigns.domain.audit import AuditEntry
    from campaigns.domain.run import Run


by_option = click.option(
    "--by", metavar="NAME", default=os_user, help="Who; default: your account."
)
why_option = click.option("--why", metavar="TEXT", default="", help="Why, kept beside it.")
run_argument = click.argument("number", type=int, metavar="RUN")


@click.command("pause")
@run_argument
@by_option
@why_option
@json_option
def pause_command(number: int, by: str, why: str, as_json: bool) -> None:
    """Stop RUN before its next batch, until somebody resumes it.

    What workers have in their hands for a provider at this moment (of texts up to 25 a lane) is
    finished and recorded; it is told how many.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.control import pause

    with connect() as app:
        run = pause(app, number, by=by, why=why)
        hold, moving = app.audit.hold(number), app.progress(number).moving
    told = "Paused" if hold is None else _upper(hold_in_words(hold, app.home))  # whose word stands
    goes_on = f"`campaigns resume {number}` goes on."
    _tell(run, f"{told}.{_on_their_way(moving)} {goes_on}", moving, as_json=as_json)


@click.command("resume")
@run_argument
@by_option
@why_option
@click.option("--yes", is_flag=True, help="Do not ask before sending to real customers.")
@json_option
def resume_command(number: int, by: str, why: str, yes: bool, as_json: bool) -> int:
    """Let a paused or held RUN go on from here, as `campaigns run` does: plan what of it is not
    planned yet, and send."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.control import resume
    from campaigns.cli.going_on import question
    from campaigns.cli.running import go_on

    with connect() as app:
        app.mode.require()  # before anybody is asked
        changed = _changed(app, app.runs.get(number))
        if changed:
            click.echo(changed, err=True)
        if (app.settings.live or changed) and not yes:
            who = "real customers" if app.settings.live else "the sandbox"
            asked = question([app.progress(number)], who, as_started=bool(changed))
            click.confirm(asked, abort=True, err=True)
        run = resume(app, number, by=by, why=why)
        return go_on(app, run, as_json=as_json)


def _changed(app: App, run: Run) -> str | None:
    """Who paused a run for a mistake and mended it in the files expects that to be sent, and it is
    not: a run sends what it was started with."""
    from campaigns.cli.running import as_it_was_started

    if run.state not in ACTIVE_RUN_STATES:
        return None
    try:
        release = app.compile(run.campaign, run.started_at)
    except UserError:
        return as_it_was_started(run, "and `campaigns check` finds errors in them")
    if release.hash == run.release_hash or release.edition != run.edition:
        return None
    return as_it_was_started(run, f"release {release.hash}")


@click.command("cancel")
@run_argument
@by_option
@why_option
@json_option
def cancel_command(number: int, by: str, why: str, as_json: bool) -> None:
    """End RUN: what is pending is not sent, what is on its way is finished and recorded.

    A later run of the campaign sends to those who did not get it.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.control import cancel

    with connect() as app:
        run = cancel(app, number, by=by, why=why)
        moving = app.progress(number).moving
    told = f"Cancelled; what was pending is not sent.{_on_their_way(moving)}"
    _tell(run, told, moving, as_json=as_json)


def _on_their_way(moving: int) -> str:
    if not moving:
        return ""
    if moving == 1:
        return " 1 message is on its way just now, and ends by itself."
    return f" {moving:,} messages are on their way just now, and end by themselves."


def _upper(words: str) -> str:
    return words[0].upper() + words[1:]


def _tell(run: Run, words: str, moving: int, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {"run": run.id, "campaign": run.campaign, "state": run.state, "on_their_way": moving}
        )
    else:
        click.echo(f"Run {run.id} of {run.campaign}: {words}")


@click.command("arm")
@click.option("--by", metavar="NAME", required=True, help="Who decides.")
@click.option("--why", metavar="TEXT", required=True, help="Why it is right to send from here.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def arm_command(by: str, why: str, yes: bool, as_json: bool) -> None:
    """Let a restored or copied database send again, once you have seen what that lets go on.

    Every run that was under way is held: `campaigns resume RUN` lets it go on, one by one.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.arming import arm, standing

    with connect() as app:
        found = standing(app)
        if found.because and not as_json:
            _show(found)
        if found.because and not yes:
            click.confirm("Arm it?", abort=True, err=True)
        held = arm(app, found, by=by, why=why) if found.because else []
    if as_json:
        print_json({**found.as_json(), "held": held})
    elif not found.because:
        click.echo("The database is armed: there is nothing to do.")
    else:
        runs = ", ".join(f"`campaigns resume {n}`" for n in held)
        click.echo(f"Armed.{f' Held until you say so: {runs}.' if held else ''}")


def _show(found: Standing) -> None:
    out = console()
    out.print(f"[yellow]Not armed:[/] {found.because}", highlight=False)
    rows = [
        [f"run {r.run_id} of {r.campaign}", f"{r.pending:,}", f"{r.sending:,}", f"{r.in_doubt:,}"]
        for r in found.runs
    ]
    columns = ["under way", "pending", "sending", "in doubt"]
    out.print(table("What arming lets go on", columns, rows) if rows else "No run is under way.")
    for line in found.since:
        out.print(f"After this backup: {line}", highlight=False)
    out.print(found.advice, highlight=False)


@click.command("audit")
@click.argument("subject", required=False, metavar="[NAME|SUBJECT]")
@click.option(
    "--most",
    default=100,
    show_default=True,
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="Show at most so many, the newest.",
)
@json_option
def audit_command(subject: str | None, most: int, as_json: bool) -> None:
    """Show who did what, newest first: of campaign NAME with its runs, deliveries and releases, of
    one SUBJECT (`run:12`, `delivery:345`, `customer:7`), or of all."""
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.control import trail

    with connect() as app:
        entries = trail(app, subject, most=most)
        campaigns, home = app.audit.campaigns_of(entries), app.home
    if as_json:
        print_json({"entries": [_plain(e, campaigns) for e in entries]})
    elif not entries:
        of = f" of `{subject}` (the newest of all: `campaigns audit`)" if subject else ""
        click.echo(f"Nothing is written down{of}.")
    else:
        rows = [
            [
                f"{e.at.astimezone(home):%Y-%m-%d %H:%M}",
                e.actor,
                e.did,
                " ".join(filter(None, (campaigns.get(e.subject), _short(e.subject)))),
                _why(e),
            ]
            for e in entries
        ]
        columns = ["when", "who", "did", "what", "why"]
        console().print(table(f"Audit trail, by the clock of {home}", columns, rows))


def _short(subject: str) -> str:
    """`release:8c4f30d1`: so much of a hash names a release everywhere."""
    return subject[: len("release:") + 8] if subject.startswith("release:") else subject


def _why(entry: AuditEntry) -> str:
    """The reason given; before it, for how many people a yes was."""
    first = entry.data.get("first")
    only = f"for the first {people(first)}" if isinstance(first, int) else ""
    return ": ".join(part for part in (only, entry.why) if part)


def _plain(entry: AuditEntry, campaigns: Mapping[str, str]) -> dict[str, Any]:
    return {
        **asdict(entry),
        "campaign": campaigns.get(entry.subject),
        "at": entry.at.isoformat(),
        "data": dict(entry.data),
    }
