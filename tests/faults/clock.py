"""One clock for all workers of a trial, which the trial can put forward: leases of a minute run out
at once, and the rules about margins and deadlines stay what they are."""

from __future__ import annotations

import mmap
import struct
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaigns.services.dispatch import Clock

#: A Monday morning, when everybody may be written to.
START = datetime(2027, 3, 1, 10, 0, tzinfo=UTC)
_FORMAT = "dd"  # the monotonic clock at the start, and the seconds it was put forward since


class NothingDueError(Exception):
    """A worker would wait for a retry: the trial puts the clock forward instead."""


class SharedClock:
    """Seconds since the start of a trial, in a file that its processes share."""

    def __init__(self, path: Path) -> None:
        if not path.exists():
            path.write_bytes(struct.pack(_FORMAT, time.monotonic(), 0.0))
        with path.open("r+b") as file:
            self._shared = mmap.mmap(file.fileno(), struct.calcsize(_FORMAT))

    @property
    def seconds(self) -> float:
        """Since the start."""
        began, forward = struct.unpack(_FORMAT, self._shared[:])
        return time.monotonic() - began + forward

    def now(self) -> datetime:
        """The wall's time in the trial."""
        return START + timedelta(seconds=self.seconds)

    def forward(self, seconds: float) -> None:
        """Let time pass. By the trial only, so that nobody's addition is lost."""
        began, before = struct.unpack(_FORMAT, self._shared[:])
        self._shared[:] = struct.pack(_FORMAT, began, before + seconds)

    def clock(self) -> Clock:
        """As a worker takes it."""

        def sleep(_seconds: float) -> None:
            raise NothingDueError

        return Clock(now=self.now, monotonic=lambda: self.seconds, sleep=sleep)
