"""One observer per process: what it is told of runs, shards and batches goes to logs and spans."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Protocol, TypeAlias

from campaigns.domain.batch import Batch
from campaigns.domain.delivery import Outcome
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.watching import Step, Watch
from campaigns.settings import Settings

#: What a worker process is given so that its spans belong to the run's.
Carrier: TypeAlias = Mapping[str, str]
#: To be called with what a shard, or a run, came to.
Tell: TypeAlias = Callable[[DispatchCounts], None]


class Observing(Protocol):
    """What logs and spans have in common."""

    @property
    def watch(self) -> Watch: ...

    def run(self, run_id: int, shards: int) -> AbstractContextManager[tuple[Tell, Carrier]]:
        """Around a run's sending in the process that leads it."""

    def shard(self, run_id: int, no: int, carrier: Carrier) -> AbstractContextManager[Tell]:
        """Around one shard, in the process that sends it."""


class Observer:
    """All that is configured, as one; with nothing, nothing happens."""

    def __init__(self, parts: list[Observing]) -> None:
        self._parts = parts

    @contextmanager
    def run(self, run_id: int, shards: int) -> Iterator[tuple[Tell, Carrier]]:
        """Around a run's sending in the process that leads it."""
        with ExitStack() as stack:
            entered = [stack.enter_context(p.run(run_id, shards)) for p in self._parts]
            carrier = {name: value for _, part in entered for name, value in part.items()}
            yield _all([tell for tell, _ in entered]), carrier

    @contextmanager
    def shard(self, run_id: int, no: int, carrier: Carrier) -> Iterator[Tell]:
        """Around one shard, in the process that sends it."""
        with ExitStack() as stack:
            yield _all([stack.enter_context(p.shard(run_id, no, carrier)) for p in self._parts])

    def with_others(self, others: list[Watch]) -> Watch:
        """These and ours as one watch."""
        watches = [*others, *(p.watch for p in self._parts)]
        if len(watches) == 1:
            return watches[0]

        def watch(step: Step, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
            for each in watches:
                each(step, batch, outcomes)

        return watch


def observer(settings: Settings) -> Observer:
    """As the settings and the OTEL_ variables say."""
    parts: list[Observing] = []
    if settings.log != "off":
        from campaigns.bootstrap.observing.logs import Logs

        parts.append(Logs(settings.log, as_json=settings.log_format == "json"))
    if traces_are_configured(os.environ):
        from campaigns.bootstrap.observing.spans import Spans, configured_tracer

        parts.append(Spans(configured_tracer()))
    return Observer(parts)


def traces_are_configured(environ: Mapping[str, str]) -> bool:
    """Whether the standard variables ask for spans; that costs no import."""
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not disabled and environ.get("OTEL_TRACES_EXPORTER", "none") not in {"", "none"}


def _all(tells: list[Tell]) -> Tell:
    def tell(counts: DispatchCounts) -> None:
        for each in tells:
            each(counts)

    return tell
