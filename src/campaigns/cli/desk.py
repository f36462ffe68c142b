"""`campaigns desk`."""

from __future__ import annotations

import click


@click.command("desk")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    default=8028,
    show_default=True,
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    help="Its port; 0: any free.",
)
def desk_command(host: str, port: int) -> None:
    """Pages for service and shop staff: what customers wrote, and everything about them.

    It is no part of the public app. It listens on this machine only; elsewhere it needs
    CAMPAIGNS_DESK_SECRET, and TLS in front. Stop with Ctrl-C.
    """
    from campaigns.bootstrap import connect
    from campaigns.desk.serving import run_desk

    with connect() as app:
        run_desk(app, host=host, port=port)
