"""Worker processes: one application each, kept between the shards it is given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import cache
from multiprocessing import get_context

from campaigns.errors import RunStoppedError
from campaigns.services.dispatch import DispatchCounts
from campaigns.settings import Settings


def dispatch_in_process(settings: Mapping[str, object], run_id: int, no: int) -> DispatchCounts:
    """`App.dispatch_shard` in a worker process; `settings` is `Settings.revealed()`."""
    counts: DispatchCounts = _app(tuple(sorted(settings.items()))).dispatch_shard(run_id, no)
    return counts


@contextmanager
def workers(count: int) -> Iterator[tuple[Executor, bool]]:
    """Where shards run, and whether that is other processes: a pool of `count`, or for one a
    thread beside the caller's. Leaving early ends the processes: they must not go on sending;
    only in a run that was stopped they end by themselves."""
    if count <= 1:
        with ThreadPoolExecutor(1) as threads:
            yield threads, False
        return
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as processes:
        try:
            yield processes, True
        except RunStoppedError:
            # The run's state stops the others before their next message; ending them in the middle
            # of one would leave it in doubt.
            processes.shutdown(cancel_futures=True)
            raise
        except BaseException:
            processes.shutdown(wait=False, cancel_futures=True)
            for child in list((processes._processes or {}).values()):
                child.terminate()
            raise


@cache
def _app(settings: tuple[tuple[str, object], ...]):  # type: ignore[no-untyped-def]
    from campaigns.bootstrap.app import App

    return App(Settings.model_validate(dict(settings)))
