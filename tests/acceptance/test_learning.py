"""The learnt channel as the people who use it see it: imported, learnt, planned, explained."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App, connect
from campaigns.bootstrap.learning import learn
from campaigns.cli import run as cli
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.domain.reason import Reason, Rule
from campaigns.settings import Settings
from tests.runs import plan_run

ROOT = Path(__file__).parents[2]
YES = "yes,yes,2026-01-02"
MAPPING = """
name: people
ref: id
fields:
  email: email
  phone: phone
  country: country
  preferred_channel: {column: prefers, optional: true}
attributes: {is_member: member}
consents:
  - {channel: email, topic: offers, granted: mail, at: since}
  - {channel: sms, topic: offers, granted: sms, at: since}
interactions:
  - {kind: replied, channel: sms, count: replies, at: last}
"""
HEAD = "id,email,phone,country,member,mail,sms,since,replies,last,prefers\n"


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[App]:
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(tmp_path / "templates"))
    with connect(Settings(home=tmp_path / "home", templates=tmp_path / "templates")) as app:
        yield app


def people(app: App, folder: Path, rows: list[str]) -> None:
    (folder / "people.yaml").write_text(MAPPING, encoding="utf-8")
    (folder / "people.csv").write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    report = app.import_customers(folder / "people.csv", folder / "people.yaml")
    assert report.created == len(rows)


def number(n: int) -> str:
    """One of the thousand mobile numbers that Ofcom reserves for fiction."""
    return f"+447700900{n:03}"


def row(n: int, replies: int = 0, prefers: str = "") -> str:
    last = (datetime.now(UTC) - timedelta(days=3)).date()
    return f"{n},c{n}@example.com,{number(n)},GB,yes,{YES},{replies},{last},{prefers}"


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert cli([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def planned(app: App) -> dict[str, str]:
    """Ref → the stored reason, of a run that plans and sends nothing."""
    plan_run(app)
    with app.database.read() as connection:
        rows = connection.execute(
            text(
                "SELECT c.ref, d.reason FROM deliveries d JOIN customers c ON c.id = d.customer_id"
            )
        )
        return dict(rows.tuples().all())


def explore(app: App, percent: int) -> None:
    brand = app.settings.templates / "brand.yaml"
    written = brand.read_text(encoding="utf-8")
    assert "explore: 2 " in written
    brand.write_text(written.replace("explore: 2 ", f"explore: {percent} "), encoding="utf-8")


def test_an_imported_past_decides_at_once_and_says_so(app: App, tmp_path: Path) -> None:
    explore(app, 0)
    people(app, tmp_path, [row(1, replies=3), row(2), row(3, replies=3, prefers="email")])
    reasons = planned(app)
    assert Reason.decode(reasons["1"]).rule is Rule.LEARNT
    assert reasons["2"] == "campaign_order"
    assert reasons["3"] == "stated_preference"


def test_show_customer_tells_what_was_learnt_in_one_sentence(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people(app, tmp_path, [row(1, replies=3), row(2)])
    for who, told in (("1", "learnt: SMS: 3 replies"), ("2", "learnt: nothing yet")):
        assert cli(["show", "customer", who]) == 0
        assert told in " ".join(capsys.readouterr().out.split())


def test_the_command_counts_news_alone_unless_it_is_asked_for_all(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    people(app, tmp_path, [row(1, replies=3), row(2, replies=1)])
    assert command(capsys, "learn") | {"at": "", "priors": {}} == {
        "at": "", "customers": 0, "everybody": False, "priors": {},
    }  # fmt: skip
    told = Interaction(
        app.profiles.find("2"), InteractionKind.REPLIED, datetime.now(UTC), Channel.SMS, "more"
    )
    app.profiles.record_interactions([told])
    assert command(capsys, "learn")["customers"] == 1
    again = command(capsys, "learn", "--all")
    assert (again["customers"], again["everybody"]) == (2, True)
    assert cli(["learn"]) == 0
    assert "Counted: 0 (customers with news)." in capsys.readouterr().out


def test_a_few_who_asked_for_nothing_explore_and_their_reason_says_so(
    app: App, tmp_path: Path
) -> None:
    explore(app, 20)
    asked = range(500)
    rows = [row(n, prefers="email" if n in asked else "") for n in range(1000)]
    people(app, tmp_path, rows)
    preview = app.preview("spring_sale")
    rules = Counter((int(ref) in asked, Reason.decode(r).rule) for ref, r in planned(app).items())
    assert rules[True, Rule.STATED_PREFERENCE] == len(asked)
    assert rules[True, Rule.EXPLORING] == 0
    assert preview.exploring == rules[False, Rule.EXPLORING]
    run = app.runs.latest()
    assert run is not None
    assert app.report(run.id).exploring == preview.exploring
    assert 70 <= rules[False, Rule.EXPLORING] <= 130  # 20 % of 500
    with app.database.read() as connection:
        query = "SELECT DISTINCT channel FROM deliveries WHERE reason = 'exploring'"
        assert connection.execute(text(query)).scalars().all() == ["sms"]


def test_what_a_customer_puts_second_is_taken_where_the_first_is_barred(
    app: App, tmp_path: Path
) -> None:
    people(app, tmp_path, [row(1, replies=0, prefers="whatsapp")])
    customer = app.profiles.find("1")
    with app.database.write() as connection:
        connection.execute(
            text(
                "INSERT INTO preferences (customer_id, channels, updated_at) "
                "VALUES (:c, 'whatsapp,sms,email', 0)"
            ),
            {"c": customer},
        )
    assert planned(app)["1"].startswith("stated_preference|whatsapp=")
    with app.database.read() as connection:
        assert connection.execute(text("SELECT channel FROM deliveries WHERE customer_id = :c"),
                                  {"c": customer}).scalar() == "sms"  # fmt: skip
    assert app.profiles.show(customer).stated == (Channel.WHATSAPP, Channel.SMS, Channel.EMAIL)


def test_learning_again_changes_nothing(app: App, tmp_path: Path) -> None:
    people(app, tmp_path, [row(n, replies=n % 4) for n in range(50)])

    def state() -> list[Any]:
        with app.database.read() as connection:
            query = "SELECT customer_id, channel, messages, answers, kind FROM channel_uses"
            return sorted(connection.execute(text(query)).all())

    before = state()
    learn(app, everybody=True)
    assert state() == before
