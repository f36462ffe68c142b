"""A Prefect server of our own, as a child process that ends with us.

Prefect's embedded mode would do the same inside the calling process, at the price of importing
the server there too (about eight seconds of a small machine) and of starting only when first
asked. A child started early is ready by the time there is something to run.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Self

#: A new database is migrated on first start: 20 s on two busy cores, and this is the limit.
START_LIMIT = 120.0
#: Below 32768, where Linux begins to give ports away.
_PORTS = range(20_000, 30_000)


class PrefectServer:
    """`with PrefectServer(...) as server:` — started at once, `wait()` until it answers."""

    def __init__(self, *, port: int = 0, pages: bool = False, log: Path | None = None) -> None:
        self.port = port or free_port()
        self._pages = pages
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where its pages are."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        """PREFECT_API_URL of this server."""
        return f"{self.address}/api"

    def start(self) -> Self:
        """Start the process; returns before it answers."""
        arguments = ["server", "start", "--host", "127.0.0.1", "--port", str(self.port)]
        pages = "--ui" if self._pages else "--no-ui"
        output = self._log.open("wb") if self._log else None
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                [sys.executable, "-m", "prefect", *arguments, pages],
                # Its pages would ask the usual port otherwise, where another server may be.
                env={**os.environ, "PREFECT_SERVER_UI_API_URL": self.api},
                stdin=subprocess.DEVNULL,
                stdout=output or subprocess.DEVNULL,
                stderr=subprocess.STDOUT,
                # Its own group: Ctrl-C reaches us only, and we stop it in order.
                start_new_session=True,
            )
        finally:
            if output:
                output.close()
        return self

    def wait(self, seconds: float = START_LIMIT) -> Self:
        """Until the server answers. Raises RuntimeError when it ends or does not in time."""
        deadline = time.monotonic() + seconds
        while not self._answers():
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"Prefect's server did not start.{self._last_words()}")
            if time.monotonic() > deadline:
                raise RuntimeError(f"Prefect's server took too long.{self._last_words()}")
            time.sleep(0.1)
        return self

    def use(self) -> None:
        """Make this the server of this process and its children. Before prefect is imported."""
        os.environ["PREFECT_API_URL"] = self.api

    def stop(self) -> None:
        """Stop it, at once if it does not in five seconds."""
        stop(self._process)
        self._process = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _answers(self) -> bool:
        with (
            contextlib.suppress(OSError, urllib.error.URLError),
            urllib.request.urlopen(f"{self.api}/health", timeout=5) as answer,  # noqa: S310
        ):
            return bool(answer.status == 200)
        return False

    def _last_words(self) -> str:
        if self._log is None or not self._log.exists():
            return ""
        return f" Its log is {self._log}:\n" + self._log.read_text(errors="replace")[-2000:]


def stop(process: subprocess.Popen[bytes] | None, seconds: float = 5.0) -> None:
    """End a child process: asked first, then made to."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port(preferred: int = 0) -> int:
    """The preferred port if nobody has it, else a free one, on loopback: of those that the system
    gives to nobody by itself, or somebody may have it before our server has started."""
    first = os.getpid() % len(_PORTS)
    others = [*_PORTS[first:], *_PORTS[:first]]
    tried: list[int] = [preferred, *others] if preferred else others
    for port in tried:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no port is free on 127.0.0.1")
