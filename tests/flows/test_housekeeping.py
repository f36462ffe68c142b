"""The flow housekeeping: what a worker that died had in its hands."""

from __future__ import annotations

from datetime import timedelta

import pytest

from campaigns.bootstrap import connect
from campaigns.domain.channel import Channel
from flows.housekeeping import housekeeping
from tests.flows.conftest import Prefect, Shop
from tests.flows.pages import newest_run
from tests.runs import plan_run

pytestmark = pytest.mark.prefect


def test_what_a_dead_worker_held_is_taken_back_once(prefect: Prefect, shop: Shop) -> None:
    with connect() as app:
        run = plan_run(app, limit=5)
        app.begin_sending(run.id)
        claimed = app.outbox.claim(
            run.id,
            0,
            owner="a worker that died",
            limits={Channel.EMAIL: 3},
            now=app.clock.now() - timedelta(minutes=10),
            lease=timedelta(minutes=2),
        )
    assert claimed is not None

    first, second = housekeeping(), housekeeping()

    assert first == {"swept": {"pending": len(claimed.items)}, "in_doubt": 0, "alerts": 0}
    assert second == {"swept": {}, "in_doubt": 0, "alerts": 0}
    assert newest_run().state.message.startswith("Nothing to take back")
    assert shop.sent() == 0


def test_there_may_be_nothing_yet(prefect: Prefect, shop: Shop) -> None:
    assert housekeeping() == {"swept": {}, "in_doubt": 0, "alerts": 0}
