"""A journey as its customers live it: through the sandbox, on a clock that the test moves."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from campaigns.bootstrap import App
from campaigns.bootstrap.app import CLOCK
from campaigns.bootstrap.journeys import under_way, whereabouts
from campaigns.cli import run as cli
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.domain.run import RunState
from campaigns.errors import NotFoundError, UserError
from campaigns.sandbox.process import SandboxProcess
from campaigns.services.report import RunReport
from campaigns.settings import Settings
from tests.files import restate
from tests.runs import plan_run

ROOT = Path(__file__).parents[2]
DAY = timedelta(days=1)
STEPS = """
goal: {kind: purchased, within_days: 30}
steps:
  - name: announce
  - name: remind
    wait: {days: 3}
"""
REMINDER = {
    "en": "Still here: {{ facts.discount }} off everything",
    "es": "Aún a tiempo: {{ facts.discount }} menos en todo",
    "ca": "Encara hi ets a temps: {{ facts.discount }} menys en tot",
}
SHORT = {
    "en": "Still time: {{ facts.discount }} off until {{ facts.ends_on }} with {{ facts.code }}: "
    "{{ facts.shop }}",
    "es": "Aún a tiempo: {{ facts.discount }} menos hasta el {{ facts.ends_on }} con "
    "{{ facts.code }}: {{ facts.shop }}",
    "ca": "Encara hi ets a temps: {{ facts.discount }} menys fins al {{ facts.ends_on }} amb "
    "{{ facts.code }}: {{ facts.shop }}",
}
PEOPLE = """\
ref,name,locale,country,email,phone,member,email_ok,sms_ok,joined
ana,Ana,en_GB,GB,ana@example.com,+447700900101,yes,yes,yes,2027-01-10
leo,Leo,en_GB,GB,leo@example.com,+447700900102,yes,yes,yes,2027-01-10
eva,Eva,es_ES,ES,eva@example.com,,yes,yes,,2027-01-10
tom,Tom,en_GB,GB,tom@example.com,,yes,yes,,2027-01-10
"""
MAPPING = """\
name: people
ref: ref
fields: {first_name: name, locale: locale, country: country, email: email, phone: phone}
attributes: {is_member: member}
consents:
  - {channel: email, topic: offers, granted: {column: email_ok}, at: joined}
  - {channel: sms, topic: offers, granted: {column: sms_ok}, at: joined}
"""


@dataclass
class Travel:
    """An application whose clock the test moves."""

    settings: Settings
    sandbox: SandboxProcess
    templates: Path
    now: datetime = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
    app: App = field(init=False)

    def __post_init__(self) -> None:
        self.app = App(self.settings, replace(CLOCK, now=lambda: self.now))

    def run(self, *, continues: bool = False) -> RunReport:
        run = plan_run(self.app, continues=continues)
        self.app.begin_sending(run.id)
        self.app.dispatch_all(run.id)
        return self.app.finish(run.id)

    def happens(self, ref: str, kind: InteractionKind, channel: Channel | None = None) -> None:
        customer = self.app.profiles.find(ref)
        key = f"test:{ref}:{kind}:{self.now}"
        self.app.profiles.record_interactions([Interaction(customer, kind, self.now, channel, key)])

    def told(self, address: str) -> list[tuple[str, str]]:
        """Channel and text of every message that arrived there."""
        return [
            (str(entry.channel), seen.text)
            for entry, seen in self.sandbox.log.messages()
            if entry.recipient == address
        ]


@pytest.fixture
def travel(tmp_path: Path) -> Iterator[Travel]:
    templates = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", templates)
    folder = templates / "campaigns" / "spring_sale"
    restate(folder / "campaign.yaml", STEPS)
    for language, words in REMINDER.items():
        text = f'\nsteps:\n  remind:\n    headline: "{words}"\n    short: "{SHORT[language]}"\n'
        with (folder / f"copy.{language}.yaml").open("a") as file:
            file.write(text)
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        settings = Settings(
            home=tmp_path / "home",
            templates=templates,
            sandbox_url=sandbox.url,  # type: ignore[arg-type]
            workers=1,
        )
        made = Travel(settings, sandbox, templates)
        (tmp_path / "people.csv").write_text(PEOPLE, encoding="utf-8")
        (tmp_path / "mapping.yaml").write_text(MAPPING, encoding="utf-8")
        made.app.import_customers(tmp_path / "people.csv", tmp_path / "mapping.yaml")
        yield made
        made.app.close()


def test_the_conversation_goes_on_where_the_customer_answered_in_the_same_facts(
    travel: Travel,
) -> None:
    first = travel.run()
    assert first.planned == {Channel.EMAIL: 4}
    travel.now += DAY
    travel.happens("ana", InteractionKind.REPLIED, Channel.SMS)  # asks a question by SMS
    travel.happens("leo", InteractionKind.PURCHASED)
    travel.now += DAY
    assert not under_way(travel.app).due
    travel.now += DAY
    assert under_way(travel.app).due == ("spring_sale",)
    plan = travel.app.preview("spring_sale")

    report = travel.run()

    assert report.planned == plan.planned == {Channel.SMS: 1, Channel.EMAIL: 2}
    assert {str(r): n for r, n in report.skipped.items()} == {"already_acted": 1}
    assert (report.audience, report.already, report.adds_up) == (4, 0, True)
    ((channel, text),) = travel.told("+447700900101")
    assert channel == "sms"
    for fact in ("20%", "31", "PRIMAVERA20", "https://shop.example.com/spring"):
        assert fact in text
    assert "Still time" in text
    assert len(travel.told("ana@example.com")) == len(travel.told("leo@example.com")) == 1
    announced, reminded = (text for _, text in travel.told("eva@example.com"))
    threads = [
        (entry.recipient, seen.headers["References"])
        for entry, seen in travel.sandbox.log.messages(channel="email")
    ]
    assert len(threads) == 6
    assert len(set(threads)) == len({thread for _, thread in threads}) == 4  # one per customer
    assert "Aún a tiempo" in reminded
    assert "Aún a tiempo" not in announced
    for _ in range(2):
        travel.now += 10 * DAY
        assert travel.run().accepted == 0
    assert not travel.sandbox.log.duplicates()


def test_a_journey_goes_on_without_anybody_entering(travel: Travel, tmp_path: Path) -> None:
    travel.run()
    travel.now += 3 * DAY
    late = PEOPLE.splitlines()[0] + "\nmia,Mia,en_GB,GB,mia@example.com,,yes,yes,,2027-01-10\n"
    (tmp_path / "late.csv").write_text(late, encoding="utf-8")
    travel.app.import_customers(tmp_path / "late.csv", tmp_path / "mapping.yaml")
    report = travel.run(continues=True)
    assert (report.accepted, report.audience) == (4, 4)
    assert travel.told("mia@example.com") == []


def test_a_step_added_later_reaches_who_is_past_the_others(travel: Travel) -> None:
    travel.run()
    travel.now += 3 * DAY
    travel.run(continues=True)
    folder = travel.templates / "campaigns" / "spring_sale"
    with (folder / "campaign.yaml").open("a") as file:
        file.write("  - name: last_day\n    wait: {days: 2}\n    if: {not: {clicked: any}}\n")
    for language in REMINDER:
        path = folder / f"copy.{language}.yaml"
        words = path.read_text(encoding="utf-8")
        step = words[words.index("  remind:") :].replace("remind:", "last_day:")
        for old, new in (("Still", "Last call, still"), ("Aún", "Último aviso, aún"),
                         ("Encara", "Darrer avís, encara")):  # fmt: skip
            step = step.replace(old, new)
        path.write_text(words + step, encoding="utf-8")
    travel.now += 2 * DAY
    assert travel.run(continues=True).accepted == 4
    assert [text.count("Last call") > 0 for _, text in travel.told("tom@example.com")] == [
        False, False, True,
    ]  # fmt: skip
    assert whereabouts(travel.app, "spring_sale").steps[2].sent == 4


def test_one_look_shows_who_is_where(
    travel: Travel, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    travel.run()
    travel.now += DAY
    travel.happens("leo", InteractionKind.PURCHASED)
    before = whereabouts(travel.app, "spring_sale")
    assert [(s.name, s.sent, s.waiting, s.due) for s in before.steps] == [
        ("announce", 4, 0, 0),
        ("remind", 0, 4, 0),
    ]
    assert before.steps[1].next_at == datetime(2027, 3, 4, 9, 0, tzinfo=UTC)
    assert (before.entered, before.acted) == (4, 1)
    travel.now += 2 * DAY
    assert whereabouts(travel.app, "spring_sale").due == 4
    travel.run(continues=True)
    for name in ("home", "templates", "sandbox_url"):
        monkeypatch.setenv(f"CAMPAIGNS_{name.upper()}", str(getattr(travel.settings, name)))
    assert cli(["journey", "spring_sale", "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert (told["entered"], told["acted"], told["due"]) == (4, 1, 0)
    remind = told["steps"][1]
    assert (remind["sent"], remind["skipped"], remind["waiting"]) == (3, {"already_acted": 1}, 0)
    assert cli(["journey", "spring_sale"]) == 0
    printed = capsys.readouterr().out
    assert "4 entered, 1 has acted" in printed
    assert "has already done" in printed


def test_a_campaign_of_one_message_has_no_journey(travel: Travel) -> None:
    with pytest.raises(NotFoundError, match="has not run yet"):
        whereabouts(travel.app, "shop_moves")
    with pytest.raises(UserError, match="no journey to go on with"):
        travel.app.start_run("shop_moves", continues=True)


def test_a_run_that_a_person_paused_is_not_set_going_by_the_schedule(travel: Travel) -> None:
    travel.run()
    travel.now += 3 * DAY
    run, _ = travel.app.start_run("spring_sale")
    assert under_way(travel.app).due == ()
    assert "is planning" in under_way(travel.app).held["spring_sale"]
    travel.app.runs.move(run.id, RunState.CANCELLED, now=travel.now)
    run, _ = travel.app.start_run("spring_sale", continues=True)
    assert under_way(travel.app).due == ("spring_sale",)
    travel.app.runs.move(run.id, RunState.PAUSED, now=travel.now, because="wait", as_held=True)
    assert under_way(travel.app).due == ()
    assert "is paused" in under_way(travel.app).held["spring_sale"]
