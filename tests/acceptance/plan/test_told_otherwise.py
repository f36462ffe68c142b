"""A campaign that some have already had must not say something else to the others unnoticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.bootstrap import App
from campaigns.bootstrap.forecasting import forecast
from campaigns.cli import run as cli
from tests.acceptance.plan.world import SALE, add, import_people, planned
from tests.runs import send_run


def told(app: App) -> list[str]:
    found = forecast(app, "spring_sale").findings
    return [finding.message for finding in found if finding.rule == "told-otherwise"]


def test_facts_that_differ_from_what_an_earlier_run_stated_are_told_in_the_plan(
    app: App, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import_people(app, tmp_path, 40)
    assert told(app) == []
    send_run(app, planned(app, limit=5))
    add(app, "title: Sale of spring")
    assert told(app) == [], "the words may change"
    file = app.settings.templates / SALE
    file.write_text(file.read_text(encoding="utf-8").replace("percent: 20", "percent: 25"), "utf-8")
    (said,) = told(app)
    assert said.startswith("run 1 of this campaign stated other facts: discount.")
    assert "20" in said
    assert "25" in said
    assert cli(["plan", "spring_sale"]) == 0
    assert "campaigns diff" in " ".join(capsys.readouterr().out.split())
    assert cli(["run", "spring_sale"]) == 0
    assert told(app) == [], "what the newest run stated is what is compared with"
