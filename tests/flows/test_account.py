"""The account of a run, on the run's page in Prefect."""

from __future__ import annotations

import pytest

from campaigns.bootstrap import connect
from flows.send_campaign import send_campaign
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, newest_run

pytestmark = pytest.mark.prefect


def test_the_runs_page_tells_the_goal_first_then_the_database_s_numbers(
    prefect: Prefect, shop: Shop
) -> None:
    told = send_campaign("spring_sale")
    shown = str(artifacts(newest_run().id)["report-spring-sale"])
    assert shown.startswith(f"**0 of {told['accepted']:,} people who got it bought")
    with connect() as app:
        report = app.report(told["run"])
        profiles = list(app.profiles.export_all())
    assert f"| audience | {report.audience:,} |" in shown
    assert f"| sent | {report.accepted:,} |" in shown
    (head,) = (line.split(" | ") for line in shown.splitlines() if line.startswith("| people |"))
    (planned,) = (line.split(" | ") for line in shown.splitlines() if line.startswith("| planned"))
    by_channel = dict(zip(head, planned, strict=True))
    for channel, people in report.planned.items():
        assert by_channel[channel.label] == f"{people:,}"
    assert "were made again, with the very words" in shown
    for profile in profiles:
        assert profile["profile"]["ref"] not in shown
