"""A worker process that is ended by force, as a machine without memory does: the run goes on."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from multiprocessing import active_children
from pathlib import Path

import pytest

from campaigns.bootstrap import App
from campaigns.bootstrap import workers as workers_module
from campaigns.bootstrap.app import CLOCK
from campaigns.bootstrap.reconciling import dispatch_with_fallbacks
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.progress import Progress
from campaigns.domain.run import RunState
from campaigns.errors import WorkerLostError
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.misbehaving import misbehave

TEMPLATES = Path(__file__).parents[2] / "templates"
#: Beyond any lease of a worker.
LATER = timedelta(hours=1)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """Its Twilio takes its time, so that a worker can be met with something in its hands."""
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        misbehave(sandbox.url, kind="delay", provider="twilio", seconds=0.2)
        yield sandbox


@pytest.fixture
def app(sandbox: SandboxProcess, tmp_path: Path) -> Iterator[App]:
    """Sends with two processes; to wait takes no time, and an hour has gone by after it."""
    passed = timedelta(0)

    def sleep(_seconds: float) -> None:
        nonlocal passed
        passed += LATER

    settings = Settings(
        home=tmp_path / "home",
        templates=TEMPLATES,
        sandbox_url=sandbox.url,
        workers=2,
        lanes=2,
        shard_size=100,
    )
    clock = replace(CLOCK, now=lambda: CLOCK.now() + passed, sleep=sleep)
    with App(settings, clock) as app:
        file = tmp_path / "customers.csv"
        app.import_customers(file, write_csv(file, count=260, seed=7, now=datetime.now(UTC)))
        yield app


def planned(app: App) -> int:
    """A run that sends nothing for whose pace one has to wait."""
    run, _ = app.start_run("spring_sale", channels=["email", "sms"])
    for shard in app.shards(run.id):
        app.plan_shard(run.id, shard.no)
    app.begin_sending(run.id)
    return run.id


def end_one_by_force() -> bool:
    """Whether there was one."""
    for process in active_children():
        assert process.pid is not None
        os.kill(process.pid, signal.SIGKILL)
        return True
    return False


@pytest.mark.slow
def test_a_run_goes_on_without_a_process_that_was_ended_by_force(
    app: App, sandbox: SandboxProcess
) -> None:
    run_id, killed = planned(app), []

    def kill(progress: Progress) -> None:
        if not killed and sandbox.log.counts() and end_one_by_force():
            killed.append(progress)

    dispatch_with_fallbacks(app, run_id, kill)
    told = app.finish(run_id)

    assert killed, "it was over before anybody was killed"
    assert told.run.state is RunState.FINISHED
    ends = told.in_state(DeliveryState.ACCEPTED, DeliveryState.IN_DOUBT)
    assert ends == sum(told.planned.values()) > 0
    assert not sandbox.log.duplicates()


def test_processes_that_are_ended_again_and_again_end_the_sending_in_words(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers_module, "MOST_BROKEN", 0)
    run_id = planned(app)

    def kill(_progress: Progress) -> None:
        end_one_by_force()

    with pytest.raises(WorkerLostError, match="out of memory"):
        app.dispatch_all(run_id, kill)
    told = app.runs.get(run_id)
    assert told.state is RunState.PAUSED
    assert "ended by force" in (told.stopped_because or "")
