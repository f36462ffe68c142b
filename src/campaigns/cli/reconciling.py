"""`campaigns reconcile`, `campaigns resolve` and `campaigns fallback`."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from campaigns.cli.output import console, json_option, print_json, print_json_line, table
from campaigns.domain.channel import Channel
from campaigns.domain.counting import counted
from campaigns.domain.evidence import Doubt, Finding, Verdict, age

if TYPE_CHECKING:
    from campaigns.bootstrap import App
    from campaigns.services.reconcile import Reconciled


@click.command("reconcile")
@click.option("--list", "only_list", is_flag=True, help="Only list; ask no provider.")
@click.option(
    "--most",
    default=20,
    show_default=True,
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="Name at most so many, the oldest; --json names all.",
)
@json_option
def reconcile_command(only_list: bool, most: int, as_json: bool) -> None:
    """Look for the messages in doubt at the providers, and list those that stay so.

    What a provider's list has was sent. What it has not stays in doubt, and nothing is sent again
    by itself: `campaigns resolve` is where a person decides.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.reconciling import list_doubts, reconcile_doubts

    with connect() as app:
        done = None if only_list else reconcile_doubts(app, all_=True)
        listed, now = list_doubts(app), app.clock.now()
    if as_json:
        print_json(_as_json(done, listed, now))
        return
    if done is not None:
        _print_done(done)
    _print_listed(listed, now, most)


def _as_json(done: Reconciled | None, listed: list[Doubt], now: datetime) -> dict[str, Any]:
    return {
        "findings": dict(done.findings) if done else {},
        "resolved": done.resolved if done else 0,
        "later": done.later if done else 0,
        "in_doubt": [
            {
                "delivery": d.delivery_id,
                "run": d.run_id,
                "campaign": d.campaign,
                "edition": d.edition,
                "channel": d.channel,
                "since": d.fell.isoformat(),
                "age_seconds": int((now - d.fell).total_seconds()),
                "what_happened": d.outcome,
                "looks": d.looks,
                "looked_at": d.looked_at.isoformat() if d.looked_at else None,
                "finding": d.finding,
                "told": d.told,
            }
            for d in listed
        ],
    }


def _print_done(done: Reconciled) -> None:
    if done.findings:
        found = f"{done.resolved:,} found: sent" if done.resolved else "none found"
        click.echo(f"{done.findings.total():,} looked for, {found}.")
    if twice := done.findings[Finding.TWICE]:
        click.secho(f"{twice:,} that were sent again had been sent before: twice.", fg="red")
    if done.later:
        later = counted(done.later, "is", "are")
        click.echo(f"{later} asked about another time: a provider allows only so many.")


def _print_listed(listed: list[Doubt], now: datetime, most: int) -> None:
    """After an outage thousands share one cause: each cause once, before the oldest by number."""
    if not listed:
        click.echo("Nothing is in doubt.")
        return
    if len(listed) > most:
        _print_causes(listed, now)
    rows = [
        [str(d.delivery_id), d.campaign, d.channel.label, age(now - d.fell), d.known]
        for d in listed[:most]
    ]
    columns = ["delivery", "campaign", "channel", "for", "what is known"]
    console().print(table("In doubt, the oldest first", columns, rows))
    if len(listed) > most:
        click.echo(f"… and {len(listed) - most:,} more: --most {len(listed)}, or --json.")
    click.echo(
        "Decide: campaigns resolve DELIVERY … (or --run RUN) --sent (or --resend) --by NAME "
        "--why TEXT. "
        "See one first: campaigns show delivery DELIVERY."
    )


def _print_causes(listed: list[Doubt], now: datetime) -> None:
    groups: dict[tuple[str, str, str], list[Doubt]] = {}
    for d in listed:
        groups.setdefault((d.campaign, d.channel.label, d.known), []).append(d)
    rows = [
        [f"{len(alike):,}", campaign, channel, age(now - alike[0].fell), known]
        for (campaign, channel, known), alike in groups.items()
    ]
    columns = ["messages", "campaign", "channel", "oldest", "what is known"]
    console().print(table("In doubt, by what is known", columns, rows))


@click.command("resolve")
@click.argument("deliveries", type=int, metavar="[DELIVERY…]", nargs=-1)
@click.option("--run", "number", type=int, metavar="RUN", help="All that is in doubt of this run.")
@click.option(
    "--channel",
    type=click.Choice([str(c) for c in Channel]),
    help="With --run: of this channel alone.",
)
@click.option("--sent", "verdict", flag_value="sent", help="It was sent: count it so.")
@click.option("--resend", "verdict", flag_value="resend", help="It was not: send it again.")
@click.option("--by", required=True, metavar="NAME", help="Who decides.")
@click.option("--why", required=True, metavar="TEXT", help="Why; kept on the audit trail.")
@click.option("--yes", is_flag=True, help="With --run: do not ask.")
@json_option
def resolve_command(
    deliveries: tuple[int, ...],
    number: int | None,
    channel: str | None,
    verdict: str | None,
    by: str,
    why: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Decide about each DELIVERY in doubt, or about all of a RUN: sent, or to be sent again.

    Whoever is sent it again may get it twice: that is for a person to weigh. Consent, suppression
    and the end of the offer are checked again before it leaves. Each is settled by itself: at the
    first that cannot be, those before it are decided and those after it are not.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.reconciling import resolve

    if verdict is None:
        raise click.UsageError("say --sent or --resend.")
    if bool(deliveries) == (number is not None) or (channel and number is None):
        raise click.UsageError("say which: DELIVERY numbers, or --run RUN (and --channel).")
    with connect() as app:
        wanted = list(dict.fromkeys(deliveries))
        if number is not None:
            wanted = _of_run(app, number, channel)
            if wanted and not yes:
                click.confirm(_question(len(wanted), number, verdict), abort=True, err=True)
        for delivery in wanted:
            campaign = resolve(app, delivery, Verdict(verdict), by=by, why=why)
            if as_json:  # a line each
                print_json_line(
                    {"delivery": delivery, "as": verdict, "by": by, "campaign": campaign}
                )
            elif number is None or delivery == wanted[-1]:
                click.echo(_decided(delivery, verdict, campaign, of=len(wanted), run=number))
    if not wanted and not as_json:
        click.echo("Nothing of it is in doubt.")


def _of_run(app: App, number: int, channel: str | None) -> list[int]:
    from campaigns.bootstrap.reconciling import list_doubts

    app.runs.get(number)  # a number of no run is told as such
    return [
        d.delivery_id
        for d in list_doubts(app)
        if d.run_id == number and channel in (None, d.channel)
    ]


def _question(messages: int, run: int, verdict: str) -> str:
    if verdict == Verdict.SENT:
        return f"Count all {messages:,} in doubt of run {run} as sent?"
    return (
        f"Send all {messages:,} in doubt of run {run} again? Whoever has the message already gets "
        "it twice."
    )


def _decided(delivery: int, verdict: str, campaign: str, *, of: int, run: int | None) -> str:
    """What was decided about one, or about all of a run."""
    what = f"Delivery {delivery}" if run is None else f"Run {run}: each of {of:,} messages"
    if verdict == Verdict.SENT:
        return f"{what} counts as sent."
    return f"{what} waits to be sent again: campaigns run {campaign}"


@click.command("fallback")
@click.option("--yes", is_flag=True, help="Do not ask before sending to real customers.")
@json_option
def fallback_command(yes: bool, as_json: bool) -> None:
    """Send what bounced or was rejected on the customer's next permitted channel.

    A run does that by itself before it ends; this is for what bounced since, within the hours that
    the campaign's `fallback` says.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.reconciling import fall_back_later

    with connect() as app:
        app.mode.require()  # before anybody is asked
        if app.settings.live and not yes:
            click.confirm("Send fallbacks to real customers now?", abort=True, err=True)
        done = fall_back_later(app)
    if as_json:
        runs = [{"run": d.report.run.id, "hops": d.hops, "state": d.report.run.state} for d in done]
        print_json({"runs": runs})
        return
    for late in done:
        run = late.report.run
        click.echo(
            f"Run {run.id} of {run.campaign}: {late.hops:,} to another channel; {run.state}."
        )
    if not done:
        click.echo("Nothing to send on another channel.")
