"""`python -m tests.bench.learning --customers 1000000 [--database URL]`: learning, measured.

Made-up customers with eight messages each, six by e-mail and two by text, sent campaign after
campaign as in life, so that one customer's rows lie far apart; every message is answered by some
(9.3 interactions a customer in all). Then everybody is counted anew, as `campaigns learn --all`
does it. Without `--database` it is a SQLite file in a folder of its own that goes afterwards; a
PostgreSQL database must be an empty one, and is left filled.

CPU is of this process and what it started, and of PostgreSQL's backends that serve it where the
server is on this machine: what other work on the machine takes shows in the clock alone.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import text

from campaigns.domain.engagement import Learning
from campaigns.services.learn import learn
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database, open_database
from campaigns.store.learning import SqlLearning
from tests.bench.measuring import cpu_of, own_cpu, peak_of
from tests.files import NOW

#: Of each message: on which channel, and one customer in so many answers it.
MESSAGES = (
    ("email", 5), ("email", 7), ("sms", 3), ("email", 9), ("email", 5), ("sms", 7), ("email", 6),
    ("email", 11),
)  # fmt: skip
#: Days between two campaigns.
APART = 45
DAY = 24 * 3600 * 1000
_SERIES = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < :count) "
    "SELECT n FROM s)",
    "postgresql": "(SELECT generate_series(1, CAST(:count AS bigint)) AS n)",
}
_CUSTOMERS = """
INSERT INTO customers (id, ref, locale, attributes, created_at, updated_at)
SELECT n, 'c-' || n, 'en_GB', '{{}}', :at, :at FROM {series} s
"""
_SENT = """
INSERT INTO interactions (customer_id, at, kind, channel, delivery_id)
SELECT n, :at + n % 1000, 'sent', :channel, :first + n FROM {series} s
"""
_ANSWERED = """
INSERT INTO interactions (customer_id, at, kind, channel, delivery_id, source_key, agent)
SELECT n, :at + 3600000 + n % 1000, 'clicked', :channel, :first + n, 'click:' || (:first + n),
       'human'
  FROM {series} s WHERE (n * 7919 + :message) % :one_in = 0
"""


def fill(database: Database, customers: int) -> int:
    """Make customers and what they got and did; how many interactions."""
    series = _SERIES[database.dialect]
    start = to_ms(NOW) - len(MESSAGES) * APART * DAY
    with database.write() as connection:
        given = {"count": customers, "at": start}
        connection.execute(text(_CUSTOMERS.format(series=series)), given)
    for message, (channel, one_in) in enumerate(MESSAGES):
        told = {
            "count": customers,
            "at": start + message * APART * DAY,
            "channel": channel,
            "first": message * customers,
        }
        with database.write() as connection:
            connection.execute(text(_SENT.format(series=series)), told)
            answered = text(_ANSWERED.format(series=series))
            connection.execute(answered, told | {"message": message, "one_in": one_in})
    with database.read() as connection:
        return int(connection.execute(text("SELECT count(*) FROM interactions")).scalar_one())


class Backends:
    """CPU of PostgreSQL's backends that serve this program, as far as they can be seen here."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen: dict[int, tuple[float, float]] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Backends:
        if self._database.dialect == "postgresql":
            self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._done.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def cpu(self) -> float:
        """Seconds since the beginning."""
        return sum(last - first for first, last in self._seen.values())

    def _watch(self) -> None:
        query = text(
            "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid()"
        )
        while not self._done.wait(0.2):
            with self._database.read() as connection:
                pids = list(connection.execute(query).scalars())
            for pid in pids:
                try:
                    cpu = cpu_of(pid)
                except OSError:  # on another machine
                    continue
                first, _ = self._seen.get(pid, (cpu, cpu))
                self._seen[pid] = (first, cpu)


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """The database, or one in a folder that goes afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(url, Path(folder))
        try:
            yield database
        finally:
            database.close()


@dataclass(frozen=True, slots=True)
class Measured:
    """What counting everybody anew took: seconds by the clock and of CPU."""

    customers: int
    interactions: int
    clock: float
    cpu: float


def measure(database: Database, customers: int) -> Measured:
    """Fill an empty database, and count everybody."""
    rows = fill(database, customers)
    if database.dialect == "postgresql":
        with database.engine.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            connection.execute(text("VACUUM ANALYZE"))
    store, before = SqlLearning(database), own_cpu()
    with Backends(database) as backends:
        began = time.perf_counter()
        learnt = learn(store, Learning(), now=NOW, everybody=True)
        took = time.perf_counter() - began
    return Measured(learnt.customers, rows, took, own_cpu() - before + backends.cpu)


def main() -> int:
    """Fill, learn, tell."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--database", default="", metavar="URL", help="an empty database")
    given = parser.parse_args()
    with opened(given.database) as database:
        found = measure(database, given.customers)
        dialect = database.dialect
    print(
        f"{dialect}: {found.customers:,} customers, {found.interactions:,} interactions: "
        f"{found.clock:.1f} s by the clock, {found.cpu:.1f} s of CPU "
        f"({found.cpu / found.customers * 1e6:.1f} µs a customer), {peak_of(os.getpid()):.0f} MiB"
    )
    return 0 if found.clock <= given.customers / 1_000_000 * 60 else 1


if __name__ == "__main__":
    sys.exit(main())
