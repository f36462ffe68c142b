"""The public app as it is deployed, on a free port of this machine."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import uvicorn

from campaigns.web.serving import configuration, listen

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App


@contextmanager
def serving(app: App) -> Iterator[str]:
    """The address of the running app."""
    with served(configuration(app)) as address:
        yield address


@contextmanager
def served(configured: uvicorn.Config) -> Iterator[str]:
    """The address of what is configured so. The socket listens already: the first request waits
    until it is up."""
    listener = listen("127.0.0.1", 0)
    server = uvicorn.Server(configured)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(120)
        listener.close()
        assert not thread.is_alive()
