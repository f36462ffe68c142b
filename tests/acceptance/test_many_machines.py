"""One run sent by several machines that share a PostgreSQL: the same as by one, though one dies.

Each machine is a process of its own with its own senders, which knows of the others only what the
database tells.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App
from campaigns.bootstrap.reconciling import reconcile_doubts
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.run import Run, RunState
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.databases import PostgresDatabases
from tests.faults.campaign import tell_sandbox
from tests.runs import plan_run
from tests.waiting import until

ROOT = Path(__file__).parents[2]
CUSTOMERS = 600
MACHINE = """
import sys
from campaigns.bootstrap import Workers, connect
from campaigns.bootstrap.workers import send_all
from campaigns.services.rounds import Rounds, beginning_at
with connect() as app:
    run = app.latest_run()
    numbers = beginning_at([s.no for s in app.shards(run.id)], int(sys.argv[1]))
    with Workers(app, run.id, 1) as workers:
        print("ready", flush=True)
        sys.stdin.readline()
        send_all(workers, Rounds(numbers), app.clock)
"""


def templates(folder: Path) -> Path:
    """The shipped ones without X, whose limits would take a quarter of an hour, and nobody tries
    another channel."""
    made = folder / "templates"
    shutil.copytree(ROOT / "templates", made)
    campaign = made / "campaigns/spring_sale/campaign.yaml"
    words = campaign.read_text(encoding="utf-8")
    without = words.replace(", x_dm, x_post]", "]").replace("post_locale: es_ES", "# no post: ")
    assert without != words
    campaign.write_text(without, encoding="utf-8")
    brand = made / "brand.yaml"
    words = brand.read_text(encoding="utf-8")
    assert "explore: 2 " in words
    brand.write_text(words.replace("explore: 2 ", "explore: 0 "), encoding="utf-8")
    return made


@contextmanager
def shop(databases: PostgresDatabases, folder: Path) -> Iterator[tuple[App, SandboxProcess]]:
    """Customers in a PostgreSQL of their own, and providers that take their time."""
    name = databases.take()
    with SandboxProcess(folder / "sandbox") as sandbox:
        settings = Settings(
            home=folder,
            templates=templates(folder),
            database_url=databases.url(name),
            sandbox_url=sandbox.url,
            sandbox_quiet_hours=False,
            link_secret="of this test",
            shard_size=100,
            lanes=2,
            workers=1,
        )
        with App(settings) as app:
            file = folder / "customers.csv"
            mapping = write_csv(
                file, count=CUSTOMERS, seed=11, now=datetime(2026, 11, 1, tzinfo=UTC)
            )
            app.import_customers(file, mapping)
            delays = [
                {"kind": "delay", "provider": p, "seconds": s}
                for p, s in (("sendgrid", 0.2), ("twilio", 0.02))
            ]
            tell_sandbox(sandbox.url, "faults", delays)
            yield app, sandbox
    databases.give_back(name)


def planned(app: App) -> Run:
    """The shipped campaign, planned and running."""
    run = plan_run(app)
    app.begin_sending(run.id)
    return run


def machine(app: App, place: int) -> subprocess.Popen[bytes]:
    """Another machine, which begins with this shard once it is told to."""
    given = {
        f"CAMPAIGNS_{name.upper()}": str(value) for name, value in app.settings.revealed().items()
    }
    return subprocess.Popen(
        [sys.executable, "-c", MACHINE, str(place)],
        cwd=app.settings.home,
        env={**os.environ, **given, "PYTHONPATH": str(ROOT / "src")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )


@contextmanager
def at_once(app: App, places: Sequence[int]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Machines that begin together, however long each takes to start."""
    with ExitStack() as stack:
        made = [stack.enter_context(machine(app, place)) for place in places]
        for one in made:
            assert one.stdout is not None
            assert one.stdout.readline() == b"ready\n"
        for one in made:
            assert one.stdin is not None
            one.stdin.write(b"\n")
            one.stdin.flush()
        yield made


def at_work(app: App, run: Run) -> set[int]:
    """Processes that have messages in hand."""
    return {int(w.owner.split(":")[1]) for w in app.progress(run.id).workers}


def deliveries(app: App) -> dict[int, tuple[str, str]]:
    """Customer → channel and state."""
    query = text("SELECT customer_id, channel, state FROM deliveries WHERE customer_id <> 0")
    with app.database.read() as connection:
        return {row.customer_id: (row.channel, row.state) for row in connection.execute(query)}


@pytest.fixture(scope="module")
def by_one(
    postgres_databases: PostgresDatabases, tmp_path_factory: pytest.TempPathFactory
) -> dict[int, tuple[str, str]]:
    """What the run comes to on one machine."""
    with shop(postgres_databases, tmp_path_factory.mktemp("one")) as (app, sandbox):
        run = planned(app)
        app.dispatch_all(run.id)
        app.finish(run.id)
        assert sandbox.log.duplicates() == {}
        return deliveries(app)


@pytest.mark.postgres
@pytest.mark.parametrize("machines", [2, 4])
def test_machines_that_share_a_run_do_what_one_does_though_one_is_killed(
    machines: int,
    by_one: dict[int, tuple[str, str]],
    postgres_databases: PostgresDatabases,
    tmp_path: Path,
) -> None:
    with shop(postgres_databases, tmp_path) as (app, sandbox):
        run = planned(app)
        every = len(app.shards(run.id)) // machines
        with at_once(app, [i * every for i in range(machines)]) as others:
            first, seen = others[0].pid, set[int]()

            def several() -> bool:
                seen.update(at_work(app, run))
                return first in seen and len(seen) > 1

            until(several)
            others[0].kill()
            assert [m.wait(120) for m in others] == [-signal.SIGKILL] + [0] * (machines - 1)

        died = app.progress(run.id)
        assert at_work(app, run) <= {first}
        assert not died.due, "the living have sent all that nobody held"
        app.outbox.sweep(now=app.clock.now() + app._lease + timedelta(seconds=1))
        app.dispatch_all(run.id)
        report = app.finish(run.id)

        assert sandbox.log.duplicates() == {}
        assert app.runs.get(run.id).state is RunState.FINISHED
        assert report.adds_up
        doubtful = report.in_state(DeliveryState.IN_DOUBT)
        reconcile_doubts(app, all_=True)
        same_but_for_doubts(deliveries(app), by_one, most=doubtful)


def same_but_for_doubts(
    found: dict[int, tuple[str, str]], by_one: dict[int, tuple[str, str]], *, most: int
) -> None:
    """Everybody is on the same channel; what differs is only what the dead had under way."""
    assert {c: channel for c, (channel, _) in found.items()} == {
        c: channel for c, (channel, _) in by_one.items()
    }
    differ = [c for c, what in found.items() if what != by_one[c]]
    assert {found[c][1] for c in differ} <= {"in_doubt"}
    assert len(differ) <= most
