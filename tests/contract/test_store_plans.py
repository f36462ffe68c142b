"""Plans that were decided on, and the runs that carry them out."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import insert

from campaigns.domain.channel import Channel
from campaigns.store import schema
from campaigns.store.intending import KEPT_BACK
from campaigns.store.plans import RunPlan, SqlPlans
from tests.contract.store_world import NOW, World

YES = 5


@pytest.mark.parametrize(
    ("became", "told"),
    [
        ({"state": "accepted"}, 2),
        ({"state": "pending"}, 2),
        ({"state": "rejected"}, 2),
        ({"state": "rejected", "replaced": True}, 2),  # a fallback follows, in a row of its own
        ({"state": "accepted", "hop": 1}, 1),
        ({"state": "suppressed", "outcome": "opted out since the plan"}, 2),
        ({"state": "suppressed", "outcome": KEPT_BACK[0]}, 1),
        ({"state": "cancelled"}, 1),
        ({"state": "expired"}, 1),
        ({"customer_id": 0}, 1),  # the public post
    ],
    ids=str,
)
def test_whom_runs_by_a_yes_told_is_counted_by_the_channel_that_was_planned(
    world: World, became: dict[str, Any], told: int
) -> None:
    plans = SqlPlans(world.database)
    run = world.planned(world.customers(2))
    yes = {"id": YES, "release_hash": run.release_hash, "by": "Berta", "at": 0, "note": ""}
    world.execute(insert(schema.approvals).values(yes))
    plans.record(RunPlan(run.id, "plan", 2, NOW, YES))
    first = world.claim(run).items[0]
    world.set_delivery(first.delivery_id, batch_id=None, **became)
    assert plans.told(YES) == {Channel.EMAIL: told}
    assert not plans.told(YES, but=run.id)
    assert not plans.told(YES + 1)
