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
    shown = str(artifacts(newest_run().id)["account-spring-sale"])
    assert shown.startswith(f"**0 of {told['accepted']:,} people who got it bought")
    with connect() as app:
        report = app.report(told["run"])
        profiles = list(app.profiles.export_all())
    assert f"| audience | everyone | {report.audience:,} |" in shown
    assert f"| sent | everyone | {report.accepted:,} |" in shown
    for channel, planned in report.planned.items():
        assert f"| planned | {channel.label} | {planned:,} |" in shown
    assert "were made again and are what was said" in shown
    for profile in profiles:
        assert profile["profile"]["ref"] not in shown
