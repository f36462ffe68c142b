"""Asking the compiling process (child.py) from this one."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import pickle
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final, cast

from campaigns.content.frames import NOT_FOUND, read_frame
from campaigns.errors import CampaignsError, NotFoundError

if TYPE_CHECKING:
    from campaigns.content.compile import Compiled

_SOURCE: Final = Path(__file__).parents[2]


class Compiler:
    """Starts the compiling process when it is first needed and keeps it; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def start(self) -> None:
        """Begin starting the process, so that its imports run while this one does other things."""
        with self._lock:
            self._running()

    def compile(self, root: Path, name: str, edition: str = "") -> Compiled:
        """Compile one campaign within limits. Raises NotFoundError."""
        request = {"root": str(root), "name": name, "edition": edition, "cwd": str(Path.cwd())}
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            answer = self._ask(line) or self._ask(line)  # once more if it had been killed
        if answer is None:
            raise CampaignsError("the compiling process ended without an answer; try again.")
        kind, content = answer
        if kind == NOT_FOUND:
            raise NotFoundError(content.decode())
        return cast("Compiled", pickle.loads(content))  # noqa: S301 - our own process wrote it

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def _ask(self, line: bytes) -> tuple[bytes, bytes] | None:
        process = self._running()
        try:
            stdin, stdout = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
            stdin.write(line)
            stdin.flush()
            answer = read_frame(stdout)
        except (BrokenPipeError, ConnectionError):
            answer = None
        if answer is None:
            self._stop()
        return answer

    def _running(self) -> subprocess.Popen[bytes]:
        """The process; a new one in a fork of this process, which must not share the pipes."""
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "campaigns.content.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # No key or token of ours is in the process that runs templates.
                env={"PYTHONPATH": str(_SOURCE), "PATH": os.environ.get("PATH", "")},
            )
            self._owner = os.getpid()
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                cast("BinaryIO", stream).close()
        process.wait()


#: One per process is enough.
SHARED: Final = Compiler()
atexit.register(SHARED.close)
