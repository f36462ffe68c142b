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
    from collections.abc import Sequence

    from campaigns.content.compiled import Compiled

_SOURCE: Final = Path(__file__).parents[2]


class Compiler:
    """Starts the compiling process when it is first needed and keeps it; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._asked = False

    def start(self) -> None:
        """Begin starting the process, so that its imports run while this one does other things."""
        with self._lock:
            self._running()

    def compile(self, root: Path, name: str, edition: str = "") -> Compiled:
        """Compile one campaign within limits. Raises NotFoundError."""
        return self.compile_all(root, [name], edition)[0]

    def compile_all(self, root: Path, names: Sequence[str], edition: str = "") -> list[Compiled]:
        """Compile several, each within limits and some at once. Raises NotFoundError."""
        if not names:
            return []
        request = {
            "root": str(root),
            "names": list(names),
            "edition": edition,
            "cwd": str(Path.cwd()),
        }
        line = json.dumps(request).encode() + b"\n"
        with self._lock:
            # Once more if it had been killed.
            answers = self._ask(line, len(names)) or self._ask(line, len(names))
        if answers is None:
            raise CampaignsError("the compiling process ended without an answer; try again.")
        return [_compiled(kind, content) for kind, content in answers]

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def _ask(self, line: bytes, times: int) -> list[tuple[bytes, bytes]] | None:
        process = self._running()
        try:
            stdin, stdout = cast("BinaryIO", process.stdin), cast("BinaryIO", process.stdout)
            stdin.write(line)
            stdin.flush()
            self._asked = True
            answers = [answer for _ in range(times) if (answer := read_frame(stdout))]
        except (BrokenPipeError, ConnectionError):
            answers = []
        if len(answers) < times:
            self._stop()
            return None
        return answers

    def _running(self) -> subprocess.Popen[bytes]:
        """The process; a new one in a fork of this process, which must not share the pipes."""
        if self._process is None or self._owner != os.getpid() or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "campaigns.content.waiting"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # No key or token of ours is in the process that runs templates.
                env={"PYTHONPATH": str(_SOURCE), "PATH": os.environ.get("PATH", "")},
            )
            self._owner, self._asked = os.getpid(), False
        return self._process

    def _stop(self) -> None:
        process, self._process = self._process, None
        if process is None or self._owner != os.getpid():
            return
        for stream in (process.stdin, process.stdout):
            with contextlib.suppress(BrokenPipeError):
                cast("BinaryIO", stream).close()
        if not self._asked:
            process.kill()  # who ended before it asked does not wait for what is being imported
        process.wait()


def _compiled(kind: bytes, content: bytes) -> Compiled:
    if kind == NOT_FOUND:
        raise NotFoundError(content.decode())
    return cast("Compiled", pickle.loads(content))  # noqa: S301 - our own process wrote it


#: One per process is enough.
SHARED: Final = Compiler()
atexit.register(SHARED.close)
