"""`python -m tests.bench.again`: what a campaign costs when it runs again and few are new.

`campaigns run` as a user gives it, start-up and compiling included, three times on one database:
over everyone, over one per cent more, and with nobody new. Seconds by the clock and of CPU, of the
command and of its processes; the sandbox's own are not counted.
"""

from __future__ import annotations

import argparse
import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from campaigns.bootstrap import connect
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests import postgres_server
from tests.bench.customers import write_customers
from tests.bench.end_to_end import CAMPAIGN, TEMPLATES
from tests.bench.tables import write_between


class Cost(NamedTuple):
    """Of one run: messages, seconds, CPU seconds."""

    accepted: int
    wall: float
    cpu: float


def again(folder: Path, customers: int, database: str) -> list[tuple[str, Cost]]:
    """Everyone, then one per cent more, then nobody new."""
    file, mapping = write_customers(folder, str(customers + customers // 100), mix="real")
    few = _first_of(file, customers)
    with SandboxProcess(folder / "sandbox") as sandbox:
        env = os.environ | {
            "CAMPAIGNS_HOME": str(folder),
            "CAMPAIGNS_TEMPLATES": str(TEMPLATES),
            "CAMPAIGNS_DATABASE_URL": database,
            "CAMPAIGNS_SANDBOX_URL": sandbox.url,
            "CAMPAIGNS_SANDBOX_QUIET_HOURS": "false",
            "CAMPAIGNS_WORKERS": "2",
        }
        steps: tuple[tuple[str, Callable[[], None]], ...] = (
            (f"{customers:,} customers", lambda: _import(few, mapping, env)),
            ("1% more", lambda: _import(file, mapping, env)),
            ("nobody new", lambda: None),
        )
        found = []
        for what, prepare in steps:
            prepare()
            found.append((what, _run(env)))
    return found


def _first_of(file: Path, customers: int) -> Path:
    """A file of the first so many rows."""
    few = file.with_name("few.csv")
    with file.open(encoding="utf-8", newline="") as lines, few.open("w", newline="") as out:
        rows = csv.reader(lines)
        csv.writer(out).writerows(row for n, row in enumerate(rows) if n <= customers)
    return few


def _import(file: Path, mapping: Path, env: Mapping[str, str]) -> None:
    _campaigns(env, "import", str(file), "--mapping", str(mapping))


def _run(env: Mapping[str, str]) -> Cost:
    began = time.monotonic()
    cpu = _campaigns(env, "run", CAMPAIGN)
    wall = time.monotonic() - began
    settings = Settings.model_validate(
        {"home": env["CAMPAIGNS_HOME"], "database_url": env["CAMPAIGNS_DATABASE_URL"]}
    )
    with connect(settings) as app:
        report = app.report(app.latest_run().id)
    if not report.adds_up:
        raise SystemExit(f"the numbers do not add up: {report.as_json()}")
    return Cost(report.accepted, wall, cpu)


def _campaigns(env: Mapping[str, str], *words: str) -> float:
    """CPU seconds of the command and of the processes it started."""
    log = Path(env["CAMPAIGNS_HOME"]) / "command.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "campaigns", *words], env=env, stdout=out, stderr=out
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"campaigns {words[0]} failed:\n{log.read_text()}")
    return used.ru_utime + used.ru_stime


def _table(found: list[tuple[str, Cost]]) -> list[str]:
    _, first = found[0]
    return [
        f"| {what} | {cost.accepted:,} | {cost.wall:.1f} | {cost.cpu:.1f} "
        f"| {cost.wall / first.wall:.1%} |"
        for what, cost in found
    ]


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    args = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="campaigns-bench-")))
        url = ""
        if args.database == "postgresql":
            url = postgres_server.start(folder / "server", postgres_server.DURABLE)
            stack.callback(postgres_server.stop, folder / "server")
        found = again(folder, args.customers, url)
    head = ["| run | messages | seconds | CPU s | of the first |", "|---|---:|---:|---:|---:|"]
    told = "\n".join([*head, *_table(found)])
    print(told)
    if args.write:
        command = f"--customers {args.customers} --database {args.database}"
        write_between(
            f"again {args.database}", f"`python -m tests.bench.again {command}`\n\n{told}"
        )


if __name__ == "__main__":
    main()
