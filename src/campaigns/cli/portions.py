"""Options that send a campaign to a part of its audience."""

from __future__ import annotations

from collections.abc import Callable

import click

limit_option = click.option(
    "--limit",
    metavar="NUMBER",
    type=click.IntRange(min=1),
    help="Send to at most so many people, for a first careful look. Makes no public post.",
)


def portion_options(command: Callable[..., int]) -> Callable[..., int]:
    """`--channel` and `--locale`: a run for a part of the audience."""
    channel = click.option(
        "--channel",
        "channels",
        multiple=True,
        metavar="CHANNEL",
        help="Only to who gets it on this channel (email, sms …); may be given several times. The "
        "rest is left for a later run.",
    )
    locale = click.option(
        "--locale",
        "locales",
        multiple=True,
        metavar="LOCALE",
        help="Only to who gets it in this locale (es_ES …); may be given several times.",
    )
    return channel(locale(command))
