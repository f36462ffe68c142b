"""The whole path on 64,000 real customers: file → profiles → plan → messages at the providers →
interactions on the profiles, by the command line as a person would run it.

What each customer should get is worked out here from the file alone, by rules in plain words, and
held against what the sandbox logged and what the database keeps.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App, connect
from campaigns.sandbox.log import Entry
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.bench.measuring import Peaks
from tests.hillstrom import write_hillstrom

ROOT = Path(__file__).parents[2]
PUBLIC_POST = "x_post"
#: Small, so that a few thousand customers make several shards too and memory can be compared.
SHARD_SIZE = "4000"
FEW = 8_000
#: MiB. A worker holds a batch and the parts it has learned, planning holds a shard.
MOST_MEMORY = 300
#: MiB by which eight times the customers may differ: noise of the allocator, not an audience.
GROWTH = 40


@dataclass(frozen=True)
class Told:
    """What a command printed with --json, and the most memory one of its processes held (MiB)."""

    said: dict[str, Any]
    peak: float


def _templates(home: Path) -> Path:
    """The shipped ones; but nothing is tried out, and what lies back for months still counts, so
    that each customer's channel can be told from the file alone."""
    made = home / "templates"
    if not made.exists():
        shutil.copytree(ROOT / "templates", made)
        brand = made / "brand.yaml"
        words = brand.read_text(encoding="utf-8")
        words = words.replace("explore: 2 ", "explore: 0 ").replace(
            "half_life: 180", "half_life: 3650"
        )
        assert "explore: 0 " in words
        assert "half_life: 3650" in words
        brand.write_text(words, encoding="utf-8")
    return made


class Desk:
    """The command line on a database and a sandbox of its own."""

    def __init__(self, home: Path, sandbox: SandboxProcess) -> None:
        self.home, self.sandbox = home, sandbox
        ours = {k: v for k, v in os.environ.items() if not k.startswith("CAMPAIGNS_")}
        self._environment = ours | {
            "CAMPAIGNS_HOME": str(home),
            "CAMPAIGNS_TEMPLATES": str(_templates(home)),
            "CAMPAIGNS_SANDBOX_URL": sandbox.url,
            "CAMPAIGNS_SANDBOX_QUIET_HOURS": "false",
            "CAMPAIGNS_SHARD_SIZE": SHARD_SIZE,
            "CAMPAIGNS_WORKERS": "2",
            "PYTHONPATH": str(ROOT / "src"),
        }

    def __call__(self, *words: str) -> Told:
        """One command to its end."""
        command = [sys.executable, "-m", "campaigns", *words, "--json"]
        pipe = subprocess.PIPE
        with (
            subprocess.Popen(
                command, env=self._environment, cwd=self.home, stdout=pipe, stderr=pipe, text=True
            ) as process,
            Peaks(process.pid) as peaks,
        ):
            out, err = process.communicate()
        assert process.returncode == 0, err
        return Told(json.loads(out), peaks.highest)

    def import_customers(self, folder: Path) -> Told:
        return self(
            "import", str(folder / "hillstrom.csv"), "--mapping", f"{folder}/hillstrom.yaml"
        )

    def logged(self) -> Iterator[Entry]:
        """What the providers took for customers."""
        return (e for e in self.sandbox.log.entries() if e.channel != PUBLIC_POST)


@dataclass(frozen=True)
class Story:
    """All that was done, and what should have come of it: ref → (channel, address)."""

    desk: Desk
    imported: Told
    first: Told
    again: Told
    logged_first: int
    expected: dict[str, tuple[str, str] | None]


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hillstrom")
    write_hillstrom(folder)
    return folder


@pytest.fixture(scope="module")
def story(customers: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    home = tmp_path_factory.mktemp("run")
    with SandboxProcess(home / "sandbox") as sandbox:
        desk = Desk(home, sandbox)
        imported = desk.import_customers(customers)
        first = desk("run", "spring_sale")
        logged = sum(1 for _ in desk.logged())
        again = desk("run", "spring_sale")
        yield Story(desk, imported, first, again, logged, dict(_expected(customers)))


@pytest.fixture(scope="module")
def app(story: Story) -> Iterator[App]:
    with connect(
        Settings(home=story.desk.home, templates=_templates(story.desk.home))
    ) as connected:
        yield connected


def _expected(folder: Path) -> Iterator[tuple[str, tuple[str, str] | None]]:
    """Who buys by telephone and may be texted gets a text; who may be mailed, a mail; who may only
    be texted, a text; the others nothing. Nobody stated a preference."""
    with (folder / "hillstrom.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            mail, texts = row["email_offers"] == "yes", row["sms_offers"] == "yes"
            channel = None
            if texts and (row["channel"] == "Phone" or not mail):
                channel = ("sms", row["phone"])
            elif mail:
                channel = ("email", row["email"])
            yield f"H{row['id']}", channel


# One process for all: what they share takes half a minute to make.
pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("hillstrom")]


def test_the_providers_got_exactly_the_planned_messages_one_for_each_customer(
    story: Story, app: App
) -> None:
    refs = _delivery_refs(app)
    got = [(refs[int(e.delivery or 0)], (e.channel, e.recipient)) for e in story.desk.logged()]
    assert len(dict(got)) == len(got), "somebody got two messages"
    assert dict(got) == {ref: to for ref, to in story.expected.items() if to is not None}


def test_the_plan_is_what_the_customers_said_and_did(story: Story) -> None:
    said = story.first.said
    channels = Counter(to[0] if to else "skipped" for to in story.expected.values())
    assert story.imported.said["created"] == said["audience"] == len(story.expected) == 64_000
    assert said["planned"] == {c: n for c, n in channels.items() if c != "skipped"}
    assert sum(said["skipped"].values()) == channels["skipped"]
    assert said["already"] == 0


def test_every_accepted_message_is_an_interaction_on_its_customers_profile(
    story: Story, app: App
) -> None:
    query = text(
        "SELECT c.ref, i.channel FROM interactions i JOIN customers c ON c.id = i.customer_id "
        "JOIN deliveries d ON d.id = i.delivery_id AND d.customer_id = i.customer_id "
        "WHERE i.kind = 'sent' AND d.state = 'accepted'"
    )
    with app.database.read() as connection:
        recorded = [tuple(row) for row in connection.execute(query)]
    assert len(recorded) == len(dict(recorded))
    assert dict(recorded) == {ref: to[0] for ref, to in story.expected.items() if to is not None}
    some_ref, channel = recorded[0]
    shown = app.profiles.show(app.profiles.find(some_ref))
    assert [d.channel for d in shown.deliveries] == [channel]


def test_whoever_is_skipped_has_a_stored_reason_and_nothing_else(story: Story, app: App) -> None:
    query = text("SELECT c.ref, s.reason FROM skips s JOIN customers c ON c.id = s.customer_id")
    with app.database.read() as connection:
        skipped = dict(connection.execute(query).tuples().all())
    assert set(skipped) == {ref for ref, to in story.expected.items() if to is None}
    assert {reason.split("|")[0] for reason in skipped.values()} == {"no_consent", "opted_out"}


def test_the_counts_add_up(story: Story) -> None:
    said = story.first.said
    planned = sum(said["planned"].values())
    assert said["adds_up"]
    assert said["state"] == "finished"
    assert said["accepted"] == said["recorded"] == planned == story.logged_first
    assert said["audience"] == planned + sum(said["skipped"].values()) + said["already"]


def test_a_second_run_sends_nothing_and_says_who_had_it_already(story: Story) -> None:
    said = story.again.said
    assert said["planned"] == {}
    assert said["already"] == story.logged_first
    assert said["audience"] == said["already"] + sum(said["skipped"].values()) == 64_000
    assert sum(1 for _ in story.desk.logged()) == story.logged_first
    assert story.desk.sandbox.log.duplicates() == {}


def test_each_message_says_the_facts_and_carries_its_customers_own_link(
    story: Story, app: App
) -> None:
    with_link = 0
    for entry in islice(story.desk.logged(), 0, None, 700):
        seen = story.desk.sandbox.log.seen(entry)
        assert "PRIMAVERA20" in seen.text
        assert "shop.example.com/spring" in seen.text
        _, link, token = seen.text.partition("/u/")
        if link:
            with_link += 1
            number = app.links.unsubscribed_delivery(token.split()[0].rstrip(").>"))
            assert str(number) == entry.delivery
    assert with_link > 10


def test_memory_is_a_window_and_not_the_audience(
    story: Story, customers: Path, tmp_path: Path
) -> None:
    _first_customers(customers, tmp_path, FEW)
    with SandboxProcess(tmp_path / "sandbox") as sandbox:
        desk = Desk(tmp_path, sandbox)
        few_imported = desk.import_customers(tmp_path)
        few = desk("run", "spring_sale")
    assert few.said["audience"] == FEW
    assert max(story.imported.peak, story.first.peak, story.again.peak) < MOST_MEMORY
    assert story.first.peak < few.peak + GROWTH
    assert story.imported.peak < few_imported.peak + GROWTH


def _first_customers(source: Path, folder: Path, count: int) -> None:
    with (source / "hillstrom.csv").open(encoding="utf-8") as file:
        (folder / "hillstrom.csv").write_text("".join(islice(file, count + 1)), encoding="utf-8")
    (folder / "hillstrom.yaml").write_text((source / "hillstrom.yaml").read_text("utf-8"), "utf-8")


def _delivery_refs(app: App) -> dict[int, str]:
    query = text("SELECT d.id, c.ref FROM deliveries d JOIN customers c ON c.id = d.customer_id")
    with app.database.read() as connection:
        return dict(connection.execute(query).tuples().all())
