"""`campaigns sandbox`."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("sandbox")
@click.option(
    "--port",
    default=8025,
    show_default=True,
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    help="Port on this machine.",
)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(".campaigns/sandbox"),
    show_default=True,
    help="Where the log of accepted messages is kept.",
)
@click.option(
    "--webhooks",
    default="",
    metavar="URL",
    help="Tell what becomes of messages there, as the vendors do: http://127.0.0.1:8027.",
)
def sandbox_command(port: int, home: Path, webhooks: str) -> None:
    """Start the practice providers: they take e-mail, SMS, WhatsApp and X as the real ones do.

    What they accepted can be read in each customer's inbox at the printed address. Stop with
    Ctrl-C.
    """
    from campaigns.sandbox.server import run_sandbox

    run_sandbox(port=port, home=home, webhooks=webhooks)
