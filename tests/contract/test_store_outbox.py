"""The outbox: claiming, sweeping and what they cost, one message once, on both databases."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, insert, update

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import (
    DeliveryState,
)
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.run import RunState
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from tests.contract.outbox_world import (
    ACCEPTED,
    LATER,
    NOT_SENT,
    REJECTED,
    deliveries,
    open_batches,
)
from tests.contract.store_world import LEASE, LIMITS, MARGIN, NOW, World, release

S = DeliveryState


# Claim ------------------------------------------------------------------------------------------


def test_a_claim_brings_what_filling_and_sending_need(world: World) -> None:
    customer = world.customer(
        ref="c-1", first_name="Ada", last_name="Roca", attributes={"points": 12, "member": True}
    )
    world.execute(
        insert(schema.channel_uses).values(
            customer_id=customer, channel="email", last_inbound_at=to_ms(NOW)
        )
    )
    run = world.planned([customer])
    batch = world.claim(run)
    (item,) = batch.items
    assert (batch.run_id, batch.channel) == (run.id, Channel.EMAIL)
    assert batch.lease_until == NOW + LEASE
    assert world.releases.skeleton(batch.skeleton_id).channel is Channel.EMAIL
    assert (item.customer_id, item.ref, item.address) == (
        customer,
        "c-1",
        f"c{customer}@example.com",
    )
    assert (item.first_name, item.last_name) == ("Ada", "Roca")
    assert item.attributes == {"points": 12, "member": True}
    assert item.last_inbound_at == NOW
    assert world.states(run) == [S.CLAIMED]


def test_a_batch_is_of_one_channel_and_skeleton_and_no_larger_than_its_limit(world: World) -> None:
    made = release()
    customers = world.customers(8, channels=(Channel.EMAIL, Channel.SMS))
    run = world.started(made)
    ways = [(Channel.EMAIL, "en_GB"), (Channel.EMAIL, "ca_ES"), (Channel.SMS, "en_GB")]
    plan = [
        PlannedDelivery(c, channel, made.skeleton(channel, locale).hash, "campaign_order")
        for c, (channel, locale) in zip(customers, ways * 2 + ways[:2], strict=True)
    ]
    world.planning.write_plan(run, world.runs.shards(run.id)[0], plan, [], already=0, now=NOW)
    seen = []
    while batch := world.outbox.claim(
        run.id, 0, owner="w", limits={Channel.EMAIL: 2}, now=NOW, lease=LEASE
    ):
        skeletons = {world.delivery(i.delivery_id).skeleton_id for i in batch.items}
        assert skeletons == {batch.skeleton_id}
        assert batch.channel is Channel.EMAIL
        seen.append(len(batch.items))
    assert sorted(seen) == [1, 1, 2, 2]
    left = [d.channel for d in deliveries(world) if d.state == S.PENDING]
    assert left == ["sms", "sms"]


@pytest.mark.parametrize("state", [s for s in RunState if s is not RunState.RUNNING])
def test_only_a_running_run_gives_anything_out(world: World, state: RunState) -> None:
    run = world.planned([world.customer()])
    world.execute(update(schema.runs).values(state=state))
    assert world.outbox.claim(run.id, 0, owner="w", limits=LIMITS, now=NOW, lease=LEASE) is None


def test_a_delivery_is_not_due_before_its_time(world: World) -> None:
    run, batch = world.sending([world.customer()])
    world.settle(batch, NOT_SENT)
    early = LATER - timedelta(milliseconds=1)
    assert world.outbox.next_due(run.id, 0) == {Channel.EMAIL: LATER}
    assert world.outbox.claim(run.id, 0, owner="w", limits=LIMITS, now=early, lease=LEASE) is None
    assert len(world.claim(run, now=LATER).items) == 1


def test_another_shard_is_left_alone(world: World) -> None:
    run = world.planned([world.customer()])
    assert world.outbox.claim(run.id, 1, owner="w", limits=LIMITS, now=NOW, lease=LEASE) is None
    assert world.outbox.next_due(run.id, 1) == {}


# Sweep ------------------------------------------------------------------------------------------


def test_the_sweep_takes_back_what_dead_workers_held(world: World) -> None:
    run = world.planned(world.customers(5))
    dead_before = world.claim(run, limits={Channel.EMAIL: 2})
    dead_after = world.claim(run, limits={Channel.EMAIL: 2})
    world.intend(dead_after)
    alive = world.claim(run, limits={Channel.EMAIL: 1}, lease=3 * LEASE)
    swept = world.outbox.sweep(now=NOW + LEASE + timedelta(milliseconds=1))
    assert swept == {S.PENDING: 2, S.IN_DOUBT: 2}
    by_batch = [dead_before, dead_after, alive]
    assert [{world.delivery(i.delivery_id).state for i in batch.items} for batch in by_batch] == [
        {S.PENDING},
        {S.IN_DOUBT},
        {S.CLAIMED},
    ]
    assert open_batches(world) == [alive.id]
    assert world.outbox.sweep(now=NOW + LEASE + timedelta(milliseconds=1)) == {}


def test_the_sweep_leaves_a_lease_that_holds(world: World) -> None:
    run, _ = world.sending([world.customer()])
    assert world.outbox.sweep(now=NOW + LEASE) == {}
    assert world.states(run) == [S.SENDING]


def test_what_comes_back_after_its_run_was_cancelled_is_cancelled(world: World) -> None:
    run, batch = world.sending([world.customer()])
    world.runs.move(run.id, RunState.CANCELLED, now=NOW)
    world.settle(batch, NOT_SENT)
    assert world.outbox.sweep(now=NOW) == {S.CANCELLED: 1}
    assert world.states(run) == [S.CANCELLED]


def test_what_is_pending_when_the_offer_ends_expires(world: World) -> None:
    run = world.planned([world.customer()], of=release(expires_at=LATER))
    assert world.outbox.sweep(now=LATER - timedelta(milliseconds=1)) == {}
    assert world.outbox.sweep(now=LATER) == {S.EXPIRED: 1}
    assert world.states(run) == [S.EXPIRED]


# Cost -------------------------------------------------------------------------------------------


def test_no_statement_of_a_worker_reads_the_whole_outbox(sqlite_database: Database) -> None:
    """Each batch must cost the same however many deliveries there are, in this run and before."""
    world = World(sqlite_database)
    run = world.planned(world.customers(3))
    statements: dict[str, Any] = {}

    def note(_c: object, _cur: object, statement: str, parameters: Any, *_rest: object) -> None:
        if "deliveries" in statement:
            statements[statement] = parameters

    event.listen(sqlite_database.engine, "before_cursor_execute", note)
    batch = world.claim(run)
    world.intend(batch)
    outcomes = [ACCEPTED, REJECTED, NOT_SENT]
    ids = [i.delivery_id for i in batch.items]
    world.outbox.settle(batch, dict(zip(ids, outcomes, strict=True)), now=NOW)
    world.outbox.next_due(run.id, 0)
    world.claim(run, now=LATER)
    world.outbox.sweep(now=LATER + LEASE + MARGIN)
    world.runs.move(run.id, RunState.CANCELLED, now=LATER)
    event.remove(sqlite_database.engine, "before_cursor_execute", note)
    with sqlite_database.write() as connection:
        plans = {
            statement: [
                row.detail
                for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
            for statement, parameters in statements.items()
        }
    assert len(plans) >= 10
    for statement, plan in plans.items():
        read = [step for step in plan if "deliveries" in step or step in ("SCAN d", "SCAN t")]
        assert not [s for s in read if s.startswith("SCAN") or "ix_deliveries_run_id" in s], (
            statement,
            plan,
        )
