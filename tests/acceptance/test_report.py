"""`campaigns report`: every number is what the database says to the query that the page names."""

from __future__ import annotations

import csv
import json
import re
import sqlite3
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest
import smsutil
from pyarrow import parquet
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import make_url, text

from campaigns.account_page import page
from campaigns.account_page.markdown import account_markdown, rows
from campaigns.account_page.programs import account_json
from campaigns.bootstrap import App
from campaigns.bootstrap.control import cancel, pause
from campaigns.bootstrap.reporting import account_of, write_report
from campaigns.cli import run as cli
from campaigns.domain.account import Account
from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.figures import ALL
from campaigns.domain.mode import PRACTISED
from campaigns.domain.outcome_words import all_in_words
from campaigns.domain.plan import PlanCounts
from campaigns.domain.prices import Prices
from campaigns.domain.run import RunState
from campaigns.errors import NotFoundError, UserError
from tests.report_world import CAMPAIGN, live, people, send, shop

Ask = Callable[[str], list[tuple[object, ...]]]
World = tuple[App, PlanCounts, int]


@pytest.fixture
def world(tmp_path: Path, database_url: str) -> Iterator[World]:
    """Two runs with five days of answers after each, on either database."""
    with shop(tmp_path, database_url) as (app, turned, _):
        people(app, tmp_path, 160)
        live(app, turned, send(app, limit=30), seed=2)
        plan = app.preview(CAMPAIGN)
        run = send(app)
        live(app, turned, run)
        yield app, plan, run


@pytest.fixture
def ask(database_url: str) -> Iterator[Ask]:
    """A database prompt: the driver alone, and none of our code."""
    url = make_url(database_url)
    if url.get_backend_name() == "sqlite":
        assert url.database
        raw = sqlite3.connect(url.database)
        yield lambda sql: raw.execute(sql).fetchall()
        raw.close()
        return
    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(address, autocommit=True) as connection:
        yield lambda sql: connection.execute(sql.encode()).fetchall()


def answers_of(html: LexborHTMLParser, ask: Ask) -> dict[tuple[str, ...], float]:
    """The address of each number, and what the database says to the SQL that stands in the page."""
    found: dict[tuple[str, ...], float] = {}
    for block in html.css("pre[data-query]"):
        name, keys = str(block.attributes["data-query"]), int(str(block.attributes["data-keys"]))
        columns = str(block.attributes["data-columns"]).split()
        for row in ask(block.text()):
            key = tuple("" if word is None else str(word) for word in row[:keys])
            for column, value in zip(columns, row[keys:], strict=True):
                found[name, *key, column] = float(str(value if value is not None else 0))
    return found


def test_every_number_of_the_page_is_what_its_query_says(world: World, ask: Ask) -> None:
    app, _, run = world
    html = LexborHTMLParser(page.render(account_of(app, str(run))))
    told = answers_of(html, ask)
    figures = html.css("[data-figure]")
    for figure in figures:
        address = tuple(json.loads(str(figure.attributes["data-figure"])))
        said = float(figure.text().replace(",", ""))
        assert said == pytest.approx(told.get(address, 0.0), abs=0.005), address
        assert float(str(figure.attributes["value"])) == pytest.approx(said, abs=0.005)
    ratios = html.css("[data-ratio]")
    for ratio in ratios:
        addresses = json.loads(str(ratio.attributes["data-ratio"]))
        over, under = (told.get(tuple(address), 0.0) for address in addresses)
        assert float(str(ratio.attributes["value"])) == pytest.approx(over / under, rel=1e-5)
        assert float(ratio.text().rstrip("%")) / 100 == pytest.approx(over / under, abs=6e-4)
    sums = html.css("[data-sum]")
    for added in sums:
        addresses = json.loads(str(added.attributes["data-sum"]))
        total = sum(told[tuple(address)] for address in addresses)
        assert float(added.text().replace(",", "")) == pytest.approx(total, abs=0.005)
    assert len(sums) == 8  # two arms on two goals: people, and how many or how much
    assert len(figures) > 80
    assert len(ratios) > 10
    assert sum(told.values()) > 1000
    known = {str(b.attributes["data-query"]) for b in html.css("pre[data-query]")}
    named = {str(a.attributes["href"]).removeprefix("#q-") for a in html.css(".asked a")}
    assert named <= known


def shown_numbers(markdown: str) -> dict[tuple[str, str], int]:
    """(row, column) of the funnel and (section, line) of the rest, as a reader sees them."""
    lines = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in markdown.splitlines()
        if line.startswith("| ")
    ]
    (head,) = (line for line in lines if line[0] == "people")
    shown: dict[tuple[str, str], int] = {}
    for first, *others in lines:
        if len(others) == 2 and first:
            shown[first, others[0]] = int(others[1].replace(",", ""))
        elif len(others) > 2 and first != "people":
            for column, cell in zip(head[1:-1], others[:-1], strict=True):
                shown[first, column] = int(cell.replace(",", "") or 0)
    return shown


def test_plan_table_artifact_report_and_database_agree(
    world: World, ask: Ask, tmp_path: Path
) -> None:
    app, plan, run = world
    report, account = app.report(run), account_of(app, CAMPAIGN)
    told = account.answers
    for channel in PERSONAL_CHANNELS:
        planned = told.number("funnel", channel.value, column="planned")
        assert planned == report.planned.get(channel, 0)
        assert planned == plan.planned.get(channel, 0)
    assert told.number("audience", column="people") == report.audience == plan.audience
    assert told.number("audience", column="already") == report.already == plan.already == 30
    skipped = {w: told.number("skips", w, column="people") for (w,) in told.keys("skips")}
    assert skipped == {str(reason): n for reason, n in report.skipped.items()}
    assert skipped == dict(plan.skipped)
    states = {s: told.number("states", s, column="messages") for (s,) in told.keys("states")}
    assert states == report.as_json()["states"]
    assert told.number("recorded", column="messages") == report.recorded == report.accepted
    assert told.number("funnel", ALL, column="sent") == report.accepted
    failures = {w: told.number("failures", w, column="messages") for (w,) in told.keys("failures")}
    assert all_in_words(failures) == report.outcomes
    (post,) = told.keys("post")
    assert post == (str(report.post),)
    (counted,) = ask(f"SELECT count(*) FROM deliveries WHERE run_id = {run} AND customer_id > 0")
    assert told.number("funnel", ALL, column="messages") == counted[0]

    table = {(section, line): n for section, line, n in rows(account)}
    by_section = {(s, line): n for s, line, n in report.rows()}
    assert table["outcome", "accepted"] == by_section["outcome", "accepted"]
    assert table["audience", "everyone"] == by_section["audience", "everyone the campaign is for"]
    shown = shown_numbers(account_markdown(account))
    assert {place: n for place, n in shown.items() if n} == {p: n for p, n in table.items() if n}
    for ending in ("csv", "parquet"):
        write_report(account, tmp_path / f"figures.{ending}")
    with (tmp_path / "figures.csv").open(newline="", encoding="utf-8") as file:
        lines = list(csv.DictReader(file))
    assert {line["mode"] for line in lines} == {"sandbox"}
    figures = {(line["query"], line["figure"]): float(line["value"]) for line in lines}
    assert figures["funnel", "all/sent"] == report.accepted
    document = account_json(account)
    assert document["mode"] == "sandbox"
    assert PRACTISED in account_markdown(account)
    listed = document["figures"]
    assert isinstance(listed, list)
    assert figures == {(f["query"], f["figure"]): float(f["value"]) for f in listed}
    columns = parquet.read_table(tmp_path / "figures.parquet").to_pydict()
    assert set(columns["mode"]) == {"sandbox"}
    assert figures == dict(
        zip(zip(columns["query"], columns["figure"], strict=True), columns["value"], strict=True)
    )


@pytest.fixture
def small(tmp_path: Path) -> Iterator[App]:
    """A shop with forty customers and nothing sent."""
    with shop(tmp_path) as (app, _, _):
        people(app, tmp_path, 40)
        yield app


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[App, int]]:
    """Sent to forty customers, and five days of answers."""
    folder = tmp_path_factory.mktemp("shop")
    with shop(folder) as (app, turned, _):
        people(app, folder, 40)
        run = send(app)
        live(app, turned, run)
        yield app, run


def text_of(account: Account) -> str:
    """The page as a reader sees it."""
    body = LexborHTMLParser(page.render(account)).body
    assert body is not None
    return re.sub(r"\s+", " ", body.text())


def test_a_run_in_each_state_has_a_page_that_says_so(small: App) -> None:
    app = small
    with pytest.raises(NotFoundError, match="has not run yet"):
        account_of(app, CAMPAIGN)
    run, _ = app.start_run(CAMPAIGN)
    begun = text_of(account_of(app, CAMPAIGN))
    assert "still going on" in begun
    assert "Nobody has got it yet" in begun
    assert "Nobody is planned yet" in begun
    assert "too few people in message, holdout" in begun
    for shard in app.shards(run.id):
        app.plan_shard(run.id, shard.no)
    pause(app, run.id, by="demo", why="the offer is being looked at")
    waiting = account_of(app, str(run.id))
    assert waiting.answers.number("states", "pending", column="messages") > 0
    assert "Waiting: the offer is being looked at" in text_of(waiting)
    cancel(app, run.id, by="demo", why="withdrawn")
    ended = text_of(account_of(app, str(run.id)))
    assert "Cancelled: withdrawn" in ended
    assert "demo" in ended  # the trail says who

    sent = send(app)
    assert "is counted there, no longer here" in text_of(account_of(app, str(run.id)))
    assert app.runs.get(sent).state is RunState.FINISHED
    assert "do their webhooks arrive?" in text_of(account_of(app, str(sent)))  # nothing was told
    empty = account_of(app, str(send(app)))  # everybody has it
    assert empty.answers.number("audience", column="already") > 0
    assert empty.proof.asked == 0
    assert "Dealt with in an earlier run" in text_of(empty)


def test_the_page_needs_nothing_from_anywhere_and_names_nobody(lived: tuple[App, int]) -> None:
    app, run = lived
    whole = page.render(account_of(app, str(run)))
    assert "<script" not in whole
    assert not re.search(r'(src|href)="(?!#)', whole)
    assert not re.search(r"url\((?!#)", whole)
    addresses = set(re.findall(r"https?://[^\s\"'<]+", whole))
    assert addresses == {
        "http://www.w3.org/2000/svg",
        "http://www.w3.org/1999/xlink",
        "https://shop.example.com/spring",  # a fact
    }
    with app.database.read() as connection:
        names = connection.exec_driver_sql("SELECT last_name, ref FROM customers").all()
    assert len(names) > 30
    for name, ref in names:
        assert name not in whole
        assert ref not in whole


def test_what_it_cost_is_the_price_of_the_texts_that_left(lived: tuple[App, int]) -> None:
    app, run = lived
    account = account_of(app, str(run))
    prices = Prices.of(app.releases.load(account.run.release_hash).source("brand.yaml"))
    assert prices is not None
    assert account.costs is not None
    expected = Decimal(0)
    with app.database.read() as connection:
        left = connection.exec_driver_sql(
            "SELECT d.id, d.channel, c.country FROM deliveries d LEFT JOIN customers c "
            f"ON c.id = d.customer_id WHERE d.run_id = {run} AND d.state = 'accepted'"
        ).all()
    assert {channel for _, channel, _ in left} >= {"email", "sms", "whatsapp", "x_post"}
    for delivery, channel, country in left:
        words = app.message(delivery)["body"] if channel == "sms" else ""
        price = prices.cost(
            Channel(channel),
            purpose=account.run.purpose,
            country=country,
            segments=len(smsutil.split(words).parts) if words else 1,
        )
        expected += price or 0
    assert account.costs.total == expected > 0
    assert account.costs.budget == 50
    assert account.costs.unpriced == 0


def test_a_message_that_was_tampered_with_is_told(lived: tuple[App, int]) -> None:
    app, run = lived
    assert not account_of(app, str(run)).proof.differing
    change = text("UPDATE messages SET slot_values = :values WHERE delivery_id = :number")
    with app.database.write() as connection:
        first, values = connection.exec_driver_sql(
            "SELECT delivery_id, slot_values FROM messages ORDER BY delivery_id LIMIT 1"
        ).one()
        connection.execute(change, {"values": "{}", "number": first})
    account = account_of(app, str(run))
    with app.database.write() as connection:
        connection.execute(change, {"values": values, "number": first})
    assert account.proof.differing == (first,)
    assert account.proof.asked - account.proof.proven == 1
    assert f"Not so: deliveries {first}" in text_of(account)


def test_the_command_writes_what_the_name_of_the_file_says(
    lived: tuple[App, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    app, run = lived
    monkeypatch.setenv("CAMPAIGNS_HOME", str(app.settings.home))
    monkeypatch.setenv("CAMPAIGNS_TEMPLATES", str(app.settings.templates))
    out = tmp_path / "out"
    files = [str(out / f"report.{e}") for e in ("html", "csv", "parquet")]
    assert cli(["report", CAMPAIGN, *[w for f in files for w in ("--out", f)]]) == 0
    assert {p.name for p in out.iterdir()} == {"report.html", "report.csv", "report.parquet"}
    capsys.readouterr()
    assert cli(["report", str(run), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["run"] == run
    assert set(told["queries"]) >= {"funnel", "conversions", "arms", "paid"}
    assert cli(["report", str(run)]) == 0
    shown = capsys.readouterr().out
    assert "audience" in shown
    assert "people who got it bought within 14 days" in shown
    assert cli(["report", str(run), "--queries"]) == 0
    assert "-- funnel: People by the channel" in capsys.readouterr().out
    with pytest.raises(UserError, match=r"written as \.html, \.csv or \.parquet"):
        write_report(account_of(app, str(run)), tmp_path / "report.pdf")
