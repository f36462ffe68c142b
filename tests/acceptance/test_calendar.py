"""`campaigns calendar`: what collides is told before it happens, and then really happens."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigns.bootstrap import App
from campaigns.bootstrap.calendar import calendar
from campaigns.bootstrap.calendar.page import markdown, page
from campaigns.cli import run as cli
from campaigns.domain.calendar import Calendar
from campaigns.domain.channel import Channel
from campaigns.domain.reason import SkipReason
from campaigns.errors import BudgetError
from campaigns.store.clock import to_ms
from tests.acceptance.test_pressure import ROOT, Night, night
from tests.contract.store_world import World
from tests.runs import plan_run

#: A Wednesday, five in the morning in Madrid.
DAWN = datetime(2027, 3, 10, 4, 0, tzinfo=UTC)
SCHEDULES = """
deployments:
  - name: one-of-them
    parameters: {campaign: spring_sale}
    schedules:
      - {cron: "0 10 11 3 *", timezone: Europe/Madrid, slug: opening}
  - name: send-campaign
    schedules:
      - {cron: "0 9 * * 5", timezone: Europe/Madrid, slug: fridays, parameters: {campaign: letter}}
      - {cron: "0 18 11 3 *", timezone: Europe/Madrid, slug: shops, parameters: {campaign: shop},
         active: false}
      - {cron: "0 18 11 3 *", timezone: Europe/Madrid, slug: gone, parameters: {campaign: nobody}}
      - {cron: "0 18 11 3 *", timezone: Europe/Madrid, slug: dry,
         parameters: {campaign: shop, dry_run: true}}
  - name: housekeeping
    schedules: [{cron: "*/5 * * * *", slug: often}]
"""


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    """The spring sale thrice, under three names, of two teams; at most two messages a week."""
    folder = tmp_path / "templates"
    shutil.copytree(ROOT / "templates", folder)
    brand = folder / "brand.yaml"
    text = brand.read_text("utf-8")
    brand.write_text(text.replace("{messages: 3, days: 7}", "{messages: 2, days: 7}"), "utf-8")
    sale = folder / "campaigns" / "spring_sale"
    for name, more in (("letter", "team: Editors\nrecurs: weekly\n"), ("shop", "team: Shops\n")):
        shutil.copytree(sale, folder / "campaigns" / name)
        path = folder / "campaigns" / name / "campaign.yaml"
        written = path.read_text("utf-8").replace("title: Spring sale", f"title: The {name}")
        path.write_text(written.replace("x_dm, x_post]", "x_dm]") + more, "utf-8")
    (tmp_path / "prefect.yaml").write_text(SCHEDULES, "utf-8")
    return folder


def people(app: App) -> tuple[list[int], list[int]]:
    """Who bought lately, and who is a member of the letter's only: by e-mail."""
    world = World(app.database)
    common = {"country": "ES", "time_zone": "Europe/Madrid"}
    bought = to_ms(DAWN - timedelta(days=30))
    many = world.customers(40, channels=(Channel.EMAIL,), last_purchase_at=bought, **common)
    others = world.customers(7, channels=(Channel.EMAIL,), **common)  # in nobody's audience
    return many, others


def made_on(made: Night, tmp_path: Path, weeks: int = 3) -> Calendar:
    return calendar(made.app, weeks=weeks, schedules=tmp_path / "prefect.yaml")


def test_what_the_calendar_foretells_is_what_happens(tmp_path: Path, templates: Path) -> None:
    with night(tmp_path, at=DAWN, templates=templates) as made:
        many, _ = people(made.app)
        told = made_on(made, tmp_path, weeks=1)
        names = [(o.name, o.team, o.active) for o in told.occasions]
        assert names == [
            ("spring_sale", "", True),
            ("shop", "Shops", False),
            ("letter (2027-W10)", "Editors", True),
        ]
        assert [c.people for c in told.crowds] == [len(many)] * 3
        assert [c.reached for c in told.crowds] == [len(many), len(many), 0]
        assert told.conflicts() == [
            "shop and letter (2027-W10) (Shops, Editors): of 40 who would get both, 40 are over "
            "the cap of 2 in 7 days and will not get letter (2027-W10).",
            "spring_sale and letter (2027-W10): of 40 who would get both, 40 are over the cap of "
            "2 in 7 days and will not get letter (2027-W10).",
            "spring_sale and shop: 40 would get both on Thursday, 11 March.",
        ]
        assert told.notes == [
            "The schedule gone is of nobody, and there is no such campaign.",
            "Without a schedule: shop_moves, welcome.",
            "By the schedules in prefect.yaml. What was changed or started for later on Prefect's "
            "pages is in the calendar of the flow `calendar` there.",
        ]
        for occasion, crowd in zip(told.occasions, told.crowds, strict=True):
            made.clock.at = max(made.clock.at, occasion.at)
            report = made.send_until_done(occasion.campaign)
            assert report.accepted == crowd.reached
            assert report.skipped.get(SkipReason.CAPPED, 0) == crowd.over.total()
        assert sum(c.reached for c in told.crowds) == made.sandbox.log.counts()["email"]


def test_a_calendar_writes_nothing_and_looks_the_same_again(
    tmp_path: Path, templates: Path
) -> None:
    with night(tmp_path, at=DAWN, templates=templates) as made:
        people(made.app)
        first, again = made_on(made, tmp_path), made_on(made, tmp_path)
        assert first.as_json()["occasions"] == again.as_json()["occasions"]
        assert made.app.runs.active() == []
        weekly = [o.edition for o in first.occasions if o.campaign == "letter"]
        assert weekly == ["2027-W10", "2027-W11", "2027-W12"]
        # Each edition is for everybody again; caps let through what the weeks allow.
        reached = {o.name: c.reached for o, c in zip(first.occasions, first.crowds, strict=True)}
        assert reached["letter (2027-W11)"] == reached["letter (2027-W12)"] == 40


def test_an_occasion_that_would_break_its_budget_is_named_and_then_refused(
    tmp_path: Path, templates: Path
) -> None:
    """40 e-mails at €0.0009 and a post at €0.01; the letter, without a post, is within the same."""
    for name in ("letter", "spring_sale"):
        path = templates / f"campaigns/{name}/campaign.yaml"
        path.write_text(path.read_text("utf-8").replace("amount: 50000", "amount: 0.04"), "utf-8")
    with night(tmp_path, at=DAWN, templates=templates) as made:
        people(made.app)
        told = made_on(made, tmp_path, weeks=1)
        (sentence,) = [s for s in told.conflicts() if "budget" in s]
        assert sentence.startswith("spring_sale would be refused: it would cost €0.046, ")
        assert "and the budget is €0.04." in sentence
        assert [bool(o["over_budget"]) for o in told.as_json()["occasions"]] == [True, False, False]
        made.clock.at = max(made.clock.at, told.occasions[0].at)
        refused = sentence.partition("refused: ")[2]
        with pytest.raises(BudgetError, match=re.escape(refused)):
            made.send_until_done("spring_sale")
    for text in (page(told), markdown(told)):
        assert "and the budget is €0.04." in text


def test_a_schedule_that_sends_to_a_part_is_not_held_against_the_budget(
    tmp_path: Path, templates: Path
) -> None:
    path = templates / "campaigns/spring_sale/campaign.yaml"
    path.write_text(path.read_text("utf-8").replace("amount: 50000", "amount: 0.04"), "utf-8")
    restricted = SCHEDULES.replace("campaign: spring_sale}", "campaign: spring_sale, limit: 5}")
    (tmp_path / "prefect.yaml").write_text(restricted, "utf-8")
    with night(tmp_path, at=DAWN, templates=templates) as made:
        people(made.app)
        assert not [s for s in made_on(made, tmp_path, weeks=1).conflicts() if "budget" in s]


def test_who_has_this_weeks_edition_is_in_the_next_weeks(tmp_path: Path, templates: Path) -> None:
    with night(tmp_path, at=DAWN, templates=templates) as made:
        people(made.app)
        made.send_until_done("letter")
        told = made_on(made, tmp_path)
    found = {
        o.edition: c.people
        for o, c in zip(told.occasions, told.crowds, strict=True)
        if o.campaign == "letter"
    }
    assert found == {"2027-W10": 0, "2027-W11": 40, "2027-W12": 40}


def test_messages_of_a_run_under_way_are_in_the_calendar(tmp_path: Path, templates: Path) -> None:
    path = templates / "campaigns/spring_sale/campaign.yaml"
    path.write_text(path.read_text("utf-8") + 'send_at: {time: "10:00"}\n', "utf-8")
    with night(tmp_path, at=DAWN, templates=templates) as made:
        many, _ = people(made.app)
        run = plan_run(made.app)
        told = made_on(made, tmp_path, weeks=1)
    under_way = told.occasions[0]
    assert (under_way.by, told.crowds[0].people) == (f"run {run.id}, planning", len(many))
    assert told.crowds[0].by_day == {DAWN.date(): len(many)}
    assert told.crowds[2 if told.occasions[1].campaign == "spring_sale" else 1].people == len(many)
    scheduled = [
        c.people
        for o, c in zip(told.occasions, told.crowds, strict=True)
        if o.campaign == "spring_sale" and o.by == "opening"
    ]
    assert scheduled == [0]  # they have it already


def test_the_command_tells_it_as_text_json_and_a_page(
    tmp_path: Path,
    templates: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CAMPAIGNS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(templates))
    always = SCHEDULES.replace("11 3", "* *")
    (tmp_path / "prefect.yaml").write_text(always, "utf-8")
    page_path = tmp_path / "calendar.html"
    given = ["calendar", "--schedules", str(tmp_path / "prefect.yaml"), "--weeks", "1"]
    assert cli([*given, "--html", str(page_path)]) == 0
    said = capsys.readouterr().out
    assert "shop" in said
    assert "Without a schedule: shop_moves, welcome." in said
    html = page_path.read_text("utf-8")
    assert "Campaign calendar" in html
    assert "http" not in html  # nothing is fetched from elsewhere
    assert cli([*given, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {o["team"] for o in document["occasions"]} == {None, "Editors", "Shops"}


def test_the_page_and_the_artifact_tell_the_same_numbers(tmp_path: Path, templates: Path) -> None:
    with night(tmp_path, at=DAWN, templates=templates) as made:
        people(made.app)
        told = made_on(made, tmp_path, weeks=1)
    html, text = page(told), markdown(told)
    for sentence in told.conflicts():
        assert sentence in html
        assert sentence in text
    assert html.count('class="chip') == 3
    assert html.count("40 people") == 3
    assert text.count("| 40 |") == 3
    quiet = replace(told, until=told.until + timedelta(days=28))
    assert "5 weeks with nothing" in page(quiet)
    nothing = replace(told, occasions=[], crowds=[], overlaps={})
    assert "Nothing is scheduled in these weeks." in page(nothing)
    assert markdown(nothing).startswith("Nothing is scheduled in these weeks.")
    assert "Nothing collides" not in page(nothing) + markdown(nothing)
    assert "schedule off" in html
    assert "(schedule off)" in text
