"""The flow reconcile: evidence by schedule, fallbacks where somebody asks for them."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from campaigns.bootstrap import connect
from flows.reconcile import reconcile
from flows.send_campaign import send_campaign
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import artifacts, newest_run
from tests.sandbox_clients import control

pytestmark = pytest.mark.prefect


def test_what_is_in_doubt_is_looked_for_and_what_stays_so_is_listed_by_number(
    prefect: Prefect, shop: Shop
) -> None:
    faults = [
        {"kind": "drop_after", "provider": "twilio", "count": 2},
        {"kind": "500_before", "provider": "twilio", "count": 1},
    ]
    control(shop.sandbox.url, "POST", "faults", faults)
    send_campaign("shop_moves")
    control(shop.sandbox.url, "DELETE", "faults")
    sent = shop.sent()

    done = reconcile()

    assert done == {"findings": {"seen": 2, "not yet": 1}, "in_doubt": 1, "hops": 0}
    assert shop.sent() == sent
    assert "(" in newest_run().state.message
    with connect() as app, app.database.read() as connection:
        left = text("SELECT id, run_id FROM deliveries WHERE state = 'in_doubt'")
        ((delivery, run),) = connection.execute(left).all()
    table = str(artifacts(newest_run().id)["in-doubt"])
    assert f"| {delivery} | {run} |" in table
    assert reconcile()["findings"] == {}, "it is not time to look again yet"


def test_fallbacks_are_sent_only_where_they_are_asked_for(prefect: Prefect, shop: Shop) -> None:
    send_campaign("spring_sale")
    with connect() as app, app.database.write() as connection:
        bounced = connection.execute(
            text(
                "UPDATE deliveries SET provider_state = 'bounced' WHERE channel = 'email' "
                "AND state = 'accepted'"
            )
        ).rowcount
    sent = shop.sent()

    assert reconcile()["hops"] == 0
    assert shop.sent() == sent
    moved = reconcile(fall_back=True)["hops"]

    assert 0 < moved < bounced
    assert shop.sent() == sent + moved
    assert reconcile(fall_back=True)["hops"] == 0
