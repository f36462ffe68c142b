"""What the benchmarks measure holds: the same bytes, quickly."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from campaigns.bootstrap.app import App
from campaigns.domain.channel import Channel
from campaigns.sample import COLUMNS
from campaigns.sandbox.process import SandboxProcess
from campaigns.store.engine import Database
from campaigns.store.outbox import SqlOutbox
from tests.bench import (
    channels,
    check,
    customers,
    fill,
    inside,
    learning,
    peers,
    prefect_share,
    profile,
    protocol,
    reimport,
    tables,
    webhooks,
)
from tests.bench.smtp_sink import Sink
from tests.faults.clock import SharedClock
from tests.speed import slowness
from tests.unit.channels import make

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)


def test_filling_gives_every_customer_the_bytes_that_jinja2_gives() -> None:
    assert fill.different() == 0


def test_the_customers_of_the_benchmark_are_many_and_some_hostile() -> None:
    customers = [raw for _, raw in fill.profiles()]
    names = {str(raw["first_name"]) for raw in customers}
    assert len(customers) == fill.CUSTOMERS == 2000
    assert any("<script>" in name for name in names)
    assert any("👩" in name for name in names)
    assert "None" in names


def test_filling_is_many_times_as_fast_as_jinja2() -> None:
    """The benchmark asks for twenty; here other tests may have the memory busy."""
    filling, jinja = fill.measure()
    assert jinja > 10 * filling


def test_a_check_of_four_channels_three_locales_and_two_variants_takes_under_a_second(
    tmp_path: Path,
) -> None:
    """Of processor time: the clock depends on what else the machine does."""
    taken = check.measure(check.make(tmp_path), times=5)
    assert median(taken.processor) < check.MOST * slowness()


def test_events_are_verified_and_on_disk_at_eight_thousand_a_second_of_one_core(
    tmp_path: Path,
) -> None:
    """Of processor time, over HTTP into SQLite; `python -m tests.bench.webhooks` tells the clock's
    too."""
    measured = webhooks.measure(tmp_path, deliveries=5_000, batch=500)
    assert measured.recorded == 5_000
    assert measured.per_cpu_second > 8_000 / slowness()


def test_everybody_is_counted_anew_in_less_than_a_minute_per_million(
    sqlite_database: Database,
) -> None:
    """Of processor time; here with few customers, and twice the bound, since memory is shared."""
    measured = learning.measure(sqlite_database, 10_000)
    assert measured.customers == 10_000
    assert measured.interactions > 8 * measured.customers
    assert measured.cpu / measured.customers < 2 * 60 / 1_000_000 * slowness()


def test_others_send_the_words_that_we_send(tmp_path: Path) -> None:
    """The peer that needs nothing we do not have, to the sink, which counts."""
    job = {
        "sender": peers.SENDER,
        "customers": [{"address": f"p{n}@example.com", "values": VALUES} for n in range(20)],
        **peers.templates_of(make.mail()),
    }
    assert job["subject"] == "A sale, {{ first_name }}"
    assert job["html"].startswith('<p>Hello {{ first_name }}</p><a href="{{ page }}">')
    with Sink() as sink:
        job["smtp_port"] = sink.port
        cost = peers.peer(Path(sys.executable), "jinja2_smtplib", job, tmp_path)
        told = sink.stop()
    assert (told["mails"], told["recipients"]) == (20, 20)
    assert cost.cpu > 0


def test_the_protocol_is_measured_with_and_without_and_others_get_what_it_says(
    tmp_path: Path,
) -> None:
    """On one prepared run, which is sent again and again: every message is accepted each time."""
    with SandboxProcess(tmp_path / "log") as sandbox:
        settings = peers._settings(tmp_path, sandbox, "")
        with App(settings, SharedClock(tmp_path / "clock").clock()) as app:
            bench = protocol.prepared(app, customers=60)
            with_ = bench.cost([SqlOutbox(app.database)], 60)
            without = bench.cost([protocol.Careless(app.database, 0, 1)], 60)
            job = peers.job_of(bench, 40)
        arrived = sandbox.log.counts()["email"]
    assert arrived == 120
    assert min(with_.cpu, without.cpu) > 0
    assert len({customer["address"] for customer in job["customers"]}) == 40
    slots = {value for customer in job["customers"] for value in customer["values"]}
    assert slots
    assert all(f"{{{{ {slot} }}}}" in job["html"] + job["text"] + job["subject"] for slot in slots)


VALUES = {"first_name": "Ana", "page": "https://news.example.com/p/1"}


@pytest.mark.parametrize(("name", "most"), [("sms", 600), ("sink", 200)])
def test_a_channel_alone_takes_little_of_the_processor(
    name: str, most: int, tmp_path: Path
) -> None:
    """Microseconds of this process for one message: four times what was measured, at least."""
    with SandboxProcess(tmp_path) as sandbox, Sink() as sink:
        to = sink if name == "sink" else None
        cost = channels.measure(channels.ROWS[name], sandbox, 200, sink=to)
    assert cost.cpu / cost.messages * 1e6 < most * slowness()


def test_a_sinks_count_is_of_mails_and_of_recipients(tmp_path: Path) -> None:
    with SandboxProcess(tmp_path) as sandbox, Sink() as sink:
        sender = channels.opened(channels.SMTP, sandbox, sink.url)
        for _ in range(2):
            sender.send(make.mail(), make.envelopes(Channel.EMAIL, 3))
        sender.close()
        assert {**sink.stop(), "octets": 0} == {"mails": 6, "recipients": 3, "octets": 0}


def test_a_night_s_export_has_some_changed_some_new_and_some_gone() -> None:
    counts = [stage.steps for stage in reimport.measure(600, "sqlite", "real")]
    assert counts == [
        {"created": 600, "updated": 0, "unchanged": 0},
        {"created": 0, "updated": 0, "unchanged": 600},
        {"created": 3, "updated": 2, "unchanged": 595},
        {"created": 0, "updated": 0, "unchanged": 600},
    ]


def test_the_same_seed_and_day_give_the_same_customers() -> None:
    first, second = (list(customers.rows(500, mix="real", seed=1, now=NOW)) for _ in range(2))
    assert first == second != list(customers.rows(500, mix="real", seed=2, now=NOW))


def test_a_fifth_of_the_real_mix_may_get_nothing_each_for_one_of_four_reasons() -> None:
    people = [dict(zip(COLUMNS, row, strict=True))
              for row in customers.rows(2_000, mix="real", seed=1, now=NOW)]  # fmt: skip
    reasons: Counter[str] = Counter()
    for person in people:
        if not person["email"] and not person["phone"]:
            reasons["nowhere"] += 1
        elif person["address_note"] == "bounced":
            reasons["bounced"] += 1
        elif "yes" not in (person["email_offers"], person["sms_offers"]):
            reasons["said no" if person["email_offers"] else "never asked"] += 1
    assert reasons == {"nowhere": 100, "bounced": 100, "said no": 100, "never asked": 100}
    assert {person["language"] for person in people} >= {"es_ES", "ca_ES", "en_GB", "en_US"}


def test_what_the_product_does_in_a_flow_s_process_is_told_apart(tmp_path: Path) -> None:
    """Its own work in one function, and as much outside, in a process that looks like a flow's."""
    work = """
from campaigns.services.rounds import beginning_at
numbers = list(range(1_000_000))
for n in range(40):
    beginning_at(numbers, n)
    [*numbers[n:], *numbers[:n]]
"""
    with inside.hooked(tmp_path / "told") as env:
        command = [sys.executable, "-c", work, "prefect.engine"]
        subprocess.run(command, env={**os.environ, **env}, check=True)
    found = inside.told(tmp_path / "told")
    ours = found["product"]["campaigns.services.rounds.beginning_at"]
    assert 0.2 < ours / (found["threads"]["MainThread"] - ours) < 1.5


def test_a_share_is_told_with_and_without_the_product_s_work_in_the_flow_s_process() -> None:
    few = prefect_share.Spent(1.0, 2.0, 6.0, 1.0, 20.0, 200, own={"a": 1.0}, idle=0.01)
    many = prefect_share.Spent(2.0, 2.0, 8.0, 98.0, 120.0, 9_000, own={"a": 2.0}, idle=0.01)
    told = prefect_share.text(few, many, 10_000)
    assert "**2.0%** of 100.0 s" in told
    assert "3.0% if the flow's whole process" in told
    assert "1.0 s of it" in told
    assert "`a` 1.00 s" in told


def test_a_profile_names_costs_by_stage_in_words_and_tells_start_up_apart() -> None:
    sending = "process 1;run (campaigns/services/dispatch.py:1)"
    raw = [
        f"{sending};a (campaigns/store/claiming.py:2);b (campaigns/store/bulk.py:2);do (x:3) 7",
        f"{sending};unknown (campaigns/bootstrap/app.py:1) 2",
        "run (campaigns/cli/x.py:1);_find_and_load (<frozen>:1);<module> (campaigns/errors.py:1) 3",
        "process 2;main (campaigns/sandbox/server.py:1);dumps (campaigns/errors.py:1) 90",
    ]
    claim = "send: claiming a batch with its profiles"
    assert profile.costs(raw) == {
        claim: 7,
        "send: bootstrap/app.py: unknown": 2,
        profile.START: 3,
    }
    told = profile.table(profile.costs(raw))
    assert f"| 78% | {claim} | the driver's own tuples" in told
    assert "12 samples, 25% of them importing" in told


def result(people: str, database: str = "sqlite", **wall: float) -> dict[str, Any]:
    def stage(name: str, seconds: float) -> dict[str, Any]:
        zero = dict.fromkeys(("cpu", "sandbox_cpu", "server_cpu", "peak", "worker_peak"), 0.0)
        return {"name": name, "items": 1, "wall": seconds, "rate": 1.0, "steps": {}, **zero}

    stages = [stage(name.replace("_", " "), seconds) for name, seconds in wall.items()]
    more: dict[str, Any] = {
        "mix": "real",
        "workers": 2,
        "at": "2026-11-26",
        "load": (0, 0),
        "sandbox_peak": 0,
    }
    more["command"] = f"measure {people} {database}"
    return {"customers": people, "database": database, "stages": stages, **more}


def test_the_tables_say_which_targets_are_met() -> None:
    many = result("1000000", **{"import": 121.0, "plan": 20.0, "send_email": 59.0})
    few = result("100000", **{"import": 12.0, "plan": 2.0, "send_email": 4.0})
    told = tables.tables([few, many])
    assert "| e-mail, plan to recorded, sqlite | 80 s | 79.0 s | yes |" in told
    assert "| import, sqlite | 120 s | 121.0 s | **no** |" in told
    assert "| time at 1M over time at 100k, sqlite | 11 times | 11.1 times | **no** |" in told


def test_tables_go_between_their_marks_and_nowhere_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- x: begin -->\nold\n<!-- x: end -->\nafter\n")
    tables.write_between("x", "new", page)
    assert page.read_text() == "before\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nafter\n"
    with pytest.raises(ValueError, match="no marks for y"):
        tables.write_between("y", "new", page)


def test_a_database_and_a_size_that_were_not_measured_keep_their_table(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- end-to-end: begin -->\n<!-- end-to-end: end -->\nafter\n")
    seconds = {"import": 1.0, "plan": 1.0}
    first = [result("100000", **seconds), result("1000000", **seconds)]
    tables.write_tables([*first, result("100000", "postgresql", **seconds)], page)
    tables.write_tables([result("1000000", "postgresql", **seconds)], page)
    before = page.read_text()
    tables.write_tables([result("1000000", **{"import": 99.0, "plan": 1.0})], page)
    after = page.read_text()
    for measured in ("100000 sqlite", "1000000 sqlite", "100000 postgresql", "1000000 postgresql"):
        assert after.count(f"`measure {measured}`") == 1
    assert "| import, sqlite | 120 s | 99.0 s | yes |" in after
    assert "| import, postgresql | 120 s | 1.0 s | yes |" in after
    assert "times" in before
    assert "times" not in after
    assert after.startswith("before\n")
    assert after.endswith("<!-- end-to-end: end -->\nafter\n")
