"""Where the shards of a run are planned: one after the other here, or ahead in processes beside.

Deciding is Python, and a process has one core of it. A shard's plan depends on its own customers
alone, and is written in one transaction, so which process plans it, and when, makes no difference.

The first shard is planned here, and tells how long the others will take: processes are started
where that is worth it. A campaign that runs again and finds few who are new has nothing for them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import Self

from campaigns.bootstrap.app import App
from campaigns.bootstrap.workers import app_of, begin_worker, main_module_hidden
from campaigns.domain.plan import PlanCounts

#: Seconds of planning that are left. Two processes halve it, and take a second or two to begin.
_WORTH_IT = 4.0


class Planners:
    """Plans a run's shards while `with` lasts; leaving it early plans no further one."""

    def __init__(self, app: App, run_id: int, shards: Sequence[int]) -> None:
        self._app = app
        self._run_id = run_id
        self._shards = shards
        self._ahead: dict[int, Future[PlanCounts]] = {}
        self._done: dict[int, PlanCounts] = {}
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)  # one shard at most is waited for, a second

    def plan(self, no: int) -> PlanCounts:
        """One shard, or what became of it if it was planned ahead or before. What a process left
        undone because it was ended is planned here."""
        if no not in self._done:
            first, clock = not self._done, self._app.clock
            began = clock.monotonic()
            self._done[no] = self._planned(no)
            if first:
                self._plan_ahead(clock.monotonic() - began)
        return self._done[no]

    def _planned(self, no: int) -> PlanCounts:
        ahead = self._ahead.pop(no, None)
        if ahead is not None:
            try:
                return ahead.result()
            except BrokenExecutor:
                self._ahead.clear()
        return self._app.plan_shard(self._run_id, no)

    def _plan_ahead(self, seconds: float) -> None:
        """The shards that are left, in processes, where one takes so long that it is worth it.

        A limited run is planned here: the room that is left depends on the shards before.
        """
        left = [no for no in self._shards if no not in self._done]
        if seconds * len(left) < _WORTH_IT or self._app.settings.worker_count == 1:
            return
        if self._app.runs.get(self._run_id).limit is not None:
            return
        self._pool = ProcessPoolExecutor(
            min(self._app.settings.worker_count, len(left)),
            mp_context=get_context("spawn"),
            initializer=begin_worker,
        )
        given = self._app.settings.revealed()
        with main_module_hidden():
            self._ahead = {no: self._pool.submit(_plan, given, self._run_id, no) for no in left}


def _plan(settings: Mapping[str, object], run_id: int, no: int) -> PlanCounts:
    """One shard, in a process beside."""
    return app_of(tuple(sorted(settings.items()))).plan_shard(run_id, no)
