"""The flow calendar: the artifact has what the command tells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prefect.client.schemas.schedules import CronSchedule
from prefect.states import Scheduled

from campaigns.bootstrap import connect
from campaigns.bootstrap.calendar import calendar as told_by
from flows.ahead import calendar
from flows.schedules import standing
from tests.flows.conftest import Shop
from tests.flows.pages import artifacts, client, newest_run

pytestmark = pytest.mark.prefect


@contextmanager
def on_mondays() -> Iterator[None]:
    """The move goes out each Monday: nothing that is shipped goes out in all months of a year."""
    mondays = CronSchedule(cron="0 10 * * 1", timezone="Europe/Madrid")
    with client() as api:
        moves = api.read_deployment_by_name("send-campaign/shop-moves")
        (made,) = api.create_deployment_schedules(moves.id, [(mondays, True)])
        try:
            yield
        finally:
            api.delete_deployment_schedule(moves.id, made.id)


@pytest.mark.usefixtures("prefect", "checkout")
def test_the_calendar_is_an_artifact_with_the_numbers_of_the_command(shop: Shop) -> None:
    with on_mondays():
        with connect() as app:
            expected = told_by(app, weeks=4, schedules=standing(app))
        found = calendar(4)
    assert expected.occasions
    assert found == {
        "occasions": len(expected.occasions),
        "conflicts": len(expected.conflicts()),
    }
    run = newest_run()
    text = str(artifacts(run.id)["calendar"])
    assert "| when | campaign |" in text
    for occasion in expected.occasions:
        assert occasion.name in text
    assert run.state is not None
    assert f"{len(expected.occasions)} to go out in 4 weeks" in str(run.state.message)
    assert shop.sent() == 0


@pytest.mark.usefixtures("prefect", "shop", "checkout")
def test_what_people_set_on_prefects_pages_is_in_the_calendar() -> None:
    """prefect.yaml knows neither the schedule nor the run for later."""
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=2)
    with on_mondays(), client() as api:
        moves = api.read_deployment_by_name("send-campaign/shop-moves")
        later = api.create_flow_run_from_deployment(moves.id, state=Scheduled(scheduled_time=soon))
        try:
            with connect() as app:
                found = standing(app)
                told = told_by(app, weeks=1, schedules=found)
        finally:
            api.delete_flow_run(later.id)
    assert not isinstance(found, Path)
    own = [s for s in found if s.campaign == "shop_moves"]
    assert ("a schedule of Prefect's page", "0 10 * * 1", "Europe/Madrid", True) in [
        (s.name, s.cron, s.zone, s.active) for s in own
    ]
    assert ("started for later", soon) in [(s.name, s.at) for s in own]
    assert soon in [o.at for o in told.occasions if o.campaign == "shop_moves"]
