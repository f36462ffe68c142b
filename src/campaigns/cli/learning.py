"""`campaigns learn`."""

from __future__ import annotations

import click

from campaigns.cli.output import console, json_option, print_json, table
from campaigns.domain.learning import Learnt


@click.command("learn")
@click.option("--all", "everybody", is_flag=True, help="Count everybody anew, not only the news.")
@json_option
def learn_command(everybody: bool, as_json: bool) -> None:
    """Learn which channel each customer answers on, from what they did since the last time.

    Human clicks, replies, purchases and forms count; opens and programs do not. What a customer
    asked for comes before what was learnt. The flow of the same name does it every night.
    """
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
        [channel.label, f"{prior.mean:.1%}", f"{prior.strength:.0f}"]
        for channel, prior in sorted(learnt.priors.items(), key=lambda item: -item[1].mean)
    ]
    if rows:
        heads = ["channel", "messages answered", "weighs as much as messages"]
        console().print(table("What customers show in general", heads, rows))
