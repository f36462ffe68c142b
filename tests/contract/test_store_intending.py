"""The outbox: the intent, by which a message may leave or may not, on both databases."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta

import orjson
import pytest
from sqlalchemy import delete, select, update

from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.consent import ALL_TOPICS, Purpose, Standing, permits
from campaigns.domain.delivery import (
    DeliveryState,
)
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.run import Run, RunState
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.planning import POST_SHARD
from tests.contract.outbox_world import ACCEPTED, LATER, NOT_SENT, new_address, open_batches
from tests.contract.store_world import LEASE, MARGIN, NOW, World, release

S = DeliveryState


def test_what_will_be_said_is_stored_with_the_intent(world: World) -> None:
    run = world.planned([world.customer()])
    batch = world.claim(run)
    (written,) = world.written(batch)
    assert world.intend(batch) == {written.delivery_id}
    (row,) = world.rows(select(schema.messages))
    assert (row.delivery_id, row.address, row.hash) == (
        written.delivery_id,
        written.address,
        written.hash,
    )
    assert orjson.loads(row.slot_values) == written.values
    delivery = world.delivery(written.delivery_id)
    assert (delivery.state, delivery.attempts) == (S.SENDING, 1)


def test_what_was_not_written_stays_claimed(world: World) -> None:
    run = world.planned(world.customers(2))
    batch = world.claim(run)
    first, _ = world.written(batch)
    assert world.outbox.intend(batch, [first], now=NOW, margin=MARGIN) == {first.delivery_id}
    assert world.states(run) == [S.SENDING, S.CLAIMED]
    assert world.outbox.intend(batch, [], now=NOW, margin=MARGIN) == set()


def test_a_retry_replaces_what_was_said(world: World) -> None:
    run, batch = world.sending([world.customer()])
    world.settle(batch, NOT_SENT)
    again = world.claim(run, now=LATER)
    (written,) = world.written(again)
    changed = dataclasses.replace(written, values={"name": "Other"}, hash="0" * 32)
    world.outbox.intend(again, [changed], now=LATER, margin=MARGIN)
    (row,) = world.rows(select(schema.messages))
    assert (orjson.loads(row.slot_values), row.hash) == ({"name": "Other"}, "0" * 32)
    assert world.delivery(written.delivery_id).attempts == 2


def _opt_out(world: World, customer: int, run: Run) -> None:
    world.standing(customer, Channel.EMAIL, granted=False, at=NOW)


def _opt_out_of_topic(world: World, customer: int, run: Run) -> None:
    world.standing(customer, Channel.EMAIL, granted=False, topic="offers", at=NOW)


def _suppress(world: World, customer: int, run: Run) -> None:
    world.suppress(customer, Channel.EMAIL)


def _bounce(world: World, customer: int, run: Run) -> None:
    world.execute(update(schema.addresses).values(status="bounced"))


def _forget(world: World, customer: int, run: Run) -> None:
    world.execute(delete(schema.addresses))


def _pause(world: World, customer: int, run: Run) -> None:
    world.runs.move(run.id, RunState.PAUSED, now=NOW)


def _cancel(world: World, customer: int, run: Run) -> None:
    world.runs.move(run.id, RunState.CANCELLED, now=NOW)


def _expire(world: World, customer: int, run: Run) -> None:
    world.execute(update(schema.runs).values(expires_at=to_ms(NOW)))


@pytest.mark.parametrize(
    ("happening", "state", "outcome"),
    [
        (_opt_out, S.SUPPRESSED, "no consent any more: opted out after planning"),
        (_opt_out_of_topic, S.SUPPRESSED, "no consent any more: opted out after planning"),
        (_suppress, S.SUPPRESSED, "the address was suppressed after planning"),
        (_bounce, S.SUPPRESSED, "no active address any more"),
        (_forget, S.SUPPRESSED, "no active address any more"),
        (new_address, S.PENDING, "the address changed while this was being written"),
        (_pause, S.PENDING, "the run was not running"),
        (_cancel, S.CANCELLED, "the run was cancelled or stopped"),
        (_expire, S.EXPIRED, "the offer ended before this was sent"),
    ],
)
def test_what_happens_between_claim_and_intent_stops_the_message(
    world: World,
    happening: Callable[[World, int, Run], None],
    state: DeliveryState,
    outcome: str,
) -> None:
    customer = world.customer()
    run = world.planned([customer])
    batch = world.claim(run)
    happening(world, customer, run)
    assert world.intend(batch) == set()
    delivery = world.delivery(batch.items[0].delivery_id)
    assert (delivery.state, delivery.outcome, delivery.attempts) == (state, outcome, 0)
    assert world.rows(select(schema.messages)) == []
    assert open_batches(world) == []


def test_an_opt_out_of_one_does_not_stop_the_others(world: World) -> None:
    customers = world.customers(3)
    run = world.planned(customers)
    batch = world.claim(run)
    _opt_out(world, customers[1], run)
    assert len(world.intend(batch)) == 2
    assert world.states(run) == [S.SENDING, S.SUPPRESSED, S.SENDING]


def test_an_opt_out_on_another_channel_or_purpose_does_not_count(world: World) -> None:
    customer = world.customer()
    run = world.planned([customer])
    batch = world.claim(run)
    world.standing(customer, Channel.SMS, granted=False, at=NOW)
    world.standing(customer, Channel.EMAIL, granted=False, purpose=Purpose.SERVICE, at=NOW)
    world.standing(customer, Channel.EMAIL, granted=False, topic="events", at=NOW)
    assert len(world.intend(batch)) == 1


@pytest.mark.parametrize(
    ("left", "goes"), [(timedelta(0), False), (timedelta(milliseconds=1), True)]
)
def test_the_lease_must_outlive_the_call_by_a_margin(
    world: World, left: timedelta, goes: bool
) -> None:
    run = world.planned([world.customer()])
    batch = world.claim(run)
    granted = world.intend(batch, now=NOW + LEASE - MARGIN - left)
    assert bool(granted) is goes
    assert world.states(run) == [S.SENDING if goes else S.PENDING]


def test_a_batch_that_lost_its_rows_cannot_intend_them(world: World) -> None:
    run = world.planned([world.customer()])
    stale = world.claim(run)
    world.outbox.sweep(now=NOW + LEASE + timedelta(seconds=1))
    later = NOW + LEASE + timedelta(seconds=2)
    fresh = world.claim(run, owner="other", now=later)
    assert world.intend(stale) == set()
    assert world.states(run) == [S.CLAIMED]
    assert len(world.intend(fresh, now=later)) == 1


@pytest.mark.parametrize("purpose", list(Purpose))
def test_the_database_permits_exactly_what_the_domain_permits(
    world: World, purpose: Purpose
) -> None:
    """Every mix of yes and no, older and newer, for the topic and for all topics."""
    said: list[tuple[bool, datetime] | None] = [None]
    for at in (
        NOW - timedelta(days=2),
        NOW - timedelta(days=1),
        datetime(1970, 1, 1, tzinfo=NOW.tzinfo),
    ):
        said += [(True, at), (False, at)]
    expected, customers = {}, []
    for own in said:
        for general in said:
            customer = world.customer(consents=False)
            standings = []
            for topic, entry in (("offers", own), (ALL_TOPICS, general), ("events", (True, NOW))):
                if entry is not None:
                    granted, at = entry
                    standings.append(Standing(topic, granted, at))
                    world.standing(
                        customer,
                        Channel.EMAIL,
                        granted=granted,
                        purpose=purpose,
                        topic=topic,
                        at=at,
                    )
            customers.append(customer)
            expected[customer] = permits(standings, purpose, "offers")
    run = world.planned(customers, of=release(purpose=purpose))
    batch = world.claim(run)
    granted_ids = world.intend(batch)
    assert {i.customer_id: i.delivery_id in granted_ids for i in batch.items} == expected
    assert {True, False} == set(expected.values())


@pytest.mark.parametrize(
    ("suppressed_for", "purpose", "goes"),
    [
        ("marketing", Purpose.MARKETING, False),
        ("marketing", Purpose.SERVICE, True),
        ("all", Purpose.SERVICE, False),
    ],
)
def test_a_suppression_counts_for_its_purposes(
    world: World, suppressed_for: str, purpose: Purpose, goes: bool
) -> None:
    customer = world.customer()
    run = world.planned([customer], of=release(purpose=purpose))
    world.suppress(customer, Channel.EMAIL, suppressed_for)
    assert bool(world.intend(world.claim(run))) is goes


def test_the_public_post_needs_no_address_and_no_consent(world: World) -> None:
    made = release()
    run = world.started(made)
    post = PlannedDelivery(
        PUBLIC, Channel.X_POST, made.skeleton(Channel.X_POST, "en_GB").hash, "public_post"
    )
    world.planning.write_post(run, post, now=NOW)
    batch = world.claim(run, shard=POST_SHARD)
    (item,) = batch.items
    assert (item.customer_id, item.address, item.ref) == (PUBLIC, "", "")
    assert world.intend(batch) == {item.delivery_id}
    world.settle(batch, ACCEPTED)
    assert world.states(run) == [S.ACCEPTED]
    assert world.sent() == []  # a post is on no customer's timeline
    assert world.outbox.recorded(run.id) == 0
