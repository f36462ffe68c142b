"""A run that is restricted to some channels or languages, and the later run that reaches the rest;
on both databases, against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.forecasting import forecast
from campaigns.bootstrap.plan_page import as_html, as_json, as_markdown
from campaigns.cli import run as cli
from campaigns.domain.channel import Channel
from campaigns.domain.portion import Portion
from campaigns.domain.routing import SkipReason
from campaigns.errors import UserError
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings

ROOT = Path(__file__).parents[2]
REST = "not_in_this_run"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path / "sandbox") as started:
        yield started


@pytest.fixture
def app(
    database_url: str, sandbox: SandboxProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[App]:
    """With customers, as commands find it, too."""
    given = {"HOME": tmp_path / "home", "TEMPLATES": ROOT / "templates", "WORKERS": 1, "LANES": 1}
    given |= {"SANDBOX_URL": sandbox.url, "DATABASE_URL": database_url}
    for name, value in given.items():
        monkeypatch.setenv(f"CAMPAIGNS_{name}", str(value))
    with connect(Settings()) as made:
        file = tmp_path / "people.csv"
        made.import_customers(file, write_csv(file, count=90, seed=3, now=datetime.now(UTC)))
        yield made


def sent(app: App, **only: tuple[str, ...]) -> int:
    """A run from start to end; its number."""
    run, _ = app.start_run("spring_sale", **only)  # type: ignore[arg-type]
    for shard in app.shards(run.id):
        app.plan_shard(run.id, shard.no)
    app.begin_sending(run.id)
    app.dispatch_all(run.id)
    app.finish(run.id)
    return run.id


def by_channel_and_locale(app: App, run_id: int) -> set[tuple[str, str]]:
    query = text("SELECT DISTINCT channel, skeleton_id FROM deliveries WHERE run_id = :run")
    with app.database.read() as connection:
        found = connection.execute(query, {"run": run_id}).all()
    return {(channel, app.releases.skeleton(number).locale) for channel, number in found}


def test_the_rest_is_left_out_with_a_reason_and_a_later_run_reaches_everybody_once(
    app: App, sandbox: SandboxProcess
) -> None:
    whole = app.preview("spring_sale")
    first = sent(app, channels=("email",), locales=("es_ES", "ca_ES"))

    told = app.report(first)
    left = told.skipped[SkipReason.NOT_IN_THIS_RUN]
    assert told.audience == whole.audience
    assert set(told.planned) == {Channel.EMAIL}
    assert sum(told.planned.values()) + left == whole.planned.total()
    assert left > whole.planned.total() - whole.planned[Channel.EMAIL], "no locale was left out"
    assert {locale for _, locale in by_channel_and_locale(app, first)} == {"es_ES", "ca_ES"}
    assert sandbox.log.counts().get("x_post", 0) == 0, "the post belongs to no such run"
    assert "Restricted: by e-mail only, in es_ES, ca_ES only." in " ".join(told.course)

    second = app.report(sent(app))

    assert second.already == sum(told.planned.values())
    assert sum(second.planned.values()) == left
    assert second.skipped.get(SkipReason.NOT_IN_THIS_RUN, 0) == 0
    counts = sandbox.log.counts()
    assert sum(n for c, n in counts.items() if c != "x_post") == whole.planned.total()
    assert not sandbox.log.duplicates()
    assert counts["x_post"] == 1


def test_the_plan_says_what_the_run_then_does_and_its_hash_is_another(app: App) -> None:
    whole, told = forecast(app, "spring_sale"), forecast(app, "spring_sale", channels=("sms",))
    run_id = sent(app, channels=("sms",))

    made = app.plans.of_run(run_id)
    assert made is not None
    assert made.plan == told.plan != whole.plan
    report = app.report(run_id)
    assert report.planned == dict(told.counts.planned)
    assert {str(r): n for r, n in report.skipped.items()} == {
        str(r): n for r, n in told.counts.skipped.items()
    }
    assert as_json(told)["channels_only"] == ["sms"]
    assert "Restricted: by SMS only." in as_markdown(told)
    assert "by SMS only" in as_html(told)


def test_the_public_post_alone_can_be_what_a_run_is_for(app: App, sandbox: SandboxProcess) -> None:
    report = app.report(sent(app, channels=("x_post",)))

    assert report.planned == {}
    assert sandbox.log.counts() == {"x_post": 1}


def test_who_would_be_held_out_in_another_channel_is_no_control_of_this_run(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shutil

    from tests.files import restate

    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    restate(tmp_path / "templates/campaigns/spring_sale/campaign.yaml", "experiment: {holdout: 50}")
    app.catalog.templates = tmp_path / "templates"
    file = tmp_path / "many.csv"  # of 90 five are texted, and a coin may fall alike five times
    app.import_customers(file, write_csv(file, count=900, seed=3, now=datetime.now(UTC)))
    whole = app.preview("spring_sale").skipped
    by_sms = app.preview("spring_sale", None, Portion((Channel.SMS,))).skipped

    assert 0 < by_sms[SkipReason.HOLDOUT] < whole[SkipReason.HOLDOUT]


def test_the_commands_take_it_and_a_run_under_way_keeps_its_own(
    app: App, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli(["plan", "spring_sale", "--channel", "email", "--locale", "en_GB", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert set(plan["planned"]) == {"email"}
    assert plan["skipped"][REST] > 0
    run, _ = app.start_run("spring_sale", channels=("email",), locales=("en_GB",))
    assert cli(["run", "spring_sale", "--json"]) == 0
    told = capsys.readouterr()
    assert f"Run {run.id} of spring_sale is active" in told.err
    assert "It sends by e-mail only, in en_GB only, as it was started." in told.err
    assert json.loads(told.out[told.out.index("{") :])["planned"] == plan["planned"]


@pytest.mark.parametrize(
    ("only", "words"),
    [
        ({"channels": ("pigeon",)}, "no channel `pigeon`; it has email, "),
        ({"locales": ("fr_FR",)}, "no locale `fr_FR`; it has "),
    ],
    ids=["channel", "locale"],
)
def test_what_the_campaign_has_not_is_refused_before_anything_is_planned(
    app: App, only: dict[str, tuple[str, ...]], words: str
) -> None:
    with pytest.raises(UserError, match=words):
        app.start_run("spring_sale", **only)  # type: ignore[arg-type]
    assert app.runs.latest() is None
