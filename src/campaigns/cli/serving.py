"""`campaigns serve`."""

from __future__ import annotations

import click


@click.command("serve")
@click.option("--host", help="Address to listen on.  [CAMPAIGNS_WEB_HOST; 127.0.0.1]")
@click.option(
    "--port",
    metavar="NUMBER",
    type=click.IntRange(0, 65535),
    help="Port; 0: any free.  [CAMPAIGNS_WEB_PORT; 8027]",
)
@click.option("--addresses", is_flag=True, help="Print what to enter at the providers, and end.")
def serve_command(host: str | None, port: int | None, addresses: bool) -> None:
    """Answer the public: the providers' webhooks, click links, and customers' own pages.

    It keeps nothing of its own: run as many as you like behind one address, with TLS in front
    and CAMPAIGNS_PUBLIC_URL set to what the outside sees. SIGTERM or Ctrl-C lets requests under
    way end first.
    """
    from campaigns.bootstrap.app import connect
    from campaigns.bootstrap.listening import webhook_addresses
    from campaigns.web.serving import run_public_app

    with connect() as app:
        settings = app.settings
        if addresses:
            for where, address in webhook_addresses(app).items():
                click.echo(f"{where}: {address}")
            return
        run_public_app(
            app,
            host=settings.web_host if host is None else host,
            port=settings.web_port if port is None else port,
            proxies=settings.web_proxies,
        )
