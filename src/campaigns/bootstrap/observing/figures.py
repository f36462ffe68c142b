"""Figures for Prometheus, read from the database when it asks: however many workers there are,
they add up, and what a worker that died has done is in them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import timedelta

from prometheus_client import (
    CollectorRegistry,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
    start_http_server,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from campaigns.bootstrap.app import App
from campaigns.domain.channel import Channel
from campaigns.domain.progress import Progress
from campaigns.errors import ConfigurationError

#: A run's figures are told until a day after its end, so that its last ones are not missed.
AFTER = timedelta(days=1)
_RUN = ["run", "campaign"]


class Figures(Collector):
    """The product's own figures. A look that took long is not repeated at once: at most a tenth
    of the time is spent looking, whoever asks and however often."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._seen: list[Metric] = []
        self._next_look = 0.0
        self._looking = threading.Lock()

    def describe(self) -> list[Metric]:
        """Nothing beforehand: registering must not look into the database."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Called by Prometheus' library for each request."""
        with self._looking:
            began = time.monotonic()
            if began >= self._next_look:
                self._seen = _families(self._app)
                ended = time.monotonic()
                self._next_look = ended + 9 * (ended - began)
            yield from self._seen


def registry(app: App) -> CollectorRegistry:
    """Our figures, and this process's own."""
    made = CollectorRegistry()
    made.register(Figures(app))
    ProcessCollector(registry=made)
    PlatformCollector(registry=made)
    return made


def text(app: App) -> str:
    """The figures once, in Prometheus' text format."""
    return generate_latest(registry(app)).decode()


def serve(app: App, *, host: str, port: int) -> int:
    """Answer at /metrics until the process ends; the port, for 0 takes a free one.

    Raises ConfigurationError when the port is taken.
    """
    try:
        server, _thread = start_http_server(port, addr=host, registry=registry(app))
    except OSError as error:
        raise ConfigurationError(
            f"port {port} on {host} cannot be used ({error.strerror}). Choose another with --port."
        ) from error
    return int(server.server_port)


def _families(app: App) -> list[Metric]:
    now = app.clock.now()
    unarmed = app.arming.bearings().because
    armed = GaugeMetricFamily("campaigns_armed", "1 when the database may send, else 0.")
    armed.add_metric([], 0 if unarmed else 1)
    closed = GaugeMetricFamily(
        "campaigns_closed_seconds", "How long a channel is left alone yet.", labels=["channel"]
    )
    for pace in app.figures.closed(now=now):
        closed.add_metric([_channel_of(pace.key)], (pace.until - now).total_seconds())
    shown = [app.progress(r.id) for r in app.runs.active(or_ended_since=now - AFTER)]
    return [armed, closed, _deliveries(shown), _held(shown), _workers(shown), *_of_runs(shown)]


def _channel_of(key: str) -> str:
    """A pace's key begins with its channel; the sender after it is nobody's business here."""
    return next((str(c) for c in Channel if key.startswith(c)), "other")


def _deliveries(shown: list[Progress]) -> Metric:
    family = GaugeMetricFamily(
        "campaigns_deliveries", "Deliveries by state.", labels=[*_RUN, "channel", "state"]
    )
    for p in shown:
        for (channel, state), number in p.states.items():
            family.add_metric([*_names(p), channel, state], number)
    return family


def _held(shown: list[Progress]) -> Metric:
    family = GaugeMetricFamily(
        "campaigns_held", "Pending deliveries that are not due yet.", labels=[*_RUN, "channel"]
    )
    for p in shown:
        for channel in {h.channel for h in p.held}:
            held = sum(h.messages for h in p.held if h.channel is channel)
            family.add_metric([*_names(p), channel], held)
    return family


def _workers(shown: list[Progress]) -> Metric:
    family = GaugeMetricFamily(
        "campaigns_workers", "Workers with a batch in hand and a lease that runs.", labels=_RUN
    )
    for p in shown:
        family.add_metric(_names(p), len({w.owner for w in p.alive}))
    return family


def _of_runs(shown: list[Progress]) -> list[Metric]:
    state = GaugeMetricFamily("campaigns_run", "1 for the run's state.", labels=[*_RUN, "state"])
    rate = GaugeMetricFamily("campaigns_rate", "Messages settled per second, now.", labels=_RUN)
    doubt = GaugeMetricFamily(
        "campaigns_oldest_in_doubt_seconds", "Age of the oldest in doubt.", labels=_RUN
    )
    stuck = GaugeMetricFamily(
        "campaigns_stuck", "1 when the run does not go on by itself.", labels=_RUN
    )
    left = GaugeMetricFamily("campaigns_left_seconds", "Time left at this rate.", labels=_RUN)
    for p in shown:
        state.add_metric([*_names(p), p.run.state], 1)
        rate.add_metric(_names(p), p.rate)
        doubt.add_metric(_names(p), p.in_doubt_for.total_seconds() if p.in_doubt_for else 0)
        stuck.add_metric(_names(p), 1 if p.stuck else 0)
        if p.left is not None:
            left.add_metric(_names(p), p.left.total_seconds())
    return [state, rate, doubt, stuck, left]


def _names(p: Progress) -> list[str]:
    return [str(p.run.id), p.run.campaign]
