"""The first few go first and are watched."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App
from campaigns.bootstrap.canary import canary_verdict, wait_for_canary
from campaigns.bootstrap.forecasting import forecast
from campaigns.cli import run as cli
from campaigns.domain.canary import CANARY_SHARD, CanaryState
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Interaction, InteractionKind
from campaigns.domain.run import RunState
from tests.acceptance.plan.world import add, import_people, planned, rows
from tests.runs import send_run

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
    seen = app.progress(run_id)
    assert "watching the first 20 until" in str(seen.canary)
    assert seen.left is None, "a time for the rest, which does not go yet"
    app.finish(run_id)
    assert app.runs.get(run_id).state is RunState.RUNNING
    assert app.runs_due() == [], "go-on would stay with it for an hour, and leave other runs"
    moved[0] += timedelta(hours=2)
    assert [run.id for run in app.runs_due()] == [run_id], "nobody is left to end the watch"
    moved[0] -= timedelta(hours=2)

    happened(app, InteractionKind.UNSUBSCRIBED, first_customers(app)[:2])  # 10 percent, and no more
    assert wait_for_canary(app, run_id)
    assert moved[0] >= timedelta(hours=1)
    send_run(app, run_id)
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


def test_a_run_that_ended_before_is_watched_no_more(app: App, tmp_path: Path) -> None:
    run_id = canary(app, tmp_path)
    assert "until" in " ".join(app.report(run_id).course)
    app.runs.move(run_id, RunState.CANCELLED, now=app.clock.now(), because="wrong price")
    assert "Canary: the run ended before it was decided." in app.report(run_id).course


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
        assert "Canary: watching the first 20 until" in told.err
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


def test_the_plan_tells_of_the_canary_and_of_the_yes_it_needs(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_people(app, tmp_path)
    add(app, CANARY + "\nneeds_approval: true")
    words = "to 20 first, watched for 1 h; the rest gets it unless more than 5% bounce"
    told, page = forecast(app, "spring_sale"), tmp_path / "plan.html"
    assert f"Canary: {words}" in " ".join(told.sentences())
    assert "It needs somebody's yes before it sends." in told.sentences()
    assert cli(["plan", "spring_sale", "--html", str(page)]) == 0
    assert f"Canary: {words}" in capsys.readouterr().out
    assert words in page.read_text(encoding="utf-8")
    assert forecast(app, "spring_sale", limit=20).canary is None  # no more people than it has
