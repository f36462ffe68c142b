"""`python -m tests.bench.reimport`: what an import of customers who are known costs.

Four imports into one database: a file for the first time; the same file again; a night's export, in
which one row of 200 has changed, one of 200 is new and one of 200 is gone; and that one again.
CPU of the process and of what it starts; a PostgreSQL server of its own is told apart.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from campaigns.bootstrap import App, connect
from campaigns.sample import COLUMNS
from campaigns.settings import Settings
from tests import postgres_server
from tests.bench.customers import MIXES, how_many, write_customers
from tests.bench.end_to_end import TEMPLATES, server_of
from tests.bench.measuring import Stage, measured
from tests.bench.tables import write_between

#: Of a night's export one row in so many has changed, as many are new, and as many are gone.
_ONE_IN = 200
_POINTS = COLUMNS.index("points")


def _split(file: Path, customers: int) -> tuple[Path, Path]:
    """The first so many rows; and the next day's export, with all of them but those that are gone,
    some of them changed, and the rows beyond."""
    first, night = file.with_name("first.csv"), file.with_name("night.csv")
    with ExitStack() as files:
        rows = csv.reader(files.enter_context(file.open(encoding="utf-8", newline="")))
        one, two = (
            csv.writer(files.enter_context(f.open("w", newline=""))) for f in (first, night)
        )
        for number, row in enumerate(rows):
            if number <= customers:
                one.writerow(row)
                if number and number % _ONE_IN == 0:
                    continue
                if number % _ONE_IN == 1 and number > 1:
                    row[_POINTS] = str(int(row[_POINTS] or 0) + 7)
            two.writerow(row)
    return first, night


def _steps(app: App, first: Path, night: Path, mapping: Path, server: int) -> Iterator[Stage]:
    for name, file in (
        ("for the first time", first),
        ("the same file again", first),
        ("a night's export", night),
        ("that one again", night),
    ):
        stages: list[Stage] = []
        with measured(stages, name, 0, server) as stage:
            report = app.import_customers(file, mapping)
            stage.items = report.rows
        stage.steps = {"created": report.created, "updated": report.updated,
                       "unchanged": report.unchanged}  # fmt: skip
        yield stage


def measure(customers: int, database: str, mix: str) -> list[Stage]:
    """The four imports, in a database of their own."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaigns-bench-")))
        url = ""
        if database == "postgresql":
            url = postgres_server.start(folder / "server", postgres_server.DURABLE)
            stack.callback(postgres_server.stop, folder / "server")
        file, mapping = write_customers(folder, str(customers + customers // _ONE_IN), mix=mix)
        settings = Settings(home=folder, templates=TEMPLATES, database_url=url, workers=2)
        with connect(settings) as app:
            return list(_steps(app, *_split(file, customers), mapping, server_of(folder)))


def table(stages: list[Stage]) -> str:
    """As Markdown; shares are of the first import."""
    first = stages[0]
    head = (
        "| import | rows | created | updated | unchanged | wall s | of the first | CPU µs a row "
        "| database's | peak MiB |"
    )
    lines = [head, "|---|" + "---:|" * 9]
    for stage in stages:
        counts = " | ".join(f"{int(number):,}" for number in stage.steps.values())
        each = 1e6 / stage.items
        lines.append(
            f"| {stage.name} | {stage.items:,} | {counts} | {stage.wall:.2f} "
            f"| {stage.wall / first.wall:.0%} | {stage.cpu * each:.0f} "
            f"| {stage.server_cpu * each:.0f} | {stage.peak:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", type=how_many, nargs="+", default=[100_000])
    parser.add_argument("--database", nargs="+", choices=("sqlite", "postgresql"),
                        default=["sqlite"])  # fmt: skip
    parser.add_argument("--mix", choices=MIXES, default="real")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    for database in args.database:
        for customers in args.customers:
            command = f"--customers {customers} --database {database} --mix {args.mix}"
            what = f"`python -m tests.bench.reimport {command}`, {datetime.now(UTC).date()}"
            told = f"{what}\n\n{table(measure(customers, database, args.mix))}"
            print(told, flush=True)
            if args.write:
                write_between(f"reimport {database} {customers}", told)


if __name__ == "__main__":
    main()
