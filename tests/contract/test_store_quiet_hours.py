"""Hours, kept by the statement that lets a message leave."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from sqlalchemy import update

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import (
    TRANSITIONS,
    DeliveryState,
)
from campaigns.domain.permit import Permit
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.quiet_hours import ALWAYS, Window
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.intending import VERDICTS
from tests.contract.pressure_world import campaign, intend, prefer
from tests.contract.store_world import LEASE, LIMITS, MARGIN, NOW, World, release

S = DeliveryState
E, SMS = Channel.EMAIL, Channel.SMS
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


ENDS = NOW + MARGIN  # when the call has ended at the latest


@pytest.mark.parametrize(
    ("permit", "verdict"),
    [
        (Permit(Window(NOW, ENDS)), "send"),
        (Permit(Window(NOW - HOUR, NOW + HOUR)), "send"),
        (Permit(Window(NOW + timedelta(milliseconds=1), NOW + HOUR)), "quiet"),
        (Permit(Window(NOW - HOUR, ENDS - timedelta(milliseconds=1))), "quiet"),
        (Permit(None), "no_hour"),
        (Permit(ALWAYS, ENDS + timedelta(milliseconds=1)), "send"),
        (Permit(ALWAYS, ENDS), "over"),
        (Permit(ALWAYS, NOW), "over"),
        # The offer ends while it is quiet: dropped at once, rather than kept until it has ended.
        (Permit(Window(NOW + 8 * HOUR, NOW + 9 * HOUR), NOW + 8 * HOUR), "over"),
        (Permit(Window(NOW + 8 * HOUR, NOW + 9 * HOUR), NOW + 9 * HOUR), "quiet"),
    ],
)
def test_the_hours_of_each_message_are_kept_by_the_statement(
    world: World, permit: Permit, verdict: str
) -> None:
    run = campaign(world, [world.customer()])
    batch = world.claim(run)
    assert bool(intend(world, batch, permit)) is (verdict == "send")
    row = world.delivery(batch.items[0].delivery_id)
    state, said = VERDICTS[verdict]
    assert (row.state, row.outcome) == (state, said)
    assert state is S.CLAIMED or state in TRANSITIONS[S.CLAIMED]
    ended = state in {S.SUPPRESSED, S.EXPIRED}
    assert row.settled_at == (to_ms(NOW) if ended else None)


def test_what_is_quiet_waits_for_its_hour_and_no_longer(world: World) -> None:
    run = campaign(world, [world.customer()])
    opens = NOW + 8 * HOUR
    batch = world.claim(run)
    intend(world, batch, Permit(Window(opens, opens + HOUR)))
    row = world.delivery(batch.items[0].delivery_id)
    assert (row.not_before, row.batch_id, row.attempts) == (to_ms(opens), None, 0)
    early = opens - timedelta(milliseconds=1)
    assert world.outbox.claim(run.id, 0, owner="w", limits=LIMITS, now=early, lease=LEASE) is None
    again = world.claim(run, now=opens)
    assert intend(world, again, Permit(Window(opens, opens + HOUR)), now=opens)
    assert world.delivery(row.id).outcome is None


def test_one_batch_may_hold_customers_of_several_zones(world: World) -> None:
    run = campaign(world, world.customers(3))
    batch = world.claim(run)
    permits = [
        Permit(Window(NOW, NOW + HOUR)),
        Permit(Window(NOW + HOUR, NOW + 2 * HOUR)),
        Permit(ALWAYS),
    ]
    written = [
        dataclasses.replace(w, permit=p) for w, p in zip(world.written(batch), permits, strict=True)
    ]
    world.outbox.intend(batch, written, now=NOW, margin=MARGIN)
    assert world.states(run) == [S.SENDING, S.PENDING, S.SENDING]


def test_a_claim_brings_where_the_customer_is_and_their_own_hours(world: World) -> None:
    customer = world.customer(country="US", time_zone="America/New_York")
    prefer(world, customer, quiet_from=1200, quiet_until=540)
    (item,) = world.claim(campaign(world, [customer])).items
    assert (item.country, item.time_zone) == ("US", "America/New_York")
    assert (item.quiet, item.preferences_at) == ((1200, 540), NOW - HOUR)
    (other,) = world.claim(campaign(world, [world.customer()])).items
    assert (other.country, other.time_zone, other.quiet, other.preferences_at) == (None,) * 4


def test_hours_worked_out_from_old_preferences_are_worked_out_again(world: World) -> None:
    first, second = world.customers(2)
    prefer(world, first, quiet_from=1200, quiet_until=540)
    run = campaign(world, [first, second])
    batch = world.claim(run)
    prefer(world, first, at=NOW, quiet_from=540, quiet_until=1200)
    prefer(world, second, at=NOW, quiet_from=540, quiet_until=1200)
    assert intend(world, batch) == set()
    assert world.states(run) == [S.PENDING, S.PENDING]
    assert len(intend(world, world.claim(run))) == 2


def test_what_waits_is_told_with_its_reason_and_its_hour(world: World) -> None:
    made = release("waiting")
    customers = world.customers(4)
    run = world.started(made)
    wanted = made.skeleton(E, "en_GB").hash
    opens = [NOW + HOUR, NOW + 2 * HOUR, None, None]
    plan = [
        PlannedDelivery(c, E, wanted, "campaign_order", at)
        for c, at in zip(customers, opens, strict=True)
    ]
    world.planning.write_plan(run, world.runs.shards(run.id)[0], plan, [], already=0, now=NOW)
    batch = world.claim(run)
    assert [i.customer_id for i in batch.items] == customers[2:]
    intend(world, batch, Permit(Window(NOW + 3 * HOUR, NOW + 4 * HOUR)))
    (wait,) = world.outbox.waits(run.id, now=NOW)
    assert (wait.why, wait.messages, wait.first) == (
        "quiet hours at the recipient",
        4,
        NOW + HOUR,
    )
    assert str(wait) == "4 wait (quiet hours at the recipient, the first until 1 Mar 10:00 UTC)"
    assert world.outbox.waits(run.id, now=NOW + 3 * HOUR) == []


def test_a_cancelled_delivery_that_is_planned_again_gets_its_new_hour(world: World) -> None:
    customer = world.customer()
    first = world.planned([customer])
    world.execute(update(schema.runs).values(state="cancelled"))
    world.outbox.sweep(now=NOW)
    assert world.states(first) == [S.CANCELLED]
    made = release()
    run = world.started(made)
    wanted = made.skeleton(E, "en_GB").hash
    plan = [PlannedDelivery(customer, E, wanted, "campaign_order", NOW + HOUR)]
    world.planning.write_plan(run, world.runs.shards(run.id)[0], plan, [], already=0, now=NOW)
    assert world.outbox.next_due(run.id, 0) == {E: NOW + HOUR}
