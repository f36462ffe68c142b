"""`campaigns metrics`."""

from __future__ import annotations

import threading

import click


@click.command("metrics")
@click.option(
    "--port",
    default=9464,
    show_default=True,
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    help="Port; 0: any free.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="0.0.0.0 to be seen outside.")
@click.option("--once", is_flag=True, help="Print the figures and end.")
def metrics_command(port: int, host: str, once: bool) -> None:
    """Serve figures for Prometheus at /metrics, until Ctrl-C.

    They come from the database: one of these is enough for any number of workers.
    """
    from campaigns.bootstrap import connect
    from campaigns.bootstrap.observing.figures import serve, text

    with connect() as app:
        if once:
            click.echo(text(app), nl=False)
            return
        taken = serve(app, host=host, port=port)
        click.echo(f"Figures at http://{host}:{taken}/metrics until Ctrl-C", err=True)
        threading.Event().wait()
