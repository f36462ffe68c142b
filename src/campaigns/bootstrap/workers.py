"""Where the shards of a run are sent: in this process, or in several beside it.

Commands and flows use the same pool. Who leaves it early (Ctrl-C, a cancelled flow, an error) stops
its senders in two steps: the run is paused in the database, which is what makes senders stop before
their next message; only who does not stop within the grace is ended, and what it had under way is
then in doubt. No sender outlives the process that started it.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    wait,
)
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from functools import cache
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import TYPE_CHECKING, Self

from campaigns.domain.run import RunState
from campaigns.errors import (
    CampaignsError,
    DatabaseError,
    OutageError,
    RunStoppedError,
    TerminatedError,
    WorkerLostError,
)
from campaigns.services.dispatch import PATIENT, Clock, DispatchCounts
from campaigns.services.patience import insist
from campaigns.services.rounds import Rounds
from campaigns.settings import Settings

if TYPE_CHECKING:
    from campaigns.bootstrap.app import App

#: Seconds. Prefect kills a cancelled flow after 30: senders have had their last deadline by then.
GRACE = 20.0
#: So many times in a run a process that was ended by force is made up for.
MOST_BROKEN = 3
#: How often, in seconds, whoever sends all shards sees whether one has ended or come due.
LOOK_EVERY = 0.25


class Workers:
    """The workers of one run; `with` makes sure that none goes on after it.

    `count` is how many shards are sent at a time: worker processes when more than one. They take
    about as long to begin as one process needs for half a full shard, so for less there is one.
    """

    def __init__(
        self,
        app: App,
        run_id: int,
        shards: int,
        in_ours: Callable[[BaseException], BaseException] = lambda error: error,
    ) -> None:
        """`in_ours`: makes an error of ours of one of Prefect's. After an OutageError the run is
        taken up again."""
        self._app = app
        self._run_id = run_id
        self._in_ours = in_ours
        #: How many the run is cut into, sent or not.
        self.of = len(app.shards(run_id))
        enough = app.outbox.pending(run_id, most := app.settings.shard_size // 2) >= most
        self.count = max(1, min(app.settings.worker_count, shards)) if enough else 1
        self._before: set[BaseProcess] = set()
        self._pool: Executor | None = None
        self._broken: list[Executor] = []
        self._shards = shards
        self._spawning, self._telling = threading.Lock(), threading.Lock()
        self._observed = ExitStack()
        self._tell: Callable[[DispatchCounts], None]
        self._carrier: Mapping[str, str] = {}
        self.stopped = False

    def submit(self, no: int, patience: timedelta = PATIENT) -> Future[DispatchCounts]:
        """Send what is due of one shard. Safe to call from several threads."""
        assert self._pool is not None  # only inside `with`
        if self.count == 1:
            return self._watched(
                self._pool.submit(
                    self._app.dispatch_shard, self._run_id, no, self._carrier, patience
                )
            )
        settings = self._app.settings.revealed()
        given = settings, self._run_id, no, self._carrier, patience
        with self._spawning, main_module_hidden():
            try:
                return self._watched(self._pool.submit(dispatch_in_process, *given))
            except BrokenExecutor:
                self._replace_pool()
                return self._watched(self._pool.submit(dispatch_in_process, *given))

    def _replace_pool(self) -> None:
        """A process was ended by force, which is the end of its pool. Those beside it finish what
        they have; what the dead one had is pending, or in doubt, when its lease ends."""
        if len(self._broken) == MOST_BROKEN:
            raise WorkerLostError(
                "a worker process was ended by force, again and again: killed, or the machine is "
                "out of memory (CAMPAIGNS_WORKERS=1 needs the least). Nothing is lost: what it had "
                "in its hands is pending, or in doubt, when its lease ends; start the campaign "
                "again, and it goes on from here."
            )
        assert self._pool is not None
        self._broken.append(self._pool)
        self._pool = self._processes()

    def _processes(self) -> Executor:
        return ProcessPoolExecutor(
            self.count, mp_context=get_context("spawn"), initializer=begin_worker
        )

    def outcome(self, shard: Future[DispatchCounts]) -> DispatchCounts:
        """What a shard that has ended came to. One whose process was ended by force has more to
        come, at once."""
        try:
            return shard.result()
        except BrokenExecutor:
            return DispatchCounts(again_at=self._app.clock.now())

    def _watched(self, shard: Future[DispatchCounts]) -> Future[DispatchCounts]:
        """What it comes to is told to the observer of the run."""

        def tell(ended: Future[DispatchCounts]) -> None:
            if not ended.cancelled() and ended.exception() is None:
                with self._telling:
                    self._tell(ended.result())

        shard.add_done_callback(tell)
        return shard

    def __enter__(self) -> Self:
        self._tell, self._carrier = self._observed.enter_context(
            self._app.observer.run(self._run_id, self._shards)
        )
        if self.count == 1:
            self._pool = ThreadPoolExecutor(1, thread_name_prefix="sending")
        else:
            self._before = set(active_children())
            self._pool = self._processes()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._pool is not None
        try:
            if error is None:
                for pool in [*self._broken, self._pool]:
                    pool.shutdown()
            else:
                self._stop(self._pool, error)
        finally:
            self._observed.__exit__(kind, error, trace)

    def _stop(self, pool: Executor, error: BaseException) -> None:
        """Make every sender stop: by the run's state first, by force where that is not enough."""
        self.stopped = True
        try:
            self._pause(error)
        finally:
            self._end_all(pool, error)
        with suppress(DatabaseError):  # what they gave back to a run that has ended
            self._app.sweep()

    def _pause(self, error: BaseException) -> None:
        from campaigns.bootstrap.outages import pause_for_outage

        error = self._in_ours(error)
        because = f"the sending process was stopped ({_in_words(error)})"

        def pause() -> bool:
            if self._app.runs.get(self._run_id).state is not RunState.RUNNING:
                return False  # others have stopped it, and said why
            if isinstance(error, (OutageError, TerminatedError)):
                return pause_for_outage(self._app, self._run_id, because)
            now = self._app.clock.now()
            return self._app.runs.move(self._run_id, RunState.PAUSED, now=now, because=because)

        if isinstance(error, DatabaseError):  # it has been waited for
            with suppress(DatabaseError):
                pause()
        else:
            insist(self._app.clock, self._app.tell_outage, pause)

    def _end_all(self, pool: Executor, error: BaseException) -> None:
        # In a run that was stopped they end by themselves: nobody waits for us to be quick.
        patient = self.count == 1 or isinstance(error, RunStoppedError)
        pool.shutdown(wait=patient, cancel_futures=True)
        if not patient:
            _end(set(active_children()) - self._before)


def _in_words(error: BaseException) -> str:
    """Nothing of a foreign error but its name: its words may quote an address."""
    if isinstance(error, KeyboardInterrupt):
        return "SIGTERM" if isinstance(error, TerminatedError) else "Ctrl-C"
    if isinstance(error, OutageError):
        return error.because
    return str(error) if isinstance(error, CampaignsError) else type(error).__name__


def send_all(
    workers: Workers, rounds: Rounds, clock: Clock, looking: Callable[[], None] = lambda: None
) -> None:
    """Send shards as their turns come, until nothing is left to wait for; `looking` is called
    every now and then. Raises what one of them raised."""
    under_way: dict[Future[DispatchCounts], int] = {}
    while not (rounds.over or workers.stopped):
        while len(under_way) < workers.count and (turn := rounds.take(clock.now())):
            under_way[workers.submit(*turn)] = turn[0]
        if not under_way:
            clock.sleep(LOOK_EVERY)
        done, _ = wait(under_way, timeout=LOOK_EVERY, return_when="FIRST_COMPLETED")
        for future in done:
            rounds.ended(under_way.pop(future), workers.outcome(future))
        looking()


def dispatch_in_process(
    settings: Mapping[str, object],
    run_id: int,
    no: int,
    carrier: Mapping[str, str],
    patience: timedelta,
) -> DispatchCounts:
    """`App.dispatch_shard` in a worker process; `settings` is `Settings.revealed()`."""
    app = app_of(tuple(sorted(settings.items())))
    counts: DispatchCounts = app.dispatch_shard(run_id, no, carrier, patience)
    return counts


def _end(processes: set[BaseProcess]) -> None:
    """Wait for them to end by themselves; whoever has not by the end of the grace is ended."""
    give_up = time.monotonic() + GRACE
    for process in processes:
        process.join(max(0.0, give_up - time.monotonic()))
    for process in processes:
        if process.is_alive():
            process.kill()


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


def begin_worker() -> None:
    """In a worker: Ctrl-C, which a terminal gives to all, and SIGTERM, which Prefect gives to all,
    are the parent's to act on: what is on its way is finished. And end when the parent is gone,
    even if it was killed outright."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    parent = parent_process()
    assert parent is not None  # a pool's worker always has one

    def watch() -> None:
        parent.join()
        os._exit(1)

    threading.Thread(target=watch, name="leave-with-parent", daemon=True).start()


@cache
def app_of(settings: tuple[tuple[str, object], ...]) -> App:
    from campaigns.bootstrap.app import App

    return App(Settings.model_validate(dict(settings)))
