"""`python -m tests.bench.protocol`: what sending once costs.

The same dispatcher, texts, SDK and sandbox twice: over the outbox, and over one that takes the
word of whoever asks. That one reads the same profiles and writes the same result (the state, the
provider's id, the `sent` interaction), and nothing else: no claim, no lease, no intent, nothing
checked again, nothing kept of what was said, no caps, no quiet hours, no marker beside the
database. The message's hash is made in both. They take turns on the same rows, and what is told is
the median of each pair's ratio, by the clock and by this process's CPU. SQLite waits for the disk,
as it does in earnest. By default on one lane, which waits for the database again and again;
`--lanes 4` is how a worker of the product sends.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import text

from campaigns.bootstrap.app import App
from campaigns.bootstrap.lanes import Lanes
from campaigns.channels.sendgrid.channel import EmailSender
from campaigns.domain.batch import Batch, Claimed, Written
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, Outcome
from campaigns.domain.permit import UNLIMITED, Permit
from campaigns.domain.run import Run, RunState
from campaigns.domain.timing import Hours, Timing
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.dispatch import Dispatcher
from campaigns.services.watching import unwatched
from campaigns.settings import Settings
from campaigns.store import bulk
from campaigns.store.claiming import _attributes
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from campaigns.store.outbox import SqlOutbox
from tests.faults.campaign import add_customers
from tests.faults.clock import SharedClock

TEMPLATES = Path(__file__).parents[2] / "templates"
#: Batch → messages of one run; and what is asked for.
SIZES = {1000: 10_000, 100: 3_000, 25: 1_500}
AT_LEAST = 0.8
#: Until when a batch is held that nobody else may take.
_FOR_EVER = datetime.max.replace(tzinfo=UTC)

_READ = """
SELECT d.id, d.customer_id, d.skeleton_id, c.ref, a.address, c.first_name, c.last_name,
       c.attributes
  FROM deliveries d JOIN customers c ON c.id = d.customer_id
  JOIN addresses a ON a.customer_id = d.customer_id AND a.channel = d.channel
 WHERE d.run_id = :run AND d.shard = :shard AND d.state = 'pending' AND d.channel = 'email'
   AND d.id % :lanes = :lane
 ORDER BY d.run_id, d.shard, d.channel, d.skeleton_id, d.id LIMIT :most
"""
_WRITE = """
UPDATE deliveries SET state = 'accepted', settled_at = :now, provider_id = given.provider_id
  FROM {given} AS given WHERE deliveries.id = given.id
"""
_RECORD = """
INSERT INTO interactions (customer_id, at, kind, channel, delivery_id)
SELECT d.customer_id, :now, 'sent', d.channel, d.id
  FROM {given} AS given JOIN deliveries d ON d.id = given.id
"""


class Careless(SqlOutbox):
    """An outbox without the protocol: it reads, and it writes the result. Nobody claims, so each
    lane has rows of its own."""

    def __init__(self, database: Database, lane: int, lanes: int) -> None:
        super().__init__(database)
        self._lane = {"lane": lane, "lanes": lanes}
        self._plain = database
        self._given = bulk.rows_sql(database.dialect, {"id": "bigint", "provider_id": "text"})

    def claim(
        self, run_id: int, shard: int, *, limits: Mapping[Channel, int], **_rest: Any
    ) -> Batch | None:
        most = {"run": run_id, "shard": shard, "most": limits[Channel.EMAIL], **self._lane}
        with self._plain.read() as connection:
            rows = bulk.tuples(connection.execute(text(_READ), most))
        if not rows:
            return None
        items = tuple(
            Claimed(i, customer, ref, to, first, last, _attributes(attributes), None)
            for i, customer, _, ref, to, first, last, attributes in rows
        )
        return Batch(0, run_id, shard, Channel.EMAIL, rows[0][2], _FOR_EVER, items)

    def intend(self, batch: Batch, written: Sequence[Written], **_rest: Any) -> set[int]:
        return {w.delivery_id for w in written}

    def settle(
        self, batch: Batch, outcomes: Mapping[int, Outcome], *, now: datetime, **_rest: Any
    ) -> None:
        rows = [(i, o.provider_id) for i, o in outcomes.items() if isinstance(o, Accepted)]
        given = bulk.rows_parameters(self._plain.dialect, rows) | {"now": to_ms(now)}
        with self._plain.write() as connection:
            for statement in (_WRITE, _RECORD):
                connection.execute(text(statement.format(given=self._given)), given)


class AnyHour(Timing, Hours):
    """The hours of somebody who does not ask for them."""

    def at(self, *_about: Any, **_rest: Any) -> Hours:
        return self

    def permit(self, *_about: Any, **_rest: Any) -> Permit:
        return UNLIMITED


@dataclass(frozen=True)
class Cost:
    """What sending some messages took, in seconds."""

    wall: float
    cpu: float


@dataclass
class Bench:
    """One planned run, to be sent again and again."""

    app: App
    run: Run
    lanes: Lanes

    def forget(self, count: int) -> None:
        """So many are to be sent, as if nothing had been."""
        with self.app.database.write() as connection:
            for statement in (
                "DELETE FROM interactions",
                "DELETE FROM messages",
                "DELETE FROM contacts",
                "DELETE FROM batches",
                "UPDATE deliveries SET state = 'expired', batch_id = NULL, provider_id = NULL",
                f"UPDATE deliveries SET state = 'pending' WHERE customer_id <= {count}",
            ):
                connection.exec_driver_sql(statement)
        if self.app.database.dialect == "postgresql":
            with self.app.database.engine.connect() as connection:
                connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql("VACUUM")

    def cost(self, outboxes: Sequence[SqlOutbox], count: int) -> Cost:
        """What sending so many costs, on as many lanes as there are outboxes."""
        self.forget(count)
        left = list(outboxes)
        wall, cpu = time.perf_counter(), time.process_time()
        sent = self.lanes.send(
            lambda: self._dispatcher(left.pop()).dispatch_shard(self.run, 0, timedelta(0))
        )
        took = Cost(time.perf_counter() - wall, time.process_time() - cpu)
        assert sent.outcomes == {"accepted": count}, sent
        return took

    def _dispatcher(self, outbox: SqlOutbox) -> Dispatcher:
        own = self.app._dispatcher(self.run.release_hash)
        if not isinstance(outbox, Careless):
            return replace(own, outbox=outbox)
        policy = self.app.releases.load(self.run.release_hash).policy
        composer = replace(own.composer, timing=AnyHour(policy))
        return replace(own, outbox=outbox, composer=composer, watch=unwatched)


def prepared(app: App, lanes: int = 1, customers: int = max(SIZES.values())) -> Bench:
    """The shipped campaign's e-mail, to members."""
    add_customers(app.database, customers, 0)
    with app.database.write() as connection:
        connection.exec_driver_sql(
            """UPDATE customers SET attributes = '{"is_member": true, "points": 1240}'"""
        )
    release = app.catalog.compile("spring_sale")
    email = replace(release, policy=replace(release.policy, channels=(Channel.EMAIL,)))
    app.releases.save(email, app.clock.now())
    run, _ = app.runs.start(email, now=app.clock.now(), shard_size=100_000, limit=None)
    app.plan_shard(run.id, 0)
    app.runs.move(run.id, RunState.RUNNING, now=app.clock.now())
    return Bench(app, app.runs.get(run.id), Lanes(lanes))


@dataclass(frozen=True)
class Measured:
    """Medians at one size of batch; `ratio` and `cpu_ratio` of the pairs: 1 costs nothing."""

    with_: Cost
    without: Cost
    ratio: float
    cpu_ratio: float

    def line(self, size: int, count: int) -> str:
        """A row of the table."""
        each = [f"{count / side.wall:,.0f}" for side in (self.with_, self.without)]
        cpu = [f"{side.cpu / count * 1e6:.0f}" for side in (self.with_, self.without)]
        cells = [size, *each, f"{self.ratio:.2f}", *cpu, f"{self.cpu_ratio:.2f}"]
        return "| " + " | ".join(map(str, cells)) + " |"


HEAD = """\
| batch | with, per second | without | ratio | with, µs of CPU each | without | ratio |
|---:|---:|---:|---:|---:|---:|---:|"""


def measure(bench: Bench, size: int, count: int, rounds: int, lanes: int) -> Measured:
    """Alternating turns with the protocol and without."""
    EmailSender.limits = replace(EmailSender.limits, batch=size)
    database = bench.app.database
    once = [SqlOutbox(database) for _ in range(lanes)]
    careless = [Careless(database, lane, lanes) for lane in range(lanes)]
    for outboxes in (once, careless):
        bench.cost(outboxes, size)
    pairs = [(bench.cost(once, count), bench.cost(careless, count)) for _ in range(rounds)]
    with_, without = (
        Cost(median(c.wall for c in side), median(c.cpu for c in side))
        for side in zip(*pairs, strict=True)
    )
    return Measured(
        with_,
        without,
        median(b.wall / a.wall for a, b in pairs),
        median(b.cpu / a.cpu for a, b in pairs),
    )


def main() -> int:
    """Print a table; 1 when it costs more than it may."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--lanes", type=int, default=1)
    parser.add_argument("--folder", type=Path, help="where the database is to lie")
    asked = parser.parse_args()
    print(HEAD)
    with (
        tempfile.TemporaryDirectory(dir=asked.folder) as folder,
        SandboxProcess(Path(folder) / "sandbox") as sandbox,
    ):
        home = Path(folder)
        settings = Settings(
            home=home,
            templates=TEMPLATES,
            database_url=asked.database,
            sandbox_url=sandbox.url,
            link_secret="of this benchmark",
        )
        found: dict[int, Measured] = {}
        with App(settings, SharedClock(home / "clock").clock()) as app:
            bench = prepared(app, asked.lanes)
            for size, count in SIZES.items():
                found[size] = measure(bench, size, count, asked.rounds, asked.lanes)
                print(found[size].line(size, count), flush=True)
    return int(found[1000].ratio < AT_LEAST)


if __name__ == "__main__":
    sys.exit(main())
