"""The whole path, stage by stage: import, compile, plan, dispatch by channel, report.

    python -m tests.bench.end_to_end --customers hillstrom
    python -m tests.bench.end_to_end --customers 10000 100000 1000000 --database sqlite postgresql
    python -m tests.bench.end_to_end … --write

Starts a sandbox of its own and ends it. The store is SQLite in a folder that is removed afterwards,
or a PostgreSQL server of its own (`postgresql`: commits wait for the disk), or an empty database by
its URL. Prints tables; --json keeps the figures, --write puts the tables into docs/benchmarks.md.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from campaigns.bootstrap.planners import Planners
from campaigns.domain.channel import Channel
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests import postgres_server
from tests.bench.customers import MIXES, which, write_customers
from tests.bench.measuring import Stage, measured, peak_of
from tests.bench.one_channel import OneChannelApp, ahead, send, until_nowhere_quiet
from tests.bench.tables import tables, write_tables

CAMPAIGN = "spring_sale"
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
_CHANNELS = (Channel.EMAIL, Channel.WHATSAPP, Channel.SMS, Channel.X_DM)


def bench(
    args: argparse.Namespace, customers: str, folder: Path, sandbox: SandboxProcess, database: str
) -> dict[str, Any]:
    """Run every stage once."""
    server = server_of(folder)
    settings = Settings(
        home=folder,
        templates=TEMPLATES,
        database_url=database,
        sandbox_url=sandbox.url,
        workers=args.workers,
        email_provider=args.email,
        smtp_url=sandbox.smtp_url.replace("//", "//sandbox:sandbox@"),  # type: ignore[arg-type]
    )
    stages: list[Stage] = []
    file, mapping = write_customers(folder, customers, mix=args.mix)
    with OneChannelApp(settings) as app:
        with measured(stages, "import", sandbox.pid, server) as stage:
            stage.items = app.import_customers(file, mapping).rows
        with measured(stages, "compile", sandbox.pid, server) as stage:
            run, _ = app.start_run(CAMPAIGN)
            stage.items = 1
        with measured(stages, "plan", sandbox.pid, server) as stage:
            shards = [shard.no for shard in app.shards(run.id)]
            with Planners(app, run.id, shards) as planners:
                plans = [planners.plan(no) for no in shards]
            stage.items = sum(plan.audience for plan in plans)
    by = until_nowhere_quiet(datetime.now(UTC))
    with OneChannelApp(settings, ahead(by)) as app:
        app.begin_sending(run.id)
        for channel in _CHANNELS:
            if sum(plan.planned[channel] for plan in plans):
                send(app, stages, run.id, channel, by=by, sandbox=sandbox.pid, server=server)
        with measured(stages, "report", sandbox.pid, server) as stage:
            report = app.finish(run.id)
            stage.items = report.audience
    logged = sum(1 for entry in sandbox.log.entries() if entry.channel != Channel.X_POST)
    sent = sum(stage.items for stage in stages if stage.name.startswith("send"))
    if not (report.adds_up and report.accepted == report.recorded == logged == sent):
        raise SystemExit(f"the numbers do not add up: {report.as_json()}, log {logged}")
    return {
        "customers": customers,
        "stages": [{**asdict(stage), "rate": stage.rate} for stage in stages],
        "sandbox_peak": peak_of(sandbox.pid),
        "report": report.as_json(),
    }


def server_of(folder: Path) -> int:
    """The process of a database server in the folder; 0 if there is none."""
    file = folder / "server/data/postmaster.pid"
    return int(file.read_text().split()[0]) if file.exists() else 0


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="campaigns-bench-") as folder:
        yield Path(folder)


@contextmanager
def _database(folder: Path, asked: str) -> Iterator[str]:
    """The URL of the store; empty is SQLite."""
    if asked != "postgresql":
        yield "" if asked == "sqlite" else asked
        return
    url = postgres_server.start(folder / "server", postgres_server.DURABLE)
    try:
        yield url
    finally:
        postgres_server.stop(folder / "server")


def run(args: argparse.Namespace, command: str) -> list[dict[str, Any]]:
    """Every database asked for, from few customers to many."""
    results = []
    for database in args.database:
        for customers in args.customers:
            keep = args.keep and args.keep / f"{database}-{customers}"
            load = os.getloadavg()[0]
            with (
                _place(keep) as folder,
                _database(folder, database) as url,
                SandboxProcess(folder / "sandbox") as sandbox,
            ):
                result = bench(args, customers, folder, sandbox, url)
            result |= {
                "database": database.partition(":")[0],
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "command": command,
                "load": (load, os.getloadavg()[0]),
                "mix": args.mix,
                "workers": args.workers,
            }
            print(tables([result]), flush=True)
            results.append(result)
    return results


def _command(args: argparse.Namespace) -> str:
    """What was measured, without where it went and without a database's address."""
    databases = [database.partition(":")[0] for database in args.database]
    words = ["--customers", *args.customers, "--mix", args.mix, "--database", *databases]
    words += ["--workers", str(args.workers), "--email", args.email]
    return f"python -m tests.bench.end_to_end {' '.join(words)}"


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", nargs="+", default=["10000"], type=which,
                        help="`hillstrom`, or how many made-up; several in turn")  # fmt: skip
    parser.add_argument("--mix", choices=MIXES, default="real")
    parser.add_argument("--database", nargs="+", default=["sqlite"],
                        help="sqlite, postgresql, or an empty database's URL")  # fmt: skip
    parser.add_argument("--email", choices=("sendgrid", "smtp"), default="sendgrid")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the results there too")
    parser.add_argument("--write", action="store_true", help="tables into docs/benchmarks.md")
    parser.add_argument("--keep", type=Path, help="a new folder to leave everything in")
    args = parser.parse_args(arguments)
    results = run(args, _command(args))
    if args.json:
        args.json.write_text(json.dumps(results, indent=1, default=str) + "\n")
    if args.write:
        write_tables(results)


if __name__ == "__main__":
    main()
