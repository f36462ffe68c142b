"""The flow retention."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.bootstrap import connect
from campaigns.domain.interaction import Interaction, InteractionKind
from flows.retention import retention
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import newest_run

pytestmark = pytest.mark.prefect


def test_what_is_too_old_goes_once(prefect: Prefect, shop: Shop) -> None:
    retention()  # what the sample's customers did longer ago than the brand keeps
    with connect() as app:
        customer = next(app.profiles.export_all())["profile"]["ref"]
        long_ago = app.clock.now() - timedelta(days=2000)
        number = app.profiles.find(customer)
        event = Interaction(number, InteractionKind.CLICKED, long_ago, None, "long-ago")
        assert app.profiles.record_interactions([event]) == 1

    first, second = retention(), retention()

    assert first == {"interactions": 1, "messages": 0, "reports": 0}
    assert second == {"interactions": 0, "messages": 0, "reports": 0}
    assert newest_run().state.message.startswith("Deleted: 0 interactions")
