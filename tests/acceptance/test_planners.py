"""A run of many shards, planned in several processes: the same as planned in one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from campaigns.bootstrap import App, connect, planners
from campaigns.bootstrap.planners import Planners
from campaigns.domain.plan import PlanCounts
from campaigns.domain.run import Run, RunState
from campaigns.sample import write_csv
from campaigns.settings import Settings

TEMPLATES = Path(__file__).parents[2] / "templates"
#: Three in four are in the audience: a shard of a hundred each.
PEOPLE = 1_500


@contextmanager
def opened(tmp_path: Path, database_url: str = "") -> Iterator[App]:
    settings = Settings(
        home=tmp_path,
        templates=TEMPLATES,
        database_url=database_url,
        sandbox_url="http://127.0.0.1:9",  # type: ignore[arg-type]  # nothing is sent
        sandbox_quiet_hours=False,
        shard_size=100,
        workers=2,
    )
    with connect(settings) as app:
        file = tmp_path / "people.csv"
        app.import_customers(file, write_csv(file, count=PEOPLE, seed=5, now=datetime.now(UTC)))
        yield app


@pytest.fixture(autouse=True)
def every_second_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes are worth it, however little there is to plan."""
    monkeypatch.setattr(planners, "_WORTH_IT", 0.0)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    with opened(tmp_path) as app:
        yield app


@pytest.fixture
def either(tmp_path: Path, database_url: str) -> Iterator[App]:
    with opened(tmp_path, database_url) as app:
        yield app


def plan(app: App, run: Run) -> tuple[PlanCounts, set[object]]:
    """What planning tells, and the processes it used."""
    counts, before = PlanCounts(), set(active_children())
    shards = [shard.no for shard in app.shards(run.id)]
    with Planners(app, run.id, shards) as planners:
        counts.add(planners.plan(0))
        beside = set(active_children()) - before
        for no in shards[1:]:
            counts.add(planners.plan(no))
    return counts, beside


def rows(app: App) -> list[Any]:
    query = (
        "SELECT customer_id, shard, channel, skeleton_id, reason, state, not_before FROM deliveries"
        " ORDER BY customer_id"
    )
    with app.database.read() as connection:
        return list(connection.execute(text(query)))


def cancel(app: App, run: Run) -> None:
    app.runs.move(run.id, RunState.CANCELLED, now=app.clock.now(), because="to plan it again")
    app.sweep()


def test_several_processes_plan_what_one_plans(either: App) -> None:
    app = either
    first, _ = app.start_run("spring_sale")
    counts, beside = plan(app, first)
    planned = rows(app)
    assert len(beside) == 2
    assert len(planned) == counts.planned.total() > PEOPLE / 4
    assert all(shard.planned_at for shard in app.shards(first.id))

    cancel(app, first)
    second, _ = app.start_run("spring_sale")
    alone = PlanCounts()
    for shard in app.shards(second.id):
        alone.add(app.plan_shard(second.id, shard.no))
    assert rows(app) == planned
    assert alone == counts


def test_what_a_planning_process_left_undone_is_planned_here(app: App) -> None:
    run, _ = app.start_run("spring_sale")
    shards = [shard.no for shard in app.shards(run.id)]
    before = set(active_children())
    counts = PlanCounts()
    with Planners(app, run.id, shards) as planners:
        counts.add(planners.plan(0))
        for process in set(active_children()) - before:
            process.kill()
        for no in shards[1:]:
            counts.add(planners.plan(no))
    assert len(rows(app)) == counts.planned.total() > PEOPLE / 4
    assert all(shard.planned_at for shard in app.shards(run.id))


def test_a_shard_that_is_asked_for_again_is_told_as_it_was_planned(app: App) -> None:
    """A step of a flow that is tried again; planned anew, everybody would have it already."""
    run, _ = app.start_run("spring_sale", limit=50)
    with Planners(app, run.id, [0]) as planners:
        first = planners.plan(0)
        assert planners.plan(0) == first
    assert first.planned.total() == len(rows(app)) > 0


def test_a_limited_run_is_planned_in_one_process(app: App) -> None:
    """The room that is left depends on the shards before."""
    run, _ = app.start_run("spring_sale", limit=50)
    counts, beside = plan(app, run)
    assert not beside
    assert counts.planned.total() == len(rows(app)) == 50


def test_no_process_is_started_for_what_is_planned_sooner_here(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planners, "_WORTH_IT", 3_600.0)
    run, _ = app.start_run("spring_sale")
    counts, beside = plan(app, run)
    assert not beside
    assert counts.planned.total() == len(rows(app)) > PEOPLE / 4
