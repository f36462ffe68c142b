"""What the tests of plans do with an application: import, plan, send, look."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from campaigns.bootstrap import App
from campaigns.sample import write_csv
from tests.files import restate
from tests.runs import plan_run

SALE = "campaigns/spring_sale/campaign.yaml"


def import_people(app: App, tmp_path: Path, count: int = 150, seed: int = 3) -> None:
    file = tmp_path / f"people{seed}.csv"
    app.import_customers(file, write_csv(file, count=count, seed=seed, now=datetime.now(UTC)))


def add(app: App, lines: str, file: str = SALE) -> None:
    restate(app.settings.templates / file, lines)


def planned(app: App, limit: int | None = None) -> int:
    return plan_run(app, limit=limit).id


def rows(app: App, query: str, **values: object) -> list[tuple[Any, ...]]:
    with app.database.read() as connection:
        return [tuple(row) for row in connection.execute(text(query), values)]
