"""OpenTelemetry spans: a run, its shards, their batches, with the figures of each.

Configured by the standard OTEL_ variables alone (docs/observing.md). Nothing personal is in them:
ids, counts, channels.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Status, StatusCode, Tracer

from campaigns.bootstrap.observing.observer import Carrier, Tell
from campaigns.bootstrap.observing.words import numbers
from campaigns.domain.batch import Batch
from campaigns.domain.delivery import Outcome
from campaigns.errors import ConfigurationError
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.watching import Step, Watch

if TYPE_CHECKING:
    from opentelemetry.sdk.trace.export import SpanExporter

NAME = "campaigns"


class Spans:
    """Makes spans. Safe to share between threads: a shard is sent by several."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._shards: dict[tuple[int, int], Context] = {}
        self._batches: dict[int, Span] = {}
        self._changing = threading.Lock()

    @property
    def watch(self) -> Watch:
        """One span per batch."""
        return self._watch

    @contextmanager
    def run(self, run_id: int, shards: int) -> Iterator[tuple[Tell, Carrier]]:
        """The run's span; the carrier lets other processes' spans belong to it."""
        attributes = {"campaigns.run": run_id, "campaigns.shards": shards}
        with self._span("run", None, attributes) as (span, tell):
            carrier: dict[str, str] = {}
            propagate.inject(carrier, trace.set_span_in_context(span))
            yield tell, carrier

    @contextmanager
    def shard(self, run_id: int, no: int, carrier: Carrier) -> Iterator[Tell]:
        """A shard's span, below the run's."""
        attributes = {"campaigns.run": run_id, "campaigns.shard": no}
        with self._span("shard", propagate.extract(carrier), attributes) as (span, tell):
            with self._changing:
                self._shards[run_id, no] = trace.set_span_in_context(span)
            try:
                yield tell
            finally:
                with self._changing:
                    del self._shards[run_id, no]

    @contextmanager
    def _span(
        self, name: str, context: Context | None, attributes: Mapping[str, int]
    ) -> Iterator[tuple[Span, Tell]]:
        """An error's class is told, its message is not: that may hold more than numbers."""
        span = self._tracer.start_span(f"{NAME}.{name}", context, attributes=attributes)
        total = DispatchCounts()
        try:
            yield span, total.add
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            told = total.outcomes.items()
            span.set_attributes({f"{NAME}.{w.replace(' ', '_')}": n for w, n in told})
            span.end()

    def _watch(self, step: Step, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        if step is Step.CLAIMED:
            ids = {"run": batch.run_id, "shard": batch.shard, "batch": batch.id}
            ids["messages"] = len(batch.items)
            context = self._shards.get((batch.run_id, batch.shard))
            attributes = {f"{NAME}.{name}": value for name, value in ids.items()}
            self._batches[batch.id] = self._tracer.start_span(
                f"{NAME}.batch", context, attributes=attributes
            )
            self._batches[batch.id].set_attribute(f"{NAME}.channel", str(batch.channel))
            return
        span = self._batches.get(batch.id)
        if span is None:
            return
        if step is Step.SETTLED:
            del self._batches[batch.id]
            span.set_attributes({f"{NAME}.{w}": n for w, n in numbers(outcomes).items()})
            span.end()
        else:
            span.add_event(str(step))


@cache
def configured_tracer() -> Tracer:
    """A tracer as the OTEL_ variables say, or the host's where it has set one up. Spans that are
    waiting are handed over when the process ends.

    Raises ConfigurationError when the exporter that they name is not installed.
    """
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = trace.get_tracer_provider()
    if isinstance(provider, trace.ProxyTracerProvider):
        own = TracerProvider()  # reads OTEL_SERVICE_NAME, OTEL_RESOURCE_ATTRIBUTES, the sampler
        for exporter in _exporters():
            own.add_span_processor(BatchSpanProcessor(exporter))
        trace.set_tracer_provider(own)
    return trace.get_tracer(NAME)


def _exporters() -> list[SpanExporter]:
    import os
    from importlib.metadata import entry_points

    made = []
    for name in os.environ["OTEL_TRACES_EXPORTER"].split(","):
        found = entry_points(group="opentelemetry_traces_exporter", name=_spelt_out(name.strip()))
        if not found:
            raise ConfigurationError(
                f"OTEL_TRACES_EXPORTER asks for `{name}`, which is not installed: "
                "`pip install opentelemetry-exporter-otlp`, or set it to `console` or `none`."
            )
        made.append(next(iter(found)).load()())
    return made


def _spelt_out(name: str) -> str:
    """`otlp` is the name in the specification; packages register one for each protocol."""
    import os

    if name != "otlp":
        return name
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc")
    return "otlp_proto_http" if protocol.startswith("http") else "otlp_proto_grpc"
