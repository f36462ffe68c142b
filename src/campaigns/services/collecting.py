"""The garbage collector, while many records pass through.

They hold no reference cycles, and it walks all of them again and again looking for some: a third of
an import's time, and a fifth of sending's (measured in November 2026, Python 3.11).
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

#: How many more objects than freed ones start a collection meanwhile; 700 by default.
_ALLOCATIONS = 100_000

_lock = threading.Lock()
_inside = 0
_before: tuple[int, int, int] = gc.get_threshold()


@contextmanager
def seldom_collecting() -> Iterator[None]:
    """Collect seldom, until the last of all threads that are in here has left."""
    global _inside, _before  # noqa: PLW0603  the collector is one for the whole process
    with _lock:
        _inside += 1
        if _inside == 1:
            _before = gc.get_threshold()
            gc.set_threshold(_ALLOCATIONS, *_before[1:])
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                gc.set_threshold(*_before)
