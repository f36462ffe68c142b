"""What the tests of plans do with an application: import, plan, send, look."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from campaigns.bootstrap import App
from campaigns.sample import write_csv

SALE = "campaigns/spring_sale/campaign.yaml"


def import_people(app: App, tmp_path: Path, count: int = 150, seed: int = 3) -> None:
    file = tmp_path / f"people{seed}.csv"
    app.import_customers(file, write_csv(file, count=count, seed=seed, now=datetime.now(UTC)))


def add(app: App, lines: str, file: str = SALE) -> None:
    with (app.settings.templates / file).open("a", encoding="utf-8") as opened:
        opened.write(f"\n{lines}\n")


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
