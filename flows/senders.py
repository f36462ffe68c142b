"""Where shards are sent: in this process, or in several beside it.

A plain pool of processes costs a fraction of what Prefect's own process, Dask or Ray task runners
do per task. Prefect cannot end processes it does not know, so this does: when the flow is
cancelled, the run is paused in the database first, which is what makes senders stop before their
next message; only who does not stop within the grace is ended, and what it had under way is then
in doubt.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Self

from campaigns.bootstrap import App, dispatch_in_process
from campaigns.domain.run import RunState
from campaigns.services.dispatch import DispatchCounts

#: Prefect kills a cancelled flow after 30 s: senders have had their last deadline by then.
GRACE = 20.0


class Senders:
    """The workers of one run; `with` makes sure that none outlives the flow."""

    def __init__(self, app: App, run_id: int, shards: int) -> None:
        self._app = app
        self._run_id = run_id
        self.count = max(1, min(app.settings.worker_count, shards))
        self._before: set[BaseProcess] = set()
        self._pool: ProcessPoolExecutor | None = None
        self._spawning = threading.Lock()

    def send(self, no: int) -> DispatchCounts:
        """Send what is due of one shard and wait for it. Called on task threads."""
        if self._pool is None:
            return self._app.dispatch_shard(self._run_id, no)
        settings = self._app.settings.revealed()
        with self._spawning, main_module_hidden():
            shard = self._pool.submit(dispatch_in_process, settings, self._run_id, no)
        return shard.result()

    def __enter__(self) -> Self:
        if self.count > 1:
            self._before = set(active_children())
            self._pool = ProcessPoolExecutor(
                self.count, mp_context=get_context("spawn"), initializer=leave_with_parent
            )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._stop(error)
        if self._pool is not None:
            self._pool.shutdown(wait=error is None)

    def _stop(self, error: BaseException) -> None:
        """Make every sender stop: by the run's state first, by force where that is not enough."""
        because = f"the flow was stopped ({type(error).__name__})"
        self._app.runs.move(
            self._run_id, RunState.PAUSED, now=self._app.clock.now(), because=because
        )
        if self._pool is None:
            return
        self._pool.shutdown(wait=False, cancel_futures=True)
        ours = set(active_children()) - self._before
        for process in ours:
            process.join(GRACE / max(1, len(ours)))
        for process in ours:
            if process.is_alive():
                process.terminate()


@contextmanager
def main_module_hidden() -> Iterator[None]:
    """A spawned process imports its parent's main module again. Ours may be Prefect's engine:
    three seconds and a hundred megabytes each that sending does not need."""
    main = sys.modules["__main__"]
    spec, file = main.__spec__, main.__dict__.pop("__file__", None)
    main.__spec__ = None
    try:
        yield
    finally:
        main.__spec__ = spec
        if file is not None:
            main.__file__ = file


def leave_with_parent() -> None:
    """In a worker: end when the flow's process is gone, even if it was killed outright."""
    parent = parent_process()
    assert parent is not None  # a pool's worker always has one

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="leave-with-parent", daemon=True).start()
