"""The plan before sending: it agrees with the run, keeps the budget, is approved, and a canary goes
first. On both databases, with the real templates, against a sandbox."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App, connect, plan_page
from campaigns.bootstrap.approving import (
    approve_release,
    ask_approval,
    question_timed_out,
    reject_release,
)
from campaigns.bootstrap.canary import canary_verdict, wait_for_canary
from campaigns.bootstrap.control import resume
from campaigns.bootstrap.forecasting import forecast, run_costs
from campaigns.cli import run as cli
from campaigns.domain.canary import CANARY_SHARD, CanaryState
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.domain.routing import SkipReason
from campaigns.domain.run import RunState
from campaigns.errors import ApprovalNeededError, BudgetError, RunHeldError, UserError
from campaigns.sample import write_csv
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.databases import SqliteFiles
from tests.files import restate

ROOT = Path(__file__).parents[2]
SALE = "campaigns/spring_sale/campaign.yaml"


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """One's own: X refuses the same post twice."""
    with SandboxProcess(tmp_path / "sandbox") as started:
        yield started


@pytest.fixture
def moved() -> list[timedelta]:
    """How far the clock has been put forward."""
    return [timedelta()]


Open = Callable[[str], App]


@pytest.fixture
def opening(
    tmp_path: Path,
    sandbox: SandboxProcess,
    moved: list[timedelta],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Open]:
    """Opens the application on a database, as commands will find it; its clock runs ahead where it
    would sleep."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    given = {"HOME": tmp_path / "home", "TEMPLATES": tmp_path / "templates", "LANES": 1}
    given |= {"SANDBOX_URL": sandbox.url, "WORKERS": 1}
    for name, value in given.items():
        monkeypatch.setenv(f"CAMPAIGNS_{name}", str(value))

    def sleep(seconds: float) -> None:
        moved[0] += timedelta(seconds=max(seconds, 60))

    with ExitStack() as stack:

        def opened(url: str) -> App:
            monkeypatch.setenv("CAMPAIGNS_DATABASE_URL", url)
            app = stack.enter_context(connect(Settings()))
            app.clock = replace(app.clock, now=lambda: datetime.now(UTC) + moved[0], sleep=sleep)
            return app

        yield opened


@pytest.fixture
def app(opening: Open, sqlite_files: SqliteFiles) -> App:
    return opening(f"sqlite:///{sqlite_files.copy()}")


@pytest.fixture
def on_both(opening: Open, database_url: str) -> App:
    """The same on SQLite and on PostgreSQL."""
    return opening(database_url)


def import_people(app: App, tmp_path: Path, count: int = 150, seed: int = 3) -> None:
    file = tmp_path / f"people{seed}.csv"
    app.import_customers(file, write_csv(file, count=count, seed=seed, now=datetime.now(UTC)))


def add(app: App, lines: str, file: str = SALE) -> None:
    restate(app.settings.templates / file, lines)


def planned(app: App, limit: int | None = None) -> int:
    run, _ = app.start_run("spring_sale", limit)
    for shard in app.shards(run.id):
        app.plan_shard(run.id, shard.no)
    return run.id


def sent(app: App, run_id: int) -> None:
    app.begin_sending(run_id)
    app.dispatch_all(run_id)
    app.finish(run_id)


def rows(app: App, query: str, **values: object) -> list[tuple[Any, ...]]:
    with app.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]


# One set of numbers ----------------------------------------------------------------------------


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
    sent(app, run_id)
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
    costs = {c.channel: c for c in run_costs(app, report.run, release)}
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
    sent(app, planned(app, limit=10))
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


# The budget ------------------------------------------------------------------------------------


def test_what_would_break_the_budget_is_refused_by_the_plan_and_by_the_run(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str], sandbox: SandboxProcess
) -> None:
    import_people(app, tmp_path)
    add(app, "budget: {amount: 0.2, currency: EUR}")
    before = sandbox.log.counts()
    assert cli(["plan", "spring_sale"]) == 2
    refused = capsys.readouterr().err.strip().removeprefix("Refused: ")
    assert refused.startswith("it would cost")
    assert "the budget is €0.20" in refused
    assert cli(["run", "spring_sale"]) == 2
    assert refused in capsys.readouterr().err  # the same words, and the same amount
    run = app.latest_run()
    assert run.state is RunState.STOPPED
    assert run.stopped_because is not None
    assert run.stopped_because.startswith("budget: it would cost")
    assert sandbox.log.counts() == before
    (path,) = app.settings.templates.glob(SALE)
    path.write_text(path.read_text(encoding="utf-8").replace("amount: 0.2,", "amount: 100,"))
    assert cli(["run", "spring_sale"]) == 0  # raised, it goes: the stopped run is in nobody's way
    assert forecast(app, "spring_sale").spent > Decimal("0.2")


def test_a_budget_counts_what_earlier_runs_spent(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    cost = forecast(app, "spring_sale").cost
    add(app, f"budget: {{amount: {cost * 2 / 3:.2f}, currency: EUR}}")
    assert "Raise `budget`" in str(forecast(app, "spring_sale").over_budget)
    sent(app, planned(app, limit=20))
    run_id = planned(app)
    with pytest.raises(BudgetError, match="of earlier runs"):
        app.begin_sending(run_id)


def test_a_budget_is_not_kept_by_what_has_no_price(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path)
    brand = app.settings.templates / "brand.yaml"
    brand.write_text(brand.read_text(encoding="utf-8").replace(", other: 0.09", ""))
    add(app, "budget: {amount: 1000, currency: EUR}")
    with app.database.write() as connection:
        connection.execute(text("UPDATE customers SET country = NULL"))
    add(app, "", SALE)
    path = app.settings.templates / SALE
    path.write_text(
        path.read_text(encoding="utf-8").replace("    - country: {in: [ES, AD, GB, US]}\n", "")
    )
    told = forecast(app, "spring_sale")
    assert told.unpriced == told.counts.planned[Channel.SMS] > 0
    assert f"{told.unpriced} messages have no price" in str(told.over_budget)


# Approval --------------------------------------------------------------------------------------


def test_a_no_with_its_reason_stops_the_release_until_a_yes(app: App, tmp_path: Path) -> None:
    import_people(app, tmp_path, 40)
    add(app, "needs_approval: true")
    reject_release(app, "spring_sale", by="Ana Puig", reason="the code is last year's")
    with pytest.raises(ApprovalNeededError, match=r"rejected by Ana Puig .* last year's"):
        app.start_run("spring_sale")
    said = approve_release(app, "spring_sale", by="Berta Soler", note="checked")
    assert said.plan == forecast(app, "spring_sale").plan
    sent(app, planned(app))
    trail = app.audit.entries(f"release:{said.release_hash}")
    assert [(e.action, e.actor, e.why, e.data["plan"]) for e in trail] == [
        ("approved", "Berta Soler", "checked", said.plan),
        ("rejected", "Ana Puig", "the code is last year's", None),
    ]
    assert "exactly as planned" in " ".join(app.report(app.latest_run().id).course)


def test_a_no_without_a_reason_is_none(app: App) -> None:
    with pytest.raises(UserError, match="--reason"):
        reject_release(app, "spring_sale", by="Ana", reason="  ")
    assert app.approvals.of(app.compile("spring_sale").hash) == []


def test_a_yes_for_the_first_few_is_used_up_by_one_run(
    on_both: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    app = on_both
    import_people(app, tmp_path, 60)
    add(app, "needs_approval: true")
    assert cli(["approve", "spring_sale", "--by", "Berta", "--first", "7"]) == 0
    assert cli(["run", "spring_sale", "--json"]) == 0
    out = capsys.readouterr().out
    assert json.loads(out[out.index("{") :])["accepted"] == 7
    assert cli(["run", "spring_sale"]) == 2
    assert "for the first 7; they have it" in capsys.readouterr().err
    assert cli(["approve", "spring_sale", "--by", "Berta"]) == 0
    assert cli(["run", "spring_sale"]) == 0


def test_a_yes_binds_to_the_plan_that_was_looked_at(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_people(app, tmp_path, 60)
    add(app, "needs_approval: true")
    question = ask_approval(app, "spring_sale")
    assert question is not None
    assert question.answered is None
    looked_at = question.told.plan
    import_people(app, tmp_path, 30, seed=9)  # the customers of another file
    with pytest.raises(UserError, match="there is no plan 0123456789"):
        approve_release(app, "spring_sale", by="Berta", plan="0123456789")
    assert approve_release(app, "spring_sale", by="Berta", plan=looked_at[:10]).plan == looked_at
    asked = ask_approval(app, "spring_sale")
    assert asked is not None
    assert asked.answered is not None
    assert asked.told.changed is not None
    assert asked.told.changed.customers > 0


def test_what_changed_since_the_yes_is_told_and_too_much_of_it_waits_for_a_person(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path, 100)
    add(app, "needs_approval: true")
    approve_release(app, "spring_sale", by="Berta")
    lost = rows(app, "SELECT min(customer_id) FROM addresses WHERE channel = 'email'")
    few = forecast(app, "spring_sale").counts.planned.total()
    with app.database.write() as connection:
        connection.execute(text("DELETE FROM standings WHERE channel = 'email'"))
    run_id = planned(app)
    with pytest.raises(RunHeldError, match=r"fewer by e-mail.*customers changed"):
        app.begin_sending(run_id)
    made = app.plans.of_run(run_id)
    assert made is not None
    assert made.people < few
    assert lost
    resume(app, run_id, by="Berta", why="they opted out, rightly")
    sent(app, run_id)
    told = " ".join(app.report(run_id).course)
    assert "Approved by Berta" in told
    assert "fewer by e-mail" in told


def test_nobody_answering_leaves_nothing_begun_and_a_later_yes_counts(
    app: App, tmp_path: Path
) -> None:
    import_people(app, tmp_path, 40)
    brand = app.settings.templates / "brand.yaml"
    brand.write_text(brand.read_text(encoding="utf-8") + "\napproval: {wait: 90 min}\n")
    add(app, "needs_approval: true")
    question = ask_approval(app, "spring_sale")
    assert question is not None
    assert question.until - app.clock.now() <= timedelta(minutes=90)
    question_timed_out(app, question.told.release, question.told.plan)
    assert app.runs.latest() is None
    with pytest.raises(ApprovalNeededError, match="not answered in time"):
        app.start_run("spring_sale")
    approve_release(app, "spring_sale", by="Berta", plan=question.told.plan)
    assert planned(app)


# The canary ------------------------------------------------------------------------------------


CANARY = "canary: {people: 20, watch: 1 h, bounces: 5, complaints: 4, opt_outs: 11}"


def canary(app: App, tmp_path: Path) -> int:
    """A run whose first twenty have been sent; its id."""
    import_people(app, tmp_path)
    add(app, CANARY)
    run_id = planned(app)
    app.begin_sending(run_id)
    assert app.to_send(run_id) == [CANARY_SHARD]
    app.dispatch_all(run_id)
    return run_id


def first_customers(app: App) -> list[tuple[Any, ...]]:
    return rows(
        app,
        "SELECT d.id, d.customer_id, d.channel FROM canary_deliveries c "
        "JOIN deliveries d ON d.id = c.delivery_id ORDER BY d.id",
    )


def happened(app: App, kind: InteractionKind, who: list[tuple[Any, ...]]) -> None:
    app.profiles.record_interactions(
        [
            Interaction(c, kind, app.clock.now(), Channel(channel), f"test:{kind}:{d}", d)
            for d, c, channel in who
        ]
    )


def test_a_canary_goes_first_is_watched_and_lets_the_rest_go(
    on_both: App, tmp_path: Path, moved: list[timedelta]
) -> None:
    app = on_both
    run_id = canary(app, tmp_path)
    states = dict(
        rows(app, "SELECT state, count(*) FROM deliveries WHERE run_id = :run GROUP BY state",
             run=run_id)
    )  # fmt: skip
    assert states["accepted"] == 20
    first = first_customers(app)
    app.canaries.begin(
        run_id,
        [c for c, *_ in rows(app, "SELECT customer_id FROM deliveries WHERE state = 'pending'")],
        now=app.clock.now(),
    )
    assert first_customers(app) == first, "a second command chose more"
    assert app.report(run_id).post is None, "the public saw it before the canary was over"
    verdict = canary_verdict(app, run_id)
    assert verdict is not None
    assert verdict.state is CanaryState.WATCHING
    assert "watching the first 20 until" in str(app.progress(run_id).canary)
    app.finish(run_id)
    assert app.runs.get(run_id).state is RunState.RUNNING

    happened(app, InteractionKind.UNSUBSCRIBED, first_customers(app)[:2])  # 10 percent, and no more
    assert wait_for_canary(app, run_id)
    assert moved[0] >= timedelta(hours=1)
    sent(app, run_id)
    report = app.report(run_id)
    assert report.run.state is RunState.FINISHED
    assert report.post is not None
    assert report.adds_up
    assert "Canary, passed: of the first 20, 0 bounced" in " ".join(report.course)
    assert [e.action for e in app.audit.entries(f"run:{run_id}")] == ["passed"]


@pytest.mark.parametrize(
    ("kind", "many", "told"),
    [
        (InteractionKind.UNSUBSCRIBED, 3, "3 of the first 20 opted out: 15 percent"),
        (InteractionKind.COMPLAINED, 1, "1 of the first 20 reported it as spam: 5 percent"),
    ],
    ids=["opt-outs", "complaints"],
)
def test_a_canary_above_a_threshold_stops_the_run_at_once_with_the_reason(
    app: App, tmp_path: Path, kind: InteractionKind, many: int, told: str
) -> None:
    run_id = canary(app, tmp_path)
    happened(app, kind, first_customers(app)[:many])
    assert not wait_for_canary(app, run_id)
    app.finish(run_id)
    run = app.runs.get(run_id)
    assert run.state is RunState.STOPPED
    assert run.stopped_because is not None
    assert told in run.stopped_because
    states = dict(
        rows(app, "SELECT state, count(*) FROM deliveries WHERE run_id = :run GROUP BY state",
             run=run_id)
    )  # fmt: skip
    assert states["accepted"] == 20
    assert set(states) == {"accepted", "cancelled"}


def test_bounces_that_providers_report_stop_it_too(app: App, tmp_path: Path) -> None:
    run_id = canary(app, tmp_path)
    ids = [d for d, _, _ in first_customers(app)[:2]]
    with app.database.write() as connection:
        for number in ids:
            connection.execute(
                text("UPDATE deliveries SET provider_state = 'bounced' WHERE id = :id"),
                {"id": number},
            )
    verdict = canary_verdict(app, run_id)
    assert verdict is not None
    assert verdict.state is CanaryState.STOPPED
    assert "2 of the first 20 bounced or were rejected: 10 percent" in verdict.because


def test_the_command_waits_for_the_canary_and_sends_the_rest(
    app: App,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    import_people(app, tmp_path, 80)
    add(app, CANARY)
    with monkeypatch.context() as patched:
        patched.setattr("campaigns.bootstrap.connect", lambda: _same(app))
        assert cli(["run", "spring_sale"]) == 0
        told = capsys.readouterr()
        assert "Canary, watching: watching the first 20 until" in told.err
        assert "Canary, passed" in told.err
        assert cli(["show", "run"]) == 0
    assert "Canary, passed: of the first 20" in capsys.readouterr().out
    assert app.latest_run().state is RunState.FINISHED


class _same:  # noqa: N801 - a context that leaves the application open
    def __init__(self, app: App) -> None:
        self._app = app

    def __enter__(self) -> App:
        return self._app

    def __exit__(self, *_: object) -> None:
        pass
