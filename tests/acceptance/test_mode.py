"""What was practised in the sandbox never goes on to real people, and the other way round.

No test here reaches a provider: each is refused before anything is asked or sent.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.control import pause
from campaigns.bootstrap.listening import Listener
from campaigns.bootstrap.reconciling import fall_back_later, reconcile_doubts
from campaigns.bootstrap.replies import Replies
from campaigns.cli import run as cli
from campaigns.domain.channel import Channel
from campaigns.domain.mode import Mode
from campaigns.domain.provider_event import ProviderEvent
from campaigns.errors import ConfigurationError
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import load_settings

ROOT = Path(__file__).parents[2]
Said = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def providers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox")) as sandbox:
        yield sandbox


@pytest.fixture
def home(
    tmp_path: Path, providers: SandboxProcess, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """Customers, imported by somebody who has not sent anything yet."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    monkeypatch.chdir(tmp_path)
    for name, value in {
        "HOME": str(tmp_path),
        "DATABASE_URL": database_url,
        "SANDBOX_URL": providers.url,
        "PUBLIC_URL": "https://news.shop.example",
        "WORKERS": "1",
        "LANES": "1",
        "LIVE": "false",
    }.items():
        monkeypatch.setenv(f"CAMPAIGNS_{name}", value)
    mapping = write_csv(tmp_path / "customers.csv", count=60, seed=7, now=datetime.now(UTC))
    with connect() as app:
        app.import_customers(tmp_path / "customers.csv", mapping)
    return tmp_path


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    """Run a command: its exit code, and all it said on one line."""

    def run(*words: str) -> tuple[int, str]:
        code = cli(words)
        return code, " ".join("".join(capsys.readouterr()).split())

    return run


def accepted(providers: SandboxProcess) -> int:
    return sum(providers.log.counts().values())


def test_what_was_begun_in_the_sandbox_never_goes_on_live(
    home: Path, providers: SandboxProcess, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said("run", "spring_sale", "--limit", "5")[0] == 0
    with connect() as app:
        run, _ = app.start_run("spring_sale", limit=5)  # begun, and not ended
    before = accepted(providers)
    monkeypatch.setenv("CAMPAIGNS_LIVE", "true")
    for words in (
        ("run", "spring_sale"),
        ("run", "spring_sale", "--yes"),
        ("run", "welcome", "--yes"),
        ("resume", str(run.id), "--yes"),
        ("fallback", "--yes"),
        ("reconcile",),
        ("serve", "--port", "0"),
        ("desk", "--port", "0"),
    ):
        code, text = said(*words)
        assert (code, words) == (2, words), text
        assert "this database has practised" in text
        assert "set CAMPAIGNS_HOME to another folder" in text
        assert "Send " not in text, "asked before it was refused"
    assert accepted(providers) == before
    code, text = said("doctor", "--json")
    assert code == 1
    (line,) = (c for c in json.loads(text)["checks"] if c["subject"] == "belongs to")
    assert line["ok"] is False
    assert line["found"].startswith("sandbox: this database has practised")
    code, text = said("plan", "spring_sale")
    assert code == 0
    assert "Caution: a run would be refused: this database has practised" in text
    assert said("plan", "spring_sale", "--html", "plan.html")[0] == 0
    page = (home / "plan.html").read_text(encoding="utf-8")
    assert "A run would be refused:</strong> this database has practised" in page
    monkeypatch.setenv("CAMPAIGNS_LIVE", "false")
    assert said("run", "spring_sale")[0] == 0, "practice goes on"


def test_a_live_database_gives_nothing_to_the_sandbox(
    home: Path, providers: SandboxProcess, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = accepted(providers)
    monkeypatch.setenv("CAMPAIGNS_LIVE", "true")
    with connect() as app:
        app.start_run("spring_sale")  # planned for nobody yet: nothing leaves
    monkeypatch.delenv("CAMPAIGNS_LIVE")
    for words in (("run", "spring_sale"), ("reconcile",), ("serve", "--port", "0")):
        code, text = said(*words)
        assert code == 2
        assert "this database is live" in text
        assert "Set CAMPAIGNS_LIVE=true to go on with it" in text
    assert accepted(providers) == before


def test_who_resumes_a_live_run_that_is_not_planned_is_asked_whether_to_plan_it(
    home: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAMPAIGNS_LIVE", "true")
    with connect() as app:
        run, _ = app.start_run("spring_sale")
        pause(app, run.id, by="ana")
        monkeypatch.setattr("sys.stdin", StringIO("n\n"))
        code, text = said("resume", str(run.id))
        assert code == 130
        assert "Nothing is planned yet: plan 1 shard and send what comes of it to real" in text
        assert app.audit.hold(run.id) is not None, "it goes on though nobody said yes"


def test_importing_planning_and_looking_bind_a_database_to_nothing(
    home: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert said("plan", "spring_sale")[0] == 0
    assert said("check", "spring_sale")[0] == 0
    monkeypatch.setenv("CAMPAIGNS_LIVE", "true")
    with connect() as app:
        assert app.mode.belongs() is None
        app.mode.require()
    said("run", "sprung_sale", "--yes")
    with connect() as app:
        assert app.mode.belongs() is None, "what does not begin binds nothing"


def test_what_was_practised_does_not_come_into_a_live_database_by_an_export(
    home: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    with connect() as app:
        app.mode.bind()
    assert said("export", "--all", "--out", "practised.jsonl")[0] == 0
    assert said("import", "practised.jsonl")[0] == 0, "to go on practising"
    monkeypatch.setenv("CAMPAIGNS_HOME", str(home / "live"))
    monkeypatch.setenv("CAMPAIGNS_DATABASE_URL", f"sqlite:///{home / 'live.db'}")
    monkeypatch.setenv("CAMPAIGNS_LIVE", "true")
    code, text = said("import", "practised.jsonl")
    assert code == 2
    assert "practised.jsonl:1: it comes from a database that has practised" in text
    assert "campaigns export --all --out customers.csv" in text
    with connect() as app:
        assert app.mode.belongs() is None
        assert app.planning.customer_range() == (0, -1)


def test_no_verb_below_the_commands_crosses_over(home: Path) -> None:
    """Flows call these."""
    with connect() as app:
        run, _ = app.start_run("spring_sale", limit=5)
        app.plan_shard(run.id, 0)
    with App(load_settings().model_copy(update={"live": True}), app.clock) as live:
        event = ProviderEvent.__new__(ProviderEvent)
        for verb in (
            lambda: live.start_run("spring_sale"),
            lambda: live.begin_sending(run.id),
            lambda: live.dispatch_shard(run.id, 0),
            lambda: reconcile_doubts(live),
            lambda: fall_back_later(live),
            lambda: Listener(live).record([event]),
            lambda: Replies(live).answer(1, "Hello", by="ana"),
        ):
            with pytest.raises(ConfigurationError, match="this database has practised"):
                verb()
        assert live.mode.belongs() is Mode.SANDBOX
        assert all(c is not Channel.EMAIL or s == "pending" for c, s in live.outbox.counts(run.id))


def test_an_export_says_whether_its_messages_went_to_the_sandbox(
    home: Path, said: Callable[..., tuple[int, str]]
) -> None:
    def mode() -> object:
        return json.loads(said("export", "S0000003")[1])["mode"]

    assert mode() is None, "nothing was sent yet"
    with connect() as app:
        app.start_run("spring_sale", limit=1)
    assert mode() == "sandbox"
