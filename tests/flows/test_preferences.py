"""The flow preferences."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from campaigns.bootstrap import connect
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Interaction, InteractionKind
from flows.preferences import preferences
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, newest_run

pytestmark = pytest.mark.prefect


def test_who_did_something_since_the_last_time_is_counted_once(
    prefect: Prefect, shop: Shop
) -> None:
    preferences()
    with connect() as app:
        number = app.profiles.find(next(app.profiles.export_all())["profile"]["ref"])
        told = Interaction(number, InteractionKind.REPLIED, app.clock.now(), Channel.SMS, "a reply")
        assert app.profiles.record_interactions([told]) == 1

    first, second = preferences(), preferences()

    assert (first["customers"], second["customers"]) == (1, 0)
    run = newest_run()
    assert run.state.message == "Counted 0 customers with news."
    with connect() as app, app.database.read() as connection:
        asked = text("SELECT count(*) FROM customers WHERE preferred_channel = 'sms'")
        by_sms = connection.execute(asked).scalar_one()
    assert by_sms > 0
    assert f"| SMS | {by_sms:,} |" in str(artifacts(run.id)["preferences"])
