"""Running the studio on a port of this machine."""

from __future__ import annotations

import signal
import socket
import threading
import webbrowser

import uvicorn

from campaigns.bootstrap.preview import open_drafts
from campaigns.errors import ConfigurationError
from campaigns.studio.app import HOST, create_app
from campaigns.studio.watch import Watch


def run_studio(*, port: int, open_browser: bool) -> None:
    """Run until Ctrl-C. Port 0 takes a free one; the address is printed.

    Raises ConfigurationError when the port is taken, FileError without a templates folder.
    """
    drafts = open_drafts()
    drafts.names()
    listener = _listen(port)
    address = f"http://{HOST}:{listener.getsockname()[1]}/"
    print(f"Studio: {address}", flush=True)
    print(f"Watching {drafts.templates}. Nothing here can send. Stop with Ctrl-C.", flush=True)
    if open_browser:
        threading.Timer(0.5, webbrowser.open, [address]).start()
    watch = Watch(drafts)
    config = uvicorn.Config(
        create_app(drafts, watch),
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    for sign in (signal.SIGINT, signal.SIGTERM):
        # uvicorn raises what it caught again once it has ended: that is all there is to do.
        signal.signal(sign, lambda _sign, _frame: None)
    _Server(config, watch).run(sockets=[listener])


class _Server(uvicorn.Server):
    """Ends the open pages' streams, which never end by themselves, before it waits for them."""

    def __init__(self, config: uvicorn.Config, watch: Watch) -> None:
        super().__init__(config)
        self._watch = watch

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        self._watch.end()
        await super().shutdown(sockets)


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()  # whoever opens the address as soon as it is printed waits
    except (OSError, OverflowError) as error:  # taken, or no port at all
        listener.close()
        why = error.strerror if isinstance(error, OSError) else error
        raise ConfigurationError(
            f"port {port} on {HOST} cannot be used ({why}). Choose another with --port."
        ) from error
    return listener
