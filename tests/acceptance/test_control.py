"""Pausing, resuming, cancelling and arming by command, while a real run sends to the sandbox."""

from __future__ import annotations

import io
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.app import CLOCK
from campaigns.bootstrap.arming import arm, standing
from campaigns.bootstrap.control import cancel, pause, resume
from campaigns.cli import run as cli
from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.run import RunState
from campaigns.errors import RunHeldError, UnarmedError, UserError
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.watching import Step
from campaigns.settings import Settings, load_settings
from tests.misbehaving import behave, misbehave
from tests.runs import plan_run
from tests.waiting import until

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def imported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with made-up customers in it."""
    home = tmp_path_factory.mktemp("imported")
    file = home / "customers.csv"
    mapping = write_csv(file, count=200, seed=7, now=datetime.now(UTC))
    with connect(Settings(home=home)) as app:
        app.import_customers(file, mapping)
    return home


@pytest.fixture
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """A sandbox whose Twilio takes its time, so that there is something to stop."""
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as sandbox:
        misbehave(sandbox.url, kind="delay", provider="twilio", seconds=0.5)
        yield sandbox


@pytest.fixture
def home(
    imported: Path, providers: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Customers of one's own, and the environment that commands find them by."""
    copy = Path(shutil.copytree(imported, tmp_path / "home"))
    monkeypatch.setenv("CAMPAIGNS_HOME", str(copy))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(ROOT / "templates"))
    monkeypatch.setenv("CAMPAIGNS_SANDBOX_URL", providers.url)
    monkeypatch.setenv("CAMPAIGNS_WORKERS", "1")
    monkeypatch.setenv("CAMPAIGNS_LANES", "1")
    with connect() as app:
        arm(app, standing(app), by="tests", why="a copy for one test")
    return copy


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str]]:
    """Run a command: its exit code, and all it said."""

    def run(*words: str) -> tuple[int, str]:
        code = cli(words)
        out, err = capsys.readouterr()
        return code, out + err

    return run


def begun(app: App) -> int:
    """A run that is ready to send; its id."""
    run = plan_run(app, limit=60)
    app.begin_sending(run.id)
    return run.id


def during(app: App, run_id: int, act: Callable[[], object]) -> None:
    """Send, and act as soon as something has been accepted."""
    sending = threading.Thread(target=app.dispatch_all, args=(run_id,))
    sending.start()
    until(lambda: app.progress(run_id).accepted > 1)
    act()
    sending.join(120)
    assert not sending.is_alive()


def test_a_paused_run_waits_for_resume_and_then_everybody_has_it_once(
    home: Path, providers: SandboxProcess, said: Callable[..., tuple[int, str]]
) -> None:
    with connect() as app:
        run_id = begun(app)
        during(app, run_id, lambda: pause(app, run_id, by="ana", why="wrong price"))
        stopped = app.progress(run_id)
        with pytest.raises(RunHeldError, match=r"paused by ana .* wrong price"):
            app.start_run("spring_sale")
    assert stopped.waiting > 0, "it was paused too late to show anything"
    assert stopped.moving == stopped.in_doubt == 0
    assert stopped.accepted == sum(providers.log.counts().values())

    code, text = said("run", "spring_sale", "--limit", "60")
    assert code == 3
    assert f"`campaigns resume {run_id}` goes on" in text
    code, text = said("show", "run")
    with connect() as app:
        held = app.audit.hold(run_id)
        assert held is not None
        at = held.at.astimezone(ZoneInfo("Europe/Madrid"))  # the brand's clock
    paused = f"Waiting: paused by ana on {at.day} {at:%b %Y %H:%M %Z}: wrong price"
    assert paused in " ".join(text.split())
    assert "say of what: `run:" in said("audit", str(run_id))[1]
    behave(providers.url)
    code, text = said("resume", str(run_id), "--by", "bob", "--why", "mended", "--json")
    assert code == 0
    done = json.loads(text[text.index("{") :])
    assert (done["state"], done["mode"]) == ("finished", "sandbox")
    assert done["accepted"] == sum(providers.log.counts().values())
    assert not providers.log.duplicates()

    code, text = said("audit", f"run:{run_id}", "--json")
    trail = [(e["action"], e["actor"], e["why"]) for e in json.loads(text)["entries"]]
    assert trail == [("resumed", "bob", "mended"), ("paused", "ana", "wrong price")]
    assert {e["campaign"] for e in json.loads(text)["entries"]} == {"spring_sale"}
    code, text = said("audit", f"run:{run_id}")
    assert "by the clock of Europe/Madrid" in text
    assert f"{at:%Y-%m-%d %H:%M}" in text


def test_who_mends_the_files_while_a_run_is_paused_is_asked_before_the_old_words_go(
    home: Path,
    providers: SandboxProcess,
    said: Callable[..., tuple[int, str]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    templates = Path(shutil.copytree(ROOT / "templates", tmp_path / "templates"))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(templates))
    behave(providers.url)
    with connect() as app:
        run = plan_run(app, limit=3)
        pause(app, run.id, by="ana", why="wrong price")
    file = templates / "campaigns" / "spring_sale" / "campaign.yaml"
    sound = file.read_text(encoding="utf-8")
    for mended in (sound.replace("percent: 20", "percent: 25"), "no campaign"):
        file.write_text(mended, encoding="utf-8")
        monkeypatch.setattr(sys, "stdin", io.StringIO("n\n"))
        code, text = said("resume", str(run.id))
        assert code == 130
        assert f"It sends release {run.release_hash}, as it was started" in text
        assert f"`campaigns cancel {run.id}`, then `campaigns run spring_sale`" in text
        assert "to the sandbox now, as the run was started?" in text
        with connect() as app:
            assert app.audit.hold(run.id) is not None, "it was resumed"
    assert said("resume", str(run.id), "--yes")[0] == 0
    code, text = said("resume", str(run.id))
    assert (code, "is finished already" in text, "as it was started" in text) == (2, True, False)


def test_a_cancelled_run_stops_at_once_and_leaves_every_state_right(
    home: Path, providers: SandboxProcess, said: Callable[..., tuple[int, str]]
) -> None:
    with connect() as app:
        run_id = begun(app)
        during(app, run_id, lambda: cancel(app, run_id, by="ana", why="the shop burned down"))
        app.finish(run_id)
        seen = app.progress(run_id)
        with pytest.raises(UserError, match="cancelled already"):
            cancel(app, run_id, by="ana")
        with pytest.raises(UserError, match="cancelled already"):
            resume(app, run_id, by="ana")

        assert seen.run.state is RunState.CANCELLED
        assert seen.waiting == seen.in_doubt == 0
        assert seen.count(DeliveryState.CANCELLED) > 0, "it was cancelled too late"
        assert seen.accepted == sum(providers.log.counts().values())

        again, resumed = app.start_run("spring_sale", limit=1)
        assert not resumed
        assert again.id != run_id
        cancel(app, again.id, by="ana")
    entries = json.loads(said("audit", "--json")[1])["entries"]
    (ended,) = [e for e in entries if e["why"] == "the shop burned down"]
    assert (ended["campaign"], ended["subject"]) == ("spring_sale", f"run:{run_id}")
    assert "spring_sale" in said("audit")[1]


class _Stopping:
    """Stops the run when the first texts of several are about to leave. Its monotonic clock is one
    on which every look comes 1.5 s after the one before, whatever the machine."""

    app: App

    def __init__(self, stop: Callable[..., object]) -> None:
        self.stop, self.looks = stop, itertools.count()
        self.going: list[int] = []

    def monotonic(self) -> float:
        return 1.5 * next(self.looks) if self.going else 0.0

    def __call__(self, step: Step, batch: Batch, _outcomes: object) -> None:
        texts = batch.channel is Channel.SMS and len(batch.items) > 1
        if step is Step.CALLING and texts and not self.going:
            self.going = [item.delivery_id for item in batch.items]
            self.stop(self.app, batch.run_id, by="ana")


@pytest.mark.parametrize(
    ("stop", "left"),
    [(pause, DeliveryState.PENDING), (cancel, DeliveryState.CANCELLED)],
    ids=["pause", "cancel"],
)
def test_a_stop_holds_back_the_rest_of_the_texts_that_are_under_way(
    home: Path, providers: SandboxProcess, stop: Callable[..., object], left: DeliveryState
) -> None:
    watch = _Stopping(stop)
    clock = replace(CLOCK, monotonic=watch.monotonic)
    with App(load_settings(), clock, watch) as app:
        watch.app = app
        run_id = begun(app)
        app.dispatch_all(run_id)
        app.finish(run_id)
        states = [app.profiles.delivery(i).state for i in watch.going]
        seen = app.progress(run_id)
    assert states == [DeliveryState.ACCEPTED] + [left] * (len(states) - 1)
    assert seen.in_doubt == seen.moving == 0
    assert seen.accepted == sum(providers.log.counts().values())


@pytest.mark.parametrize(
    ("sign", "named"),
    [
        pytest.param(signal.SIGINT, "Ctrl-C", id="ctrl-c"),
        pytest.param(signal.SIGTERM, "SIGTERM", id="sigterm", marks=pytest.mark.slow),
    ],
)
def test_ctrl_c_pauses_the_run_and_the_same_command_goes_on(
    sign: signal.Signals,
    named: str,
    home: Path,
    providers: SandboxProcess,
    said: Callable[..., tuple[int, str]],
) -> None:
    environment = {**os.environ, "CAMPAIGNS_WORKERS": "2", "CAMPAIGNS_SHARD_SIZE": "100"}
    command = [sys.executable, "-m", "campaigns", "run", "spring_sale"]
    with connect() as app:
        process = subprocess.Popen(
            command,
            env={**environment, "PYTHONPATH": str(ROOT / "src")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        until(lambda: app.runs.latest() and app.progress(app.latest_run().id).accepted > 3)
        os.killpg(process.pid, sign)  # as a terminal does: to the workers, too
        _, err = process.communicate(timeout=120)
        run = app.latest_run()

        assert process.returncode == 130, err
        assert run.state is RunState.PAUSED
        assert run.stopped_because == f"the sending process was stopped ({named})"
        outage = app.audit.outage(run.id)
        assert (outage is not None) is (sign is signal.SIGTERM), "who is shut down decides nothing"
        assert app.audit.hold(run.id) is None
        seen = app.progress(run.id)
        assert seen.waiting > 0, "it was stopped too late to show anything"
        assert seen.in_doubt == seen.moving == 0
    behave(providers.url)
    code, _ = said("run", "spring_sale")
    assert code == 0
    assert not providers.log.duplicates()


def test_a_copied_home_plans_but_sends_nothing_until_it_is_armed(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    providers: SandboxProcess,
    said: Callable[..., tuple[int, str]],
) -> None:
    with connect() as app:
        run_id = begun(app)
    shutil.copytree(home, tmp_path / "copy")
    monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / "copy"))
    before = providers.log.counts()

    code, text = said("run", "spring_sale")
    assert code == 3
    assert "it is a copy, or was restored from a backup" in text
    assert said("plan", "shop_moves")[0] == 0
    code, text = said("doctor")
    assert code == 1
    assert "campaigns arm --by NAME" in " ".join(text.split())
    with connect() as app, pytest.raises(UnarmedError):
        app.dispatch_shard(run_id, 0)

    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    code, text = said("arm", "--by", "ana", "--why", "the old machine is gone")
    assert code == 130, "nobody said yes"
    assert f"run {run_id} of spring_sale" in text
    assert "`campaigns reconcile` does not ask about them" in " ".join(text.split())
    assert "Not confirmed: nothing was done." in text
    assert providers.log.counts() == before

    code, text = said("arm", "--by", "ana", "--why", "the old machine is gone", "--yes")
    assert code == 0
    assert f"campaigns resume {run_id}" in text
    assert said("run", "spring_sale")[0] == 3, "it is held until somebody resumes it"
    assert said("cancel", str(run_id), "--why", "it went out before")[0] == 0
    assert said("arm", "--by", "ana", "--why", "again")[1].startswith("The database is armed")


def test_what_left_after_a_backup_is_told_by_the_brands_clock(
    home: Path,
    providers: SandboxProcess,
    said: Callable[..., tuple[int, str]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    behave(providers.url)
    monkeypatch.setenv("CAMPAIGNS_SANDBOX_QUIET_HOURS", "false")
    database = home / "campaigns.db"
    with connect() as app:
        run = plan_run(app, limit=3)
    backup = shutil.copy(database, home / "backup.db")
    assert said("run", "spring_sale", "--limit", "3")[0] == 0
    Path(backup).replace(database)
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    text = " ".join(said("arm", "--by", "ana", "--why", "the disk was lost")[1].split())
    left = rf"run {run.id} of spring_sale sent until \d+ \w+ \d{{4}} \d\d:\d\d CES?T"
    assert re.search(left, text)


def test_watching_a_run_ends_with_it(
    home: Path, providers: SandboxProcess, said: Callable[..., tuple[int, str]]
) -> None:
    behave(providers.url)
    with connect() as app:
        run_id = begun(app)
        during(app, run_id, lambda: None)
        app.finish(run_id)

    code, text = said("show", "run", "--watch", "--json")
    line = json.loads(text)
    assert code == 0
    assert (line["run"], line["state"]) == (run_id, "finished")
    assert sum(n for c in line["channels"].values() for n in c.values()) == line["planned"]
    assert re.search(r"email +\d+", said("show", "run", "--watch")[1])
