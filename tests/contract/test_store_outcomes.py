"""Why messages were not accepted, counted for a report."""

from __future__ import annotations

import pytest

from campaigns.domain.delivery import Accepted, Rejected
from campaigns.store.engine import Database
from tests.contract.store_world import World


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


def test_a_report_tells_why_messages_were_not_accepted_and_how_many(world: World) -> None:
    run, batch = world.sending(world.customers(3))
    first, second, third = (item.delivery_id for item in batch.items)
    refusal = Rejected("x:403", "this person takes no direct messages")
    outcomes = {first: Accepted("id"), second: refusal, third: refusal}
    world.outbox.settle(batch, outcomes, now=batch.lease_until)
    (told,) = world.outbox.outcomes(run.id).items()
    assert "this person takes no direct messages" in told[0]
    assert told[1] == 2
