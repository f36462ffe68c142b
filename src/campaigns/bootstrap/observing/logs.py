"""Structured log lines on standard error: run, shard, batch and delivery ids.

At `info` a run, its shards, and every delivery that was not accepted; at `debug` every batch and
every delivery. Only the names below get through, so that nobody's data can come in by a slip.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any, TextIO, TypeGuard

import structlog

from campaigns.bootstrap.observing.observer import Carrier, Tell
from campaigns.bootstrap.observing.words import WORDS, code, numbers
from campaigns.domain.batch import Batch
from campaigns.domain.delivery import Accepted, Holds, NotSent, Outcome
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.watching import Step, Watch

#: The names that a line may have.
NAMES = frozenset(
    {"event", "level", "timestamp", "run", "shard", "batch", "delivery", "channel", "messages"}
    | {"seconds", "outcome", "code", "shards", "error", "unreachable", "until"}
    | {*WORDS.values()}
)
_LEVELS = {"warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}


class Logs:
    """Writes lines. Safe to share between threads; a line is written at once."""

    def __init__(self, level: str, *, as_json: bool, to: TextIO | None = None) -> None:
        self._level = _LEVELS[level]
        self._log = _logger(self._level, as_json=as_json, to=to or sys.stderr)
        self._began: dict[int, float] = {}

    @property
    def watch(self) -> Watch:
        """Batches and deliveries."""
        return self._watch

    @contextmanager
    def run(self, run_id: int, shards: int) -> Iterator[tuple[Tell, Carrier]]:
        """Begin and end of a run's sending."""
        log, began = self._log.bind(run=run_id), time.monotonic()
        log.info("sending begins", shards=shards)
        total = DispatchCounts()
        try:
            yield total.add, {}
        except BaseException as error:
            log.warning("sending stopped", error=type(error).__name__, **_ended(total, began))
            raise
        log.info("sending ends", **_ended(total, began))

    @contextmanager
    def shard(self, run_id: int, no: int, carrier: Carrier) -> Iterator[Tell]:  # noqa: ARG002
        """What a shard came to."""
        log, began = self._log.bind(run=run_id, shard=no), time.monotonic()
        log.debug("shard begins")
        total = DispatchCounts()
        try:
            yield total.add
        except BaseException as error:
            log.warning("shard stopped", error=type(error).__name__, **_ended(total, began))
            raise
        log.info("shard ends", **_ended(total, began))
        for channel in total.unreachable:
            log.warning("channel cannot be reached", channel=str(channel))

    def _watch(self, step: Step, batch: Batch, outcomes: Mapping[int, Outcome]) -> None:
        if step is Step.CLAIMED:
            self._began[batch.id] = time.monotonic()
        if step is not Step.SETTLED:
            return
        began = self._began.pop(batch.id, None)
        ids: dict[str, Any] = {"run": batch.run_id, "shard": batch.shard, "batch": batch.id}
        channel = str(batch.channel)
        if self._level <= logging.DEBUG:
            seconds = round(time.monotonic() - began, 3) if began else None
            told = {"channel": channel, "messages": len(batch.items), "seconds": seconds}
            self._log.debug("batch settled", **ids, **told, **numbers(outcomes))
        waits = {(o.code, o.retry_at) for o in outcomes.values() if _asks_to_wait(o)}
        for why_code, until in sorted(waits):
            told = {"channel": channel, "code": why_code, "until": f"{until:%Y-%m-%dT%H:%M:%SZ}"}
            self._log.warning("the provider asks to wait", **ids, **told)
        for delivery_id, outcome in outcomes.items():
            if not isinstance(outcome, Accepted):
                why = {"outcome": WORDS[type(outcome)], "code": code(outcome)}
                self._log.info("not accepted", **ids, delivery=delivery_id, channel=channel, **why)
            elif self._level <= logging.DEBUG:
                self._log.debug("accepted", **ids, delivery=delivery_id)


def _asks_to_wait(outcome: Outcome) -> TypeGuard[NotSent]:
    return isinstance(outcome, NotSent) and outcome.holds is Holds.PACE


def _ended(total: DispatchCounts, began: float) -> dict[str, Any]:
    told = {word.replace(" ", "_"): n for word, n in total.outcomes.items()}
    return {"seconds": round(time.monotonic() - began, 3), **told}


def _only_known(_log: Any, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: value for name, value in line.items() if name in NAMES}


def _logger(level: int, *, as_json: bool, to: TextIO) -> structlog.typing.FilteringBoundLogger:
    """Its own configuration: the host program's structlog is left alone."""
    shown: Any = (
        structlog.processors.JSONRenderer()
        if as_json
        else structlog.dev.ConsoleRenderer(colors=to.isatty(), pad_event_to=20)
    )
    logger: structlog.typing.FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(to),
        processors=[
            structlog.processors.add_log_level,
            _only_known,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            shown,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    return logger
