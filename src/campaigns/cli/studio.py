"""`campaigns studio`."""

from __future__ import annotations

import click


@click.command("studio")
@click.option("--port", default=8029, show_default=True, help="Port on this machine; 0: any free.")
@click.option("--open/--no-open", "open_browser", default=True, help="Open it in the browser.")
def studio_command(port: int, open_browser: bool) -> None:
    """See a campaign as it will arrive, on every channel and in every language, while you write.

    The page follows your files: save one, and it shows within a second. It can only be opened
    on this machine, and it cannot send. Stop with Ctrl-C.
    """
    from campaigns.studio.serve import run_studio

    run_studio(port=port, open_browser=open_browser)
