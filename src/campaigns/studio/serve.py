"""Running the studio on a port of this machine."""

from __future__ import annotations

import socket
import threading
import webbrowser

import uvicorn

from campaigns.bootstrap.preview import open_desk
from campaigns.errors import ConfigurationError
from campaigns.studio.app import HOST, create_app


def run_studio(*, port: int, open_browser: bool) -> None:
    """Run until Ctrl-C. Port 0 takes a free one; the address is printed.

    Raises ConfigurationError when the port is taken, FileError without a templates folder.
    """
    desk = open_desk()
    desk.names()
    listener = _listen(port)
    address = f"http://{HOST}:{listener.getsockname()[1]}/"
    print(f"Studio: {address}", flush=True)
    print(f"Watching {desk.templates}. Nothing here can send. Stop with Ctrl-C.", flush=True)
    if open_browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    config = uvicorn.Config(
        create_app(desk),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=1,  # open pages hold a stream that never ends
    )
    uvicorn.Server(config).run(sockets=[listener])


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"port {port} on {HOST} is taken ({error.strerror}). Choose another with --port."
        ) from error
    return listener
