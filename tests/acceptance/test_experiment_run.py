"""A campaign that tries something out: assigned, sent, held out, and analysed."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from campaigns.account_page.markdown import answer_sentences
from campaigns.account_page.words import MISMATCH
from campaigns.bootstrap import App, connect
from campaigns.bootstrap.reporting import account_of
from campaigns.bootstrap.trials import analyse_campaign
from campaigns.cli import run as cli
from campaigns.domain.experiment import arms_of
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.errors import NotFoundError, UserError
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.files import restate
from tests.runs import plan_run, send_run

ROOT = Path(__file__).parents[2]
CAMPAIGN = "templates/campaigns/spring_sale/campaign.yaml"
EXPERIMENT = """
goal: {kind: purchased, within_days: 14}
experiment:
  variants: {a: 50, b: 50}
  channels: {preferred: 70, default: 30}
  holdout: 20
  worth: 2
"""
HOLDOUT = """
goal: {kind: purchased, within_days: 14}
experiment: {holdout: 20, worth: 2}
"""


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    folder = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", folder)
    return folder


@pytest.fixture
def app(tmp_path: Path, templates: Path) -> Iterator[App]:
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        settings = Settings(
            home=tmp_path / "home",
            templates=templates,
            sandbox_url=sandbox.url,  # type: ignore[arg-type]
            workers=1,
        )
        with connect(settings) as app:
            yield app


def try_out(templates: Path) -> None:
    campaign = templates / "campaigns" / "spring_sale"
    restate(campaign / "campaign.yaml", EXPERIMENT)
    words = {"en": "This spring: {{ facts.discount }} off until {{ facts.ends_on }}"}
    words["es"] = "Esta primavera: {{ facts.discount }} hasta el {{ facts.ends_on }}"
    words["ca"] = "Aquesta primavera: {{ facts.discount }} fins al {{ facts.ends_on }}"
    for language, headline in words.items():
        with (campaign / f"copy.{language}.yaml").open("a") as file:
            file.write(f'variants:\n  b:\n    headline: "{headline}"\n')


def import_people(app: App, tmp_path: Path, count: int) -> None:
    file = tmp_path / "people.csv"
    app.import_customers(file, write_csv(file, count=count, seed=3, now=datetime.now(UTC)))


def send(app: App, limit: int | None = None) -> int:
    return send_run(app, plan_run(app, limit=limit).id)


def arms(app: App) -> dict[str, int]:
    """How many are in which arm of the newest run's holdout; nobody where there is no answer."""
    trial = next(t for t in analyse_campaign(app, "spring_sale") if t.question == "holdout")
    if trial.result is None:
        return {}
    assert not trial.result.mismatch.broken
    return dict(trial.result.mismatch.found)


def buy(app: App, customers: list[int], amount: float) -> None:
    at = datetime.now(UTC) + timedelta(minutes=1)
    app.profiles.record_interactions(
        [
            Interaction(
                c, InteractionKind.PURCHASED, at, None, f"shop:{c}", data={"amount": amount}
            )
            for c in customers
        ]
    )


def rows(app: App, query: str) -> list[tuple[object, ...]]:
    with app.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query))]


def test_a_campaign_tries_words_channels_and_a_holdout_out_at_once(
    app: App, templates: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    try_out(templates)
    import_people(app, tmp_path, 900)
    run = send(app)
    held = [int(c) for (c,) in rows(app, "SELECT customer_id FROM skips WHERE reason = 'holdout'")]  # type: ignore[call-overload]
    sent = rows(
        app, "SELECT customer_id, skeleton_id, reason FROM deliveries WHERE customer_id > 0"
    )
    assert 0.14 < len(held) / (len(held) + len(sent)) < 0.26
    assert not {c for c, _, _ in sent} & set(held)

    release = app.releases.load(app.runs.get(run).release_hash)
    ids = app.releases.skeleton_ids(release.hash)
    variant_of = {ids[s.hash]: s.variant for s in release.skeletons}
    found = Counter(variant_of[s] for _, s, _ in sent)  # type: ignore[index]
    assert set(found) == {"a", "b"}
    assert abs(found["a"] - found["b"]) < len(sent) * 0.15
    for customer, skeleton, reason in sent:  # what is stored is what the hash says
        arms = arms_of(release.policy.experiment, "spring_sale/", int(str(customer)))
        assert (variant_of[skeleton], arms.held_out) == (arms.variant, "")  # type: ignore[index]
        assert f"@{arms.channel}" in str(reason)

    said = " ".join(answer_sentences(account_of(app, str(run))))
    assert "Which words? No answer yet: nobody has bought." in said
    assert "without it" not in said  # nought more than nought
    buyers = [int(str(c)) for c, s, _ in sent if variant_of[s] == "b"][::2]  # type: ignore[index]
    buy(app, buyers, 30.0)
    said = " ".join(answer_sentences(account_of(app, str(run))))
    assert "Which words? b against a: +" in said
    assert "bought than would have without it" in said
    trials = {t.question: t for t in analyse_campaign(app, "spring_sale")}
    assert set(trials) == {"variants", "channels", "holdout"}
    words = trials["variants"].result
    assert words is not None
    assert words.early
    assert not words.mismatch.broken
    bought, amount = words.goals
    assert {s.arm: s.total for s in bought.samples} == {"a": 0, "b": len(buyers)}
    assert {s.arm: s.people for s in bought.samples} == found
    assert {s.arm: s.total for s in amount.samples} == {"a": 0, "b": 30.0 * len(buyers)}
    assert bought.differences[0].low > 0

    lift = trials["holdout"].result
    assert lift is not None
    assert {s.arm: s.people for s in lift.goals[0].samples} == {
        "holdout": len(held),
        "message": len(sent),
    }
    assert send(app) != run  # a second run asks nobody again, and holds the same people out
    again = rows(app, "SELECT count(*) FROM deliveries WHERE customer_id > 0")
    assert again == [(len(sent),)]


def test_a_later_run_is_judged_by_its_own_people(app: App, templates: Path, tmp_path: Path) -> None:
    restate(templates / "campaigns/spring_sale/campaign.yaml", HOLDOUT)
    import_people(app, tmp_path, 300)
    run = send(app, limit=60)  # half of those who would get it
    few = arms(app)
    assert few == told(app, run)
    assert few["message"] == 60
    run = send(app)  # reaches the others
    first = arms(app)
    held_out = told(app, run)["holdout"] - few["holdout"]  # who was held out before, is not of it
    assert first == {"message": told(app, run)["message"], "holdout": held_out}
    assert MISMATCH not in answer_sentences(account_of(app, str(run)))
    first["holdout"] = told(app, run)["holdout"]
    import_people(app, tmp_path, 600)  # as many again
    run = send(app)
    both = told(app, run)
    assert both["holdout"] > first["holdout"]
    assert arms(app) == {
        "message": both["message"],
        "holdout": both["holdout"] - first["holdout"],
    }


def test_the_report_says_when_the_arms_have_a_wrong_size(
    app: App, templates: Path, tmp_path: Path
) -> None:
    restate(templates / "campaigns/spring_sale/campaign.yaml", HOLDOUT)
    import_people(app, tmp_path, 300)
    run = send(app)
    assert MISMATCH not in answer_sentences(account_of(app, str(run)))
    with app.database.write() as connection:  # recording went wrong: nearly all are lost
        connection.execute(
            text(
                "DELETE FROM skips WHERE reason = 'holdout' AND customer_id NOT IN "
                "(SELECT customer_id FROM skips WHERE reason = 'holdout' LIMIT 2)"
            )
        )
    assert MISMATCH in answer_sentences(account_of(app, str(run)))


def told(app: App, run: int) -> dict[str, int]:
    """Whom a run planned, and whom it held out, those of earlier runs too."""
    found = rows(
        app,
        f"SELECT (SELECT count(*) FROM deliveries WHERE run_id = {run} AND customer_id > 0 "
        f"AND hop = 0), count(*) FROM skips WHERE run_id = {run} AND reason = 'holdout'",
    )
    return dict(zip(("message", "holdout"), map(int, map(str, found[0])), strict=True))


def test_an_experiment_is_refused_where_it_compares_nothing(app: App, templates: Path) -> None:
    restate(templates / "campaigns/spring_sale/campaign.yaml", EXPERIMENT)
    with pytest.raises(
        UserError, match=r"variant b has no words in en_GB, .*campaign.yaml|variant b"
    ):
        app.compile("spring_sale")


def test_an_experiment_without_a_goal_is_refused(app: App, templates: Path) -> None:
    path = templates / "campaigns/spring_sale/campaign.yaml"
    restate(path, "goal:\nexperiment: {holdout: 10}")
    with pytest.raises(UserError, match="needs a `goal`"):
        app.compile("spring_sale")


def test_a_campaign_that_tries_nothing_out_says_so(app: App, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match="has not run yet"):
        analyse_campaign(app, "spring_sale")
    import_people(app, tmp_path, 20)
    send(app)
    with pytest.raises(NotFoundError, match="tries nothing out"):
        analyse_campaign(app, "spring_sale")


def test_neither_a_campaign_nor_a_table_is_one_clear_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert cli(["experiment", "--arm", "x"]) == 2
    assert "give a CAMPAIGN, or --outcomes" in capsys.readouterr().err
