"""The application, sending on one channel only, so that each can be measured apart; and its worker
processes."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache, cached_property
from importlib import import_module
from multiprocessing import active_children, get_context

from campaigns.bootstrap import App
from campaigns.bootstrap.app import CLOCK
from campaigns.channels.base import Sender
from campaigns.domain.channel import Channel
from campaigns.domain.release import Release
from campaigns.services.dispatch import Clock
from campaigns.settings import Settings
from campaigns.store.outbox import SqlOutbox
from tests.bench.measuring import Stage, cpu_of, measured
from tests.bench.steps import StepTimes

#: At this hour (UTC) it is quiet nowhere that the made-up customers live, winter or summer.
_NOWHERE_QUIET = 18


class _NothingLater(SqlOutbox):
    """What is due on other channels is not waited for."""

    def next_due(self, run_id: int, shard: int) -> Mapping[Channel, datetime]:
        return {}


class OneChannelApp(App):
    """`only` None sends on all of them."""

    only: Channel | None = None

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self.database) if self.only is None else _NothingLater(self.database)

    def _prepared_senders(self, release: Release) -> Mapping[Channel, Sender]:
        senders = super()._prepared_senders(release)
        return {c: s for c, s in senders.items() if self.only in (None, c)}


def until_nowhere_quiet(now: datetime) -> timedelta:
    """How long from now. Sending runs on a clock that is so far ahead, so that quiet hours are
    heeded and the same is sent at any time of the day."""
    then = now.replace(hour=_NOWHERE_QUIET, minute=0, second=0, microsecond=0)
    return (then if then > now else then + timedelta(days=1)) - now


def ahead(by: timedelta) -> Clock:
    """A clock that is ahead of the real one."""
    return replace(CLOCK, now=lambda: datetime.now(UTC) + by)


@cache
def _worker(
    settings: tuple[tuple[str, object], ...], by: timedelta, channel: str
) -> tuple[OneChannelApp, StepTimes]:
    steps = StepTimes()
    app = OneChannelApp(Settings.model_validate(dict(settings)), ahead(by), steps)
    app.only = Channel(channel)
    return app, steps


def _dispatch(
    settings: Mapping[str, object], by: timedelta, channel: str, run: int, shard: int
) -> tuple[int, dict[str, float]]:
    """One shard on one channel, in a worker process. Returns the messages accepted, and CPU
    seconds by step."""
    app, steps = _worker(tuple(sorted(settings.items())), by, channel)
    accepted = app.dispatch_shard(run, shard).outcomes["accepted"]
    return accepted, steps.taken()


def _warm(settings: Mapping[str, object], by: timedelta, channel: str, run: int) -> None:
    """Start-up of a worker: imports, database, providers. Told apart from sending."""
    app, _ = _worker(tuple(sorted(settings.items())), by, channel)
    app._prepared_senders(app.releases.load(app.runs.get(run).release_hash))
    for sdk in ("sendgrid", "twilio.rest.api"):
        import_module(sdk)


def send(
    app: App,
    stages: list[Stage],
    run: int,
    channel: Channel,
    *,
    by: timedelta,
    sandbox: int,
    server: int,
) -> None:
    """Every shard on one channel, by the workers; one more stage."""
    shards = [shard.no for shard in app.shards(run)]
    given, count = app.settings.revealed(), app.settings.worker_count
    with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
        warmed = [pool.submit(_warm, given, by, str(channel), run) for _ in range(count)]
        for worker in warmed:
            worker.result()
        with measured(stages, f"send {channel}", sandbox, server) as stage:
            before = _cpu_of_children()
            jobs = [pool.submit(_dispatch, given, by, str(channel), run, no) for no in shards]
            for job in jobs:
                accepted, steps = job.result()
                stage.items += accepted
                for name, seconds in steps.items():
                    stage.steps[name] = stage.steps.get(name, 0.0) + seconds
            cpu = _cpu_of_children() - before
        stage.cpu += cpu


def _cpu_of_children() -> float:
    return sum(cpu_of(child.pid) for child in active_children() if child.pid)
