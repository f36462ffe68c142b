"""The flow calendar: the artifact has what the command tells."""

from __future__ import annotations

import pytest

from campaigns.bootstrap import connect
from campaigns.bootstrap.calendar import calendar as told_by
from flows.ahead import calendar
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, newest_run

pytestmark = pytest.mark.prefect


def test_the_calendar_is_an_artifact_with_the_numbers_of_the_command(
    prefect: Prefect, shop: Shop
) -> None:
    with connect() as app:
        expected = told_by(app, weeks=26)
    found = calendar(26)
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
    assert f"{len(expected.occasions)} to go out in 26 weeks" in str(run.state.message)
    assert shop.sent() == 0
