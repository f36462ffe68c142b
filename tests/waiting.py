"""Waiting for something to come true, and never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(look: Callable[[], T], *, seconds: float = 120.0) -> T:
    """What `look` returns once it is true. What is waited for comes in one or two seconds; on a
    machine that others use as well it may take many times as long, and that is no failure."""
    give_up = time.monotonic() + seconds
    pause = 0.005
    while not (seen := look()):
        assert time.monotonic() < give_up, f"not within {seconds} s: {look}"
        time.sleep(pause)
        pause = min(pause * 1.5, 0.1)
    return seen
