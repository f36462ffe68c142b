"""`python -m tests.bench.smtp_delivery`: e-mail over SMTP, claimed to recorded, by several workers.

The shipped spring sale to made-up members, on SQLite, over pooled connections (one for each lane of
each worker) to a sink that keeps nothing. Every interaction is recorded, and what arrived is
counted at the sink. CPU of the workers and of the sink are told apart.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from campaigns.bootstrap.app import App
from campaigns.domain.channel import Channel
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.bench.channels import Cost
from tests.bench.measuring import cpu_of
from tests.bench.protocol import TEMPLATES
from tests.bench.smtp_sink import Sink
from tests.faults.campaign import add_customers
from tests.faults.clock import SharedClock

Given = Mapping[str, object]
_SHARDS = 8


@cache
def _worker(given: tuple[tuple[str, object], ...]) -> App:
    settings = Settings.model_validate(dict(given))
    return App(settings, SharedClock(settings.home / "clock").clock())


def _warm(given: Given, run: int) -> None:
    """Imports, database and connections, before the clock starts."""
    app = _worker(tuple(sorted(given.items())))
    app._prepared_senders(app.releases.load(app.runs.get(run).release_hash))
    time.sleep(0.2)  # so that every process gets one


def _dispatch(given: Given, run: int, shard: int) -> int:
    app = _worker(tuple(sorted(given.items())))
    return app.dispatch_shard(run, shard).outcomes["accepted"]


def _planned(app: App, count: int) -> int:
    """The shipped campaign's e-mail to so many members, ready to be sent; the run."""
    add_customers(app.database, count, 0)
    with app.database.write() as connection:
        connection.exec_driver_sql(
            """UPDATE customers SET attributes = '{"is_member": true, "points": 1240}'"""
        )
    release = app.catalog.compile("spring_sale")
    alone = tuple(s for s in release.skeletons if s.channel is Channel.EMAIL)
    policy = replace(release.policy, channels=(Channel.EMAIL,))
    email = replace(release, policy=policy, skeletons=alone)
    app.releases.save(email, app.clock.now())
    now, size = app.clock.now(), -(-count // _SHARDS)
    run, _ = app.runs.start(email, now=now, shard_size=size, limit=None)
    for shard in app.shards(run.id):
        app.plan_shard(run.id, shard.no)
    app.begin_sending(run.id)
    return run.id


def measure(home: Path, sandbox: SandboxProcess, count: int, workers: int) -> Cost:
    """What delivering so many costs."""
    with Sink() as sink:
        settings = Settings(
            home=home,
            templates=TEMPLATES,
            sandbox_url=sandbox.url,
            email_provider="smtp",
            smtp_url=sink.url,  # type: ignore[arg-type]
            link_secret="of this benchmark",
            workers=workers,
        )
        given = settings.revealed()
        pool = ProcessPoolExecutor(workers, mp_context=get_context("spawn"))
        with App(settings, SharedClock(home / "clock").clock()) as app, pool:
            run = _planned(app, count)
            for warmed in [pool.submit(_warm, given, run) for _ in range(workers)]:
                warmed.result()
            processes = list(pool._processes)
            before, sink_before = sum(map(cpu_of, processes)), cpu_of(sink.pid)
            began = time.perf_counter()
            jobs = [pool.submit(_dispatch, given, run, s.no) for s in app.shards(run)]
            sent = sum(job.result() for job in jobs)
            wall = time.perf_counter() - began
            cpu = sum(map(cpu_of, processes)) - before
            cost = Cost(count, wall, cpu, cpu_of(sink.pid) - sink_before)
            report = app.finish(run)
        told = sink.stop()
    found = (sent, report.accepted, report.recorded, told["mails"], told["recipients"])
    assert found == (count,) * 5, found
    return cost


def main() -> None:
    """Print a row."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    print("| | per second | product CPU µs each | sink CPU µs each |\n|---|---:|---:|---:|")
    with (
        tempfile.TemporaryDirectory() as home,
        tempfile.TemporaryDirectory() as log,
        SandboxProcess(Path(log)) as sandbox,  # asked whether it is there before anything is sent
    ):
        cost = measure(Path(home), sandbox, asked.customers, asked.workers)
        print(cost.line(f"SMTP, claim to recorded, {asked.workers} workers"))


if __name__ == "__main__":
    main()
