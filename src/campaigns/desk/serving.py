"""Running the desk: on this machine, or behind TLS with the staff's secret."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING, Final

import uvicorn

from campaigns.bootstrap.wiring import link_secret
from campaigns.desk.app import create_app
from campaigns.desk.staff import Staff
from campaigns.errors import ConfigurationError

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")
#: Characters of a secret that protects every customer's history.
SHORTEST: Final = 16


def run_desk(app: App, *, host: str, port: int) -> None:
    """Serve until Ctrl-C or SIGTERM. Port 0 takes a free one; the address is printed.

    Raises ConfigurationError when the port is taken, or when it would be open to others without a
    secret.
    """
    config = configuration(app, host)
    listener = _listen(host, port)
    try:
        app.mode.require()
        print(f"Desk: http://{host}:{listener.getsockname()[1]}/", flush=True)
        uvicorn.Server(config).run(sockets=[listener])
    finally:
        listener.close()


def configuration(app: App, host: str = LOOPBACK[0]) -> uvicorn.Config:
    """How uvicorn runs it: no access log (who was looked at is personal), no name in answers."""
    secret = app.settings.desk_secret.get_secret_value()
    here = host in LOOPBACK
    if not here and len(secret) < SHORTEST:
        raise ConfigurationError(
            f"the desk shows every customer: to listen on {host} set CAMPAIGNS_DESK_SECRET, "
            f"{SHORTEST} characters or more, and put TLS in front. Without it, take --host "
            "127.0.0.1."
        )
    staff = Staff(key=link_secret(app.settings), secret=secret, over_tls=not here)
    return uvicorn.Config(
        create_app(app, staff, ["127.0.0.1", "localhost", "[::1]"] if here else ["*"]),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
    )


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=128, reuse_port=False)
    except OSError as error:
        raise ConfigurationError(
            f"port {port} on {host} cannot be used ({error.strerror}). Choose another with --port."
        ) from error
