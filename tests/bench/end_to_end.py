"""The whole path, stage by stage: import, compile, plan, dispatch by channel, report.

    python -m tests.bench.end_to_end --customers hillstrom
    python -m tests.bench.end_to_end --customers 100000 --mix email --workers 2

Starts a sandbox of its own and ends it. Prints a table, and JSON with --json. The store is SQLite
in a folder that is removed afterwards, or an empty PostgreSQL database by --database.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from functools import cache, cached_property
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from campaigns.bootstrap import App
from campaigns.channels.base import Sender
from campaigns.domain.channel import Channel
from campaigns.domain.release import Release
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from campaigns.store.outbox import SqlOutbox
from tests.bench.customers import write_customers
from tests.bench.measuring import Stage, measured, peak_of

CAMPAIGN = "spring_sale"
TEMPLATES = Path(__file__).resolve().parents[2] / "templates"
_CHANNELS = (Channel.EMAIL, Channel.WHATSAPP, Channel.SMS, Channel.X_DM)


class _NothingLater(SqlOutbox):
    """What is due on other channels is not waited for."""

    def next_due(self, run_id: int, shard: int) -> Mapping[Channel, datetime]:
        return {}


class OneChannelApp(App):
    """The application, sending on one channel only, so that each can be measured apart."""

    only: Channel | None = None

    @cached_property
    def outbox(self) -> SqlOutbox:
        return SqlOutbox(self.database) if self.only is None else _NothingLater(self.database)

    def _prepared_senders(self, release: Release) -> Mapping[Channel, Sender]:
        senders = super()._prepared_senders(release)
        return {c: s for c, s in senders.items() if self.only in (None, c)}


@cache
def _worker(settings: tuple[tuple[str, object], ...], channel: str) -> OneChannelApp:
    app = OneChannelApp(Settings.model_validate(dict(settings)))
    app.only = Channel(channel)
    return app


def _dispatch(settings: Mapping[str, object], run: int, shard: int, channel: str) -> int:
    """One shard on one channel, in a worker process. Returns the messages accepted."""
    app = _worker(tuple(sorted(settings.items())), channel)
    return app.dispatch_shard(run, shard).outcomes["accepted"]


def _warm(settings: Mapping[str, object], run: int, channel: str) -> None:
    """Start-up of a worker: imports, database, providers. Told apart from sending."""
    app = _worker(tuple(sorted(settings.items())), channel)
    app._prepared_senders(app.releases.load(app.runs.get(run).release_hash))
    for sdk in ("sendgrid", "twilio.rest.api"):
        import_module(sdk)


def bench(args: argparse.Namespace, folder: Path, sandbox: SandboxProcess) -> dict[str, Any]:
    """Run every stage once."""
    settings = Settings(
        home=folder,
        templates=TEMPLATES,
        database_url=args.database,
        sandbox_url=sandbox.url,
        workers=args.workers,
        email_provider=args.email,
        smtp_url=sandbox.smtp_url.replace("//", "//sandbox:sandbox@"),  # type: ignore[arg-type]
    )
    stages: list[Stage] = []
    file, mapping = write_customers(folder, args.customers, mix=args.mix)
    with OneChannelApp(settings) as app:
        with measured(stages, "import", sandbox.pid) as stage:
            stage.items = app.import_customers(file, mapping).rows
        with measured(stages, "compile", sandbox.pid) as stage:
            run, _ = app.start_run(CAMPAIGN)
            stage.items = stages[0].items
        with measured(stages, "plan", sandbox.pid) as stage:
            plans = [app.plan_shard(run.id, shard.no) for shard in app.shards(run.id)]
            stage.items = sum(plan.audience for plan in plans)
        app.begin_sending(run.id)
        for channel in _CHANNELS:
            planned = sum(plan.planned[channel] for plan in plans)
            if planned:
                _send(app, stages, run.id, channel, sandbox.pid)
        with measured(stages, "report", sandbox.pid) as stage:
            report = app.finish(run.id)
            stage.items = report.audience
    logged = sum(1 for entry in sandbox.log.entries() if entry.channel != Channel.X_POST)
    sent = sum(stage.items for stage in stages if stage.name.startswith("send"))
    if not (report.adds_up and report.accepted == report.recorded == logged == sent):
        raise SystemExit(f"the numbers do not add up: {report.as_json()}, log {logged}")
    return {
        "stages": [{**asdict(stage), "rate": stage.rate} for stage in stages],
        "sandbox_peak": peak_of(sandbox.pid),
        "report": report.as_json(),
    }


def _send(app: App, stages: list[Stage], run: int, channel: Channel, sandbox: int) -> None:
    """Every shard on one channel, by the workers."""
    shards = [shard.no for shard in app.shards(run)]
    given = app.settings.revealed()
    context = get_context("spawn")
    with ProcessPoolExecutor(app.settings.worker_count, mp_context=context) as pool:
        for warmed in [
            pool.submit(_warm, given, run, str(channel)) for _ in range(app.settings.worker_count)
        ]:
            warmed.result()
        with measured(stages, f"send {channel}", sandbox) as stage:
            before = _cpu_of_children()
            jobs = [pool.submit(_dispatch, given, run, no, str(channel)) for no in shards]
            stage.items = sum(job.result() for job in jobs)
            cpu = _cpu_of_children() - before
        stage.cpu += cpu


def _cpu_of_children() -> float:
    from multiprocessing import active_children

    from tests.bench.measuring import cpu_of

    return sum(cpu_of(child.pid) for child in active_children() if child.pid)


def table(result: Mapping[str, Any]) -> str:
    """The stages, for people."""
    lines = [
        "| stage | items | wall s | per second | product CPU µs each | sandbox CPU µs each "
        "| peak MiB | worker peak MiB |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for s in result["stages"]:
        each = max(1, s["items"])
        lines.append(
            f"| {s['name']} | {s['items']:,} | {s['wall']:.2f} | {s['rate']:,.0f} "
            f"| {s['cpu'] / each * 1e6:,.0f} | {s['sandbox_cpu'] / each * 1e6:,.0f} "
            f"| {s['peak']:.0f} | {s['worker_peak']:.0f} |"
        )
    lines.append(f"\nPeak memory of the sandbox: {result['sandbox_peak']:.0f} MiB.")
    return "\n".join(lines)


@contextmanager
def _place(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="campaigns-bench-") as folder:
        yield Path(folder)


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--customers", default="10000", help="`hillstrom`, or how many made-up")
    parser.add_argument("--mix", choices=("email", "sample"), default="email")
    parser.add_argument("--database", default="", help="URL of an empty PostgreSQL database")
    parser.add_argument("--email", choices=("sendgrid", "smtp"), default="sendgrid")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write the result there too")
    parser.add_argument("--keep", type=Path, help="a new folder to leave everything in")
    args = parser.parse_args(arguments)
    with _place(args.keep) as folder, SandboxProcess(folder / "sandbox") as sandbox:
        result = bench(args, folder, sandbox)
    result["at"] = datetime.now(UTC).isoformat(timespec="seconds")
    result["command"] = "python -m tests.bench.end_to_end " + " ".join(arguments or sys.argv[1:])
    print(table(result))
    if args.json:
        args.json.write_text(json.dumps(result, indent=1, default=str) + "\n")


if __name__ == "__main__":
    main()
