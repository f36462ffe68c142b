"""`python -m tests.bench.steady`: what a campaign costs when little is new, and with a long past.

1. A run over everyone; then one per cent of new customers, and the same campaign again.
2. The same plan over customers with no past, and with so many interactions and contacts on record
   (written straight by SQL), most of them too old for any cap.

CPU of this process alone, SQLite, one worker, no sandbox: sending is told in end_to_end.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from campaigns.bootstrap import App, connect
from campaigns.domain.plan import PlanCounts
from campaigns.domain.run import RunState
from campaigns.settings import Settings
from campaigns.store.clock import to_ms
from tests.bench.customers import write_customers
from tests.bench.end_to_end import CAMPAIGN, TEMPLATES
from tests.bench.tables import write_between

_YEARS = 5 * 365 * 86_400_000
#: Made by the database, so many rows to a transaction, or its log would grow as large as the table.
_AT_ONCE = 500_000
#: A customer's n-th interaction lies n equal stretches back in five years.
_PAST = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :each)
INSERT INTO interactions (customer_id, at, kind, channel)
SELECT c.id, :now - (n.i + 1) * (:years / :each) - c.id % 1000, 'clicked', 'email'
  FROM customers c CROSS JOIN n WHERE c.id BETWEEN :first AND :last
"""
_CONTACTS = """
WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :each)
INSERT INTO contacts (customer_id, at, delivery_id)
SELECT c.id, :now - 8 * 86400000 - n.i * (:years / :each), c.id * :each + n.i
  FROM customers c CROSS JOIN n WHERE c.id BETWEEN :first AND :last
"""


@contextmanager
def _shop(customers: int) -> Iterator[tuple[App, Path]]:
    with tempfile.TemporaryDirectory(prefix="campaigns-bench-") as name:
        folder = Path(name)
        settings = Settings(
            home=folder,
            templates=TEMPLATES,
            sandbox_url="http://127.0.0.1:9",  # type: ignore[arg-type]  # nothing is sent
            sandbox_quiet_hours=False,
            workers=1,
        )
        with connect(settings) as app:
            yield app, folder


def plan(app: App) -> tuple[float, PlanCounts]:
    """CPU seconds of planning the campaign, and what came of it; then the run is over, all sent."""
    run, _ = app.start_run(CAMPAIGN)
    counts = PlanCounts()
    before = time.process_time()
    for shard in app.shards(run.id):
        counts.add(app.plan_shard(run.id, shard.no))
    spent = time.process_time() - before
    with app.database.write() as connection:  # as if all had left
        connection.execute(text("UPDATE deliveries SET state = 'accepted' WHERE state = 'pending'"))
    for state in (RunState.RUNNING, RunState.FINISHED):
        assert app.runs.move(run.id, state, now=app.clock.now())
    return spent, counts


def delta(customers: int) -> list[str]:
    """Lines of a table: everyone, then one per cent more."""
    with _shop(customers) as (app, folder):
        file, mapping = write_customers(folder, str(customers + customers // 100), mix="real")
        few = folder / "few.csv"
        with file.open(encoding="utf-8", newline="") as lines, few.open("w", newline="") as out:
            writer = csv.writer(out)
            writer.writerows(row for n, row in enumerate(csv.reader(lines)) if n <= customers)
        app.import_customers(few, mapping)
        all_, first = plan(app)
        app.import_customers(file, mapping)
        more, second = plan(app)
    return [
        _row(f"plan over {customers:,} customers", first, all_),
        _row("the same campaign, 1% more customers", second, more, all_),
    ]


def _row(what: str, counts: PlanCounts, seconds: float, first: float = 0.0) -> str:
    """Decided on are also those who are barred as before: by fewer rows, not by less."""
    considered = counts.planned.total() + counts.skipped.total()
    share = f"{seconds / first:.0%}" if first else ""
    return f"| {what} | {considered:,} | {counts.planned.total():,} | {seconds:.2f} | {share} |"


def long_past(customers: int, interactions: int) -> list[str]:
    """Lines of a table: without a past, and with one."""
    each = interactions // customers
    with _shop(customers) as (app, folder):
        app.import_customers(*write_customers(folder, str(customers), mix="real"))
        none, before = _planned_afresh(app)
        _make_past(app, each)
        long, counts = _planned_afresh(app)
    return [
        _row("plan, no past", before, none),
        _row(f"plan, {interactions:,} interactions, as many contacts", counts, long, none),
    ]


def _make_past(app: App, each: int) -> None:
    """So many interactions, and contacts, of every customer."""
    given = {"now": to_ms(app.clock.now()), "years": _YEARS, "each": each}
    first, last = app.planning.customer_range()
    step = max(1, _AT_ONCE // each)
    for start in range(first, last + 1, step):
        here = given | {"first": start, "last": min(last, start + step - 1)}
        with app.database.write() as connection:
            connection.execute(text(_PAST), here)
            connection.execute(text(_CONTACTS), here)


def _planned_afresh(app: App) -> tuple[float, PlanCounts]:
    result = plan(app)
    with app.database.write() as connection:
        for table in ("skips", "deliveries", "shards", "runs"):
            connection.execute(text(f"DELETE FROM {table}"))
    return result


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", type=int, default=100_000)
    parser.add_argument("--interactions", type=int, default=10_000_000)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    parts: list[Callable[[], list[str]]] = [
        lambda: delta(args.customers),
        lambda: long_past(args.customers, args.interactions),
    ]
    head = [
        "| what | decided on | planned | CPU s | of the first |",
        "|---|---:|---:|---:|---:|",
    ]
    told = "\n".join([*head, *(line for part in parts for line in part())])
    print(told)
    if args.write:
        command = (
            f"`python -m tests.bench.steady --customers {args.customers} "
            f"--interactions {args.interactions}`"
        )
        write_between("steady", f"{command}\n\n{told}")


if __name__ == "__main__":
    main()
