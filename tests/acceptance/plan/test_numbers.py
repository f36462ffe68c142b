"""The plan says what the run then does, in one set of numbers."""

from __future__ import annotations

import json
from decimal import Decimal
from html import unescape
from pathlib import Path

import pytest

from campaigns.bootstrap import App, plan_page
from campaigns.bootstrap.costs import rows_by_channel
from campaigns.bootstrap.forecasting import forecast
from campaigns.cli import run as cli
from campaigns.domain.prices import Prices
from campaigns.domain.reason import SkipReason
from tests.acceptance.plan.world import SALE, add, import_people, planned, rows
from tests.runs import send_run


def test_plan_run_command_page_artifact_and_database_agree_on_every_number(
    on_both: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = on_both
    import_people(app, tmp_path)
    told = forecast(app, "spring_sale")
    assert cli(["plan", "spring_sale", "--json"]) == 0
    by_command = json.loads(capsys.readouterr().out)
    artifact, page = plan_page.as_markdown(told), unescape(plan_page.as_html(told))
    assert by_command["goal"] == {"kind": "purchased", "within_days": 14}
    goal = "people buy within 14 days of the message."  # as the shipped campaign states it
    assert f"- Goal: {goal}" in artifact
    assert f"<strong>Goal:</strong> {goal}" in page

    run_id = planned(app)
    send_run(app, run_id)
    report = app.report(run_id)
    assert cli(["show", "run", str(run_id), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    by_database = dict(
        rows(
            app,
            "SELECT channel, count(*) FROM deliveries WHERE run_id = :run AND customer_id > 0 "
            "AND NOT replaced GROUP BY channel",
            run=run_id,
        )
    )
    skipped = dict(
        rows(app, "SELECT reason, count(*) FROM skips WHERE run_id = :run GROUP BY reason",
             run=run_id)
    )  # fmt: skip
    by_reason: dict[str, int] = {}
    for reason, n in skipped.items():
        head = str(reason).split("|")[0]
        by_reason[head] = by_reason.get(head, 0) + n

    plan = {str(c): n for c, n in told.counts.planned.items()}
    assert sum(plan.values()) > 50
    assert plan == by_database == by_command["planned"] == shown["planned"]
    assert {str(r): n for r, n in told.counts.skipped.items()} == by_reason
    assert by_reason == by_command["skipped"] == shown["skipped"]
    assert told.counts.audience == report.audience == by_command["audience"] == shown["audience"]
    for _, line, n in told.rows():
        assert f"| {line} | {n:,} |" in artifact
    funnel = page.split('id="funnel"', 1)[1]
    for _, line, n in told.rows()[:-1]:
        if "to learn" not in line:  # told in the sentence below the table
            assert f"{n:,}</td>" in funnel.split(line, 1)[1][:400]
    assert f"{told.counts.audience:,}</td>" in page

    release = app.releases.load(report.run.release_hash)
    prices = Prices.of(release.source("brand.yaml"))
    written = rows_by_channel(app, release, app.plans.messages(run_id), prices)
    costs = {c.channel: c for c in written}
    assert {c: k.cost for c, k in costs.items()} == {c.channel: c.cost for c in told.channels}
    for channel in told.channels:
        assert costs[channel.channel].locales == channel.locales
        assert costs[channel.channel].segments == channel.segments
    assert told.cost == sum((c.cost for c in costs.values()), Decimal(0))
    assert told.money(told.cost) in artifact
    assert told.money(told.cost) in page

    made = app.plans.of_run(run_id)
    assert made is not None
    assert (made.plan, made.people) == (told.plan, sum(plan.values()))
    assert by_command["plan"] == told.plan
    assert told.plan in artifact
    assert f"Plan {told.plan}" in " ".join(report.course)


def test_what_an_earlier_run_sent_is_neither_planned_nor_paid_for_again(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path, 60)
    whole = forecast(app, "spring_sale")
    send_run(app, planned(app, limit=10))
    rest = forecast(app, "spring_sale")
    assert rest.counts.already == 10
    assert rest.counts.audience == whole.counts.audience
    assert rest.spent > 0
    assert rest.spent + rest.cost == whole.cost
    assert rest.plan != whole.plan


def test_three_customers_are_shown_and_none_where_it_leaves_this_machine(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path)
    seen, masked = forecast(app, "spring_sale"), forecast(app, "spring_sale", masked=True)
    assert len(seen.samples) == len({s.channel for s in seen.samples}) == 3
    found = rows(app, "SELECT ref, first_name, last_name FROM customers")
    written = plan_page.as_markdown(masked)
    for own, other in zip(seen.samples, masked.samples, strict=True):
        ref = own.who.split("(")[-1].rstrip(")")
        assert ref in {r for r, _, _ in found}
        assert other.who.startswith("customer ")
        assert own.why == other.why
        assert "20" in own.text
        assert own.who not in written
    for ref, _, last in found:
        assert ref not in written
        assert not last or f" {last} " not in written
    assert masked.plan == seen.plan


def test_what_the_experiment_can_see_is_told_before_the_start(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    add(app, "goal: {kind: purchased}")
    add(app, "experiment: {channels: {preferred: 70, default: 30}, holdout: 10}")
    untold = forecast(app, "spring_sale")
    assert all("state `baseline`" in str(power) for power in untold.power)
    sale = app.settings.templates / SALE
    stated = sale.read_text("utf-8").replace("10}", "10, baseline: 10, worth: 5}")
    sale.write_text(stated, "utf-8")
    channels, holdout = forecast(app, "spring_sale").power
    for power in (channels, holdout):
        assert power.points is not None
        assert power.points > 5
        assert "too few people for the 5 that would matter" in str(power)
    counts = forecast(app, "spring_sale").counts
    assert (holdout.people, holdout.control) == (
        counts.planned.total(),
        counts.skipped[SkipReason.HOLDOUT],
    )
