"""Running the public app: uvicorn on one port, until it is asked to stop."""

from __future__ import annotations

import asyncio
import signal
import socket
from typing import TYPE_CHECKING

import uvicorn

from campaigns.bootstrap.listening import Listener
from campaigns.errors import ConfigurationError
from campaigns.web.app import create_app
from campaigns.web.protocol import Protocol

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

#: Seconds that requests under way get to end after a SIGTERM.
GRACE = 20
#: Requests at once; beyond them the answer is 503, and providers try again.
MOST_AT_ONCE = 500


def run_public_app(app: App, *, host: str, port: int, proxies: str) -> None:
    """Serve until SIGTERM or Ctrl-C. Port 0 takes a free one; the address is printed.

    `proxies`: addresses whose X-Forwarded-For is believed. Raises ConfigurationError when the
    port is taken or the sandbox's keys would be believed from outside, DatabaseError when the
    database cannot be opened.
    """
    if not app.settings.live and host not in ("127.0.0.1", "localhost", "::1"):
        raise ConfigurationError(
            "everybody knows the sandbox's keys, so while CAMPAIGNS_LIVE is not true the public "
            "app listens on this machine only. Take --host 127.0.0.1, or go live."
        )
    listener = listen(host, port)
    try:
        address = f"http://{host}:{listener.getsockname()[1]}"
        app.mode.require()
        Listener(app).require_keys()
        server = uvicorn.Server(configuration(app, proxies))
        for sign in (signal.SIGINT, signal.SIGTERM):
            # uvicorn raises what it caught again once it has ended: that is all there is to do.
            signal.signal(sign, lambda _sign, _frame: None)
        print(f"Public app: {address} for {app.settings.public_url}", flush=True)
        asyncio.run(server.serve(sockets=[listener]))
    finally:
        listener.close()


def configuration(app: App, proxies: str = "") -> uvicorn.Config:
    """How uvicorn runs it: no access log (addresses are personal), and no name in the answers."""
    return uvicorn.Config(
        create_app(app),
        http=Protocol,
        ws="none",
        loop="asyncio",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=proxies or None,
        limit_concurrency=MOST_AT_ONCE,
        timeout_graceful_shutdown=GRACE,
        backlog=1024,
    )


def listen(host: str, port: int) -> socket.socket:
    """A socket that takes connections. Raises ConfigurationError when the port is taken."""
    try:
        return socket.create_server((host, port), backlog=1024, reuse_port=False)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} on {host} cannot be used ({error.strerror}). Choose another with --port "
            "or CAMPAIGNS_WEB_PORT."
        ) from error
