"""`campaigns learn`."""

from __future__ import annotations

import click

from campaigns.cli.output import console, json_option, print_json, table
from campaigns.domain.exploring import Explored
from campaigns.domain.learning import Learnt


@click.command("learn")
@click.option("--all", "everybody", is_flag=True, help="Count everybody anew, not only the news.")
@click.option("--report", is_flag=True, help="Count nothing; tell what exploring has shown.")
@json_option
def learn_command(everybody: bool, report: bool, as_json: bool) -> None:
    """Learn which channel each customer answers on, from what they did since the last time.

    Human clicks, replies, purchases and forms count; opens and programs do not. What a customer
    asked for comes before what was learnt. The flow of the same name does it every night.

    A few customers get messages on another channel, to learn whether they answer there: --report
    tells what that has cost (they may answer less) and brought.
    """
    if report:
        _report(as_json=as_json)
        return
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.learning import learn

    with connect() as app:
        learnt = learn(app, everybody=everybody)
    if as_json:
        print_json(learnt.as_json())
        return
    _print(learnt)


def _print(learnt: Learnt) -> None:
    whom = "all customers anew" if learnt.everybody else "customers with news"
    click.echo(f"Counted: {learnt.customers:,} ({whom}).")
    rows = [
        [channel.label, f"{prior.mean:.1%}", f"{prior.strength:.0f} messages"]
        for channel, prior in sorted(learnt.priors.items(), key=lambda item: -item[1].mean)
    ]
    if rows:
        heads = ["channel", "messages answered", "weighs as much as"]
        console().print(table("What customers show in general", heads, rows))


def _report(*, as_json: bool) -> None:
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.learning import explored

    with connect() as app:
        found = explored(app)
    if as_json:
        print_json(found.as_json())
    else:
        _print_explored(found)


def _print_explored(found: Explored) -> None:
    rows = [
        [
            cell.channel.label,
            "exploring" if cell.explored else "others",
            f"{cell.people:,}",
            f"{cell.answered / cell.people:.1%}",
            f"{cell.won:,}" if cell.explored else "",
        ]
        for cell in found.cells
    ]
    heads = ["channel", "", "messages", "answered", "channel won"]
    console().print(table("Messages of a year, of campaigns that explore", heads, rows))
    difference = found.difference
    if difference is None:
        click.echo("Too few explore, or might have, to compare them.")
        return
    click.echo(
        f"Messages answered, exploring less others who permit another channel too: "
        f"{100 * difference.value:+.1f} points "
        f"(95 % interval {100 * difference.low:+.1f} to {100 * difference.high:+.1f}; "
        f"p = {difference.p_value:.3f}). For {found.won:,} the channel tried decides since."
    )
