"""`python -m tests.faults [--seed N] [--blocks N] [--write]`: the long form, `make faults`.

Blocks of 1,000 messages, by turns on SQLite and on PostgreSQL, each with 50 kills over all
failpoints and 10 stops beyond the lease, with providers that misbehave. Every invariant is looked
at after every round; the first that does not hold ends it. --write puts the table into
docs/reliability.md. PostgreSQL is CAMPAIGNS_TEST_POSTGRES_URL's, or a server of its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path

from sqlalchemy import make_url

from tests import postgres_server
from tests.databases import PostgresDatabases, SqliteFiles
from tests.faults.nursery import Nursery
from tests.faults.points import FAILPOINTS
from tests.faults.trial import Tally, stop_spots, trial

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"
_BEGIN, _END = "<!-- table: python -m tests.faults -->\n", "<!-- end -->"
SENDS, KILLS, STOPS, BATCH = 1000, 50, 10, 4


def block(nursery: Nursery, home: Path, database_url: str, seed: int) -> Tally:
    """One block: a kill at each failpoint in turn, and a stop after every fifth."""
    failpoints, spots = cycle(FAILPOINTS), stop_spots(seed)
    home.mkdir()
    with trial(nursery, home, database_url, seed=seed, sends=SENDS, batch=BATCH) as under_fire:
        for number in range(KILLS):
            under_fire.kill(next(failpoints))
            if number % (KILLS // STOPS) == 2:
                under_fire.stop(next(spots))
            if number % 20 == 10:
                under_fire.opt_out(5)
        return under_fire.finish()


@contextmanager
def _postgres(folder: Path) -> Iterator[PostgresDatabases]:
    given = os.environ.get("CAMPAIGNS_TEST_POSTGRES_URL")
    url = given or postgres_server.start(folder / "postgres")
    databases = PostgresDatabases(make_url(url).set(drivername="postgresql+psycopg"))
    try:
        yield databases
    finally:
        databases.close()
        if not given:
            postgres_server.stop(folder / "postgres")


def run(seed: int, blocks: int) -> dict[str, Tally]:
    """Every block. Raises AssertionError naming the seed and the round where something broke."""
    tallies = {"SQLite": Tally(), "PostgreSQL": Tally()}
    sqlite = SqliteFiles()
    with (
        tempfile.TemporaryDirectory(prefix="campaigns-faults-") as name,
        Nursery() as nursery,
        _postgres(Path(name)) as postgres,
    ):
        for number, kind in enumerate(islice(cycle(tallies), blocks)):
            taken = postgres.take() if kind == "PostgreSQL" else ""
            url = postgres.url(taken) if taken else f"sqlite:///{sqlite.copy()}"
            tally = block(nursery, Path(name) / str(number), url, seed + number)
            if taken:
                postgres.give_back(taken)
            tallies[kind].add(tally)
            print(f"block {number + 1} of {blocks}, {kind}: {tally}", flush=True)
    sqlite.close()
    return tallies


def table(tallies: dict[str, Tally], command: str, took: float) -> str:
    """What the page shows."""
    total = Tally()
    for tally in tallies.values():
        total.add(tally)
    lines = [
        "| database | sends | kills | stops | rounds checked | accepted | duplicates | lost "
        "| in doubt | resolved |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, t in [*tallies.items(), ("both", total)]:
        figures = (t.sends, t.kills, t.stops, t.rounds, t.accepted)
        figures += (t.duplicates, t.lost, t.in_doubt, t.resolved)
        lines.append(f"| {name} | " + " | ".join(f"{figure:,}" for figure in figures) + " |")
    where = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    lines.append(
        f"\n`{command}`, {datetime.now(UTC):%Y-%m-%d}, {where}, {took / 60:.0f} minutes, "
        f"load average {os.getloadavg()[2]:.0f}."
    )
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run, print, and write the page's table where asked to."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seed", type=int, default=2027)
    parser.add_argument("--blocks", type=int, default=20)
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    began = time.monotonic()
    tallies = run(asked.seed, asked.blocks)
    command = f"python -m tests.faults --seed {asked.seed} --blocks {asked.blocks}"
    told = table(tallies, command, time.monotonic() - began)
    print(told)
    if asked.write:
        page = PAGE.read_text(encoding="utf-8")
        between = re.compile(f"(?<={re.escape(_BEGIN)}).*?(?={re.escape(_END)})", re.DOTALL)
        PAGE.write_text(between.sub(told.replace("\\", r"\\"), page), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
