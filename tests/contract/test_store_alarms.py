"""Opt-outs after a message, by run."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import insert

from campaigns.domain.delivery import Accepted
from campaigns.store.alarms import opted_out
from campaigns.store.clock import to_ms
from campaigns.store.schema import interactions
from tests.contract.store_world import NOW, World

HOUR = timedelta(hours=1)


def test_who_opts_out_after_a_runs_message_is_counted_once_and_nobody_else(world: World) -> None:
    run, batch = world.sending(world.customers(4))
    twice, complains, before, stays = (item.customer_id for item in batch.items)
    sent = {item.delivery_id: Accepted(str(item.delivery_id)) for item in batch.items}
    world.outbox.settle(batch, sent, now=NOW)
    stranger = world.customer()
    said = [
        (twice, "unsubscribed", NOW + HOUR),
        (twice, "complained", NOW + HOUR),
        (complains, "complained", NOW + HOUR),
        (before, "unsubscribed", NOW - HOUR),
        (stays, "clicked", NOW + HOUR),
        (stranger, "unsubscribed", NOW + HOUR),
    ]
    for customer, kind, at in said:
        row = {"customer_id": customer, "kind": kind, "at": to_ms(at)}
        world.execute(insert(interactions).values(row))

    assert opted_out(world.database, since=NOW - 2 * HOUR) == {run.id: 2}
    assert opted_out(world.database, since=NOW + HOUR / 2) == {}
