"""Lanes: several threads of one process send one shard."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

from campaigns.services.dispatch import DispatchCounts


class Lanes:
    """Threads that send one shard together: each claims batches of its own.

    A worker waits for its provider most of the time where a message is a request (a text: a tenth
    of a second at the vendor); the other lanes go on meanwhile. Each lane may leave one batch in
    doubt if the process dies, so they are few.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="lane")

    def send(self, send: Callable[[], DispatchCounts]) -> DispatchCounts:
        """Call `send` on every lane; all of them end before what one of them raised is raised."""
        futures = [self._threads.submit(send) for _ in range(self._count)]
        wait(futures)
        total = DispatchCounts()
        for future in futures:
            total.add(future.result())
        return total

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()
