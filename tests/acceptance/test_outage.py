"""A database that is away for a while, in the middle of a run: nobody is in doubt for it."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from campaigns.bootstrap import App
from campaigns.bootstrap.app import CLOCK
from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState, Outcome
from campaigns.domain.run import RunState
from campaigns.errors import DatabaseError
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.dispatch import DispatchCounts
from campaigns.services.patience import AGAIN, OUTAGE
from campaigns.services.watching import Step
from campaigns.settings import Settings
from tests.runs import plan_run

TEMPLATES = Path(__file__).parents[2] / "templates"


@contextmanager
def _full_disk() -> Iterator[None]:
    """No file of this process grows beyond its first pages: SQLite's log cannot be written."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def _nobody_let_in(url: str) -> Iterator[None]:
    """Every connection to the database is cut, and no new one is taken."""
    target = make_url(url).set(drivername="postgresql+psycopg")
    name = target.database
    engine = create_engine(target.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as admin:
        admin.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false'))
        admin.execute(
            text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"),
            {"name": name},
        )
        try:
            yield
        finally:
            admin.execute(text(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    engine.dispose()


class Outage:
    """Begins when the first batch has come to a step; ends when a worker has waited long enough."""

    def __init__(self, url: str, at: Step, lasts: float) -> None:
        self._url, self._at, self._lasts = url, at, lasts
        self._away = ExitStack()
        self._began = False
        self.waited = 0.0
        self.clock = replace(CLOCK, monotonic=self._monotonic, sleep=self._sleep)

    def watch(self, step: Step, _batch: Batch, _outcomes: Mapping[int, Outcome]) -> None:
        if step is self._at and not self._began:
            self._began = True
            sqlite = self._url.startswith("sqlite")
            self._away.enter_context(_full_disk() if sqlite else _nobody_let_in(self._url))

    def end(self) -> None:
        self._away.close()

    def _sleep(self, seconds: float) -> None:
        """Nobody sleeps in earnest; a clock that workers see tells the time that it would take."""
        if self._began:
            self.waited += seconds
            if self.waited >= self._lasts:
                self.end()
        time.sleep(0.01)

    def _monotonic(self) -> float:
        return time.monotonic() + self.waited


@pytest.fixture
def away(
    database_url: str, tmp_path: Path
) -> Iterator[Callable[[Step, float], tuple[App, Outage, SandboxProcess]]]:
    """An application with customers and a sandbox, whose database goes away at a step."""
    with ExitStack() as stack:

        def begin(at: Step, lasts: float) -> tuple[App, Outage, SandboxProcess]:
            sandbox = stack.enter_context(SandboxProcess(tmp_path / "sandbox"))
            settings = Settings(
                home=tmp_path / "home",
                templates=TEMPLATES,
                database_url=database_url,
                sandbox_url=sandbox.url,
                sandbox_quiet_hours=False,
                workers=1,
                lanes=1,
            )
            outage = Outage(database_url, at, lasts)
            app = stack.enter_context(App(settings, outage.clock, outage.watch))
            stack.callback(outage.end)
            file = tmp_path / "customers.csv"
            mapping = write_csv(file, count=60, seed=7, now=datetime.now(UTC))
            app.import_customers(file, mapping)
            return app, outage, sandbox

        yield begin


@pytest.mark.parametrize("at", [Step.CLAIMED, Step.ANSWERED, Step.SETTLED])
def test_a_run_outlives_an_outage_and_nobody_is_in_doubt_or_has_it_twice(
    away: Callable[[Step, float], tuple[App, Outage, SandboxProcess]], at: Step
) -> None:
    app, outage, sandbox = away(at, 3 * AGAIN)
    run = plan_run(app, limit=20)
    app.begin_sending(run.id)
    app.dispatch_all(run.id)
    assert outage.waited >= 3 * AGAIN, "nobody waited for the database"
    told = app.finish(run.id)
    assert told.run.state is RunState.FINISHED, app.progress(run.id)
    assert told.accepted == 20 == told.recorded == sum(sandbox.log.counts().values())
    assert not sandbox.log.duplicates()


def test_a_database_that_stays_away_ends_the_sending_and_a_later_run_goes_on(
    away: Callable[[Step, float], tuple[App, Outage, SandboxProcess]],
) -> None:
    app, outage, sandbox = away(Step.SETTLED, 3 * OUTAGE)
    run = plan_run(app, limit=20)
    app.begin_sending(run.id)
    with pytest.raises(DatabaseError):
        app.dispatch_all(run.id)
    assert outage.waited > OUTAGE / 2
    outage.end()
    app.start_run("spring_sale", limit=20)
    app.begin_sending(run.id)
    app.dispatch_all(run.id)
    told = app.finish(run.id)
    assert told.accepted + told.in_state(DeliveryState.IN_DOUBT) == 20
    assert not sandbox.log.duplicates()


def test_a_channel_that_one_lane_gave_up_and_another_sent_is_not_told_as_out_of_reach(
    away: Callable[[Step, float], tuple[App, Outage, SandboxProcess]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app, _, _ = away(Step.SETTLED, 0.0)
    run = plan_run(app, limit=20)
    app.begin_sending(run.id)
    send = app.lanes.send

    def one_gave_up(work: Callable[[], DispatchCounts]) -> DispatchCounts:
        counts = send(work)
        counts.unreachable[Channel.EMAIL] = "SendGrid answered 500"
        return counts

    monkeypatch.setattr(app.lanes, "send", one_gave_up)
    assert app.dispatch_shard(run.id, 0).unreachable == {}
