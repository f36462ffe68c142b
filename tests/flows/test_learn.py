"""The flow learn."""

from __future__ import annotations

import pytest

from campaigns.bootstrap import connect
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Interaction, InteractionKind
from flows.learn import learn
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import newest_run

pytestmark = pytest.mark.prefect


def test_who_did_something_since_the_last_time_is_counted_once(
    prefect: Prefect, shop: Shop
) -> None:
    learn()
    with connect() as app:
        number = app.profiles.find(next(app.profiles.export_all())["profile"]["ref"])
        told = Interaction(number, InteractionKind.REPLIED, app.clock.now(), Channel.SMS, "a reply")
        assert app.profiles.record_interactions([told]) == 1

    first, second = learn(), learn()

    assert (first["customers"], second["customers"]) == (1, 0)
    assert newest_run().state.message == "Counted 0 customers with news."
