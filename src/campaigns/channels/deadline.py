"""A total time for one call, whatever the other side does.

A socket's time-out starts again with every byte, so a peer that drips one byte a second is never
late. A deadline does not move: every wait gets what is left of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable


class Deadline:
    """A moment on the monotonic clock, `seconds` from now."""

    __slots__ = ("_at", "_monotonic")

    def __init__(self, seconds: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._at = monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; zero or less once it has passed."""
        return self._at - self._monotonic()

    def wait(self, longest: float | None = None) -> float:
        """Seconds the next wait may take, for `settimeout`. Raises TimeoutError once it passed."""
        left = self.left
        if left <= 0:
            raise TimeoutError("the deadline has passed")
        return left if longest is None else min(left, longest)

    def part(self, seconds: float) -> Deadline:
        """A deadline within this one, at most `seconds` from now."""
        return Deadline(min(seconds, self.left), self._monotonic)
