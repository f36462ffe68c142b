"""The flow go-on: what waited for its hour, and nothing that a person has paused."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from campaigns.bootstrap import connect
from campaigns.domain.run import RunState
from flows.go_on import go_on
from tests.flows.conftest import Prefect, Shop
from tests.runs import plan_run

pytestmark = pytest.mark.prefect


@pytest.mark.parametrize("paused", [False, True])
def test_what_has_become_due_is_sent_unless_the_run_is_paused(
    prefect: Prefect, shop: Shop, paused: bool
) -> None:
    with connect() as app:
        run = plan_run(app)
        with app.database.write() as connection:  # as if planned at night
            connection.execute(text("UPDATE deliveries SET not_before = 4000000000000"))
        app.begin_sending(run.id)
        app.dispatch_all(run.id)
        planned = app.finish(run.id).waiting
        assert planned > 0
        assert go_on() == {}
        with app.database.write() as connection:  # the morning
            connection.execute(text("UPDATE deliveries SET not_before = 0"))
        if paused:
            app.runs.move(run.id, RunState.PAUSED, now=app.clock.now(), because="a person")
        assert go_on() == ({} if paused else {"spring_sale": planned})
        assert app.report(run.id).waiting == (planned if paused else 0)
