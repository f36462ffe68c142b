"""The outbox: what becomes of a message, by the answers of its provider, on both databases."""

from __future__ import annotations

from datetime import timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, select

from campaigns.domain.channel import Channel
from campaigns.domain.consent import ALL_TOPICS, Purpose
from campaigns.domain.delivery import (
    Accepted,
    DeliveryState,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.erasing import SqlErasure
from campaigns.store.settling import Settling
from tests.contract.outbox_world import (
    ACCEPTED,
    LATER,
    NOT_SENT,
    REJECTED,
    deliveries,
    new_address,
    open_batches,
)
from tests.contract.store_world import LEASE, NOW, World, release

S = DeliveryState


UNKNOWN = Unknown("timeout", "No answer.")


REFUSED = Refused("sendgrid:401", "The key is wrong.")


@pytest.mark.parametrize(
    ("outcome", "state", "said"),
    [
        (ACCEPTED, S.ACCEPTED, None),
        (REJECTED, S.REJECTED, "sendgrid:400: Bad address."),
        (NOT_SENT, S.PENDING, "429: Too many requests."),
        (UNKNOWN, S.IN_DOUBT, "timeout: No answer."),
        (REFUSED, S.PENDING, "sendgrid:401: The key is wrong."),
    ],
    ids=lambda v: type(v).__name__ if not isinstance(v, str) else "",
)
def test_each_outcome_leads_to_its_state(
    world: World, outcome: Outcome, state: DeliveryState, said: str | None
) -> None:
    run, batch = world.sending(world.customers(2))
    assert open_batches(world) == [batch.id]
    world.settle(batch, outcome)
    assert world.states(run) == [state, state]
    assert {d.outcome for d in deliveries(world)} == {said}
    assert open_batches(world) == []
    assert len(world.sent()) == (2 if outcome == ACCEPTED else 0)


def test_outcomes_of_one_batch_may_differ(world: World) -> None:
    run, batch = world.sending(world.customers(5))
    outcomes = [ACCEPTED, REJECTED, NOT_SENT, UNKNOWN, REFUSED]
    ids = [i.delivery_id for i in batch.items]
    world.outbox.settle(batch, dict(zip(ids, outcomes, strict=True)), now=NOW)
    assert world.states(run) == [S.ACCEPTED, S.REJECTED, S.PENDING, S.IN_DOUBT, S.PENDING]
    assert world.outbox.counts(run.id) == {
        (Channel.EMAIL, S.ACCEPTED): 1,
        (Channel.EMAIL, S.REJECTED): 1,
        (Channel.EMAIL, S.PENDING): 2,
        (Channel.EMAIL, S.IN_DOUBT): 1,
    }


def test_a_batch_stays_open_until_all_its_rows_have_left_it(world: World) -> None:
    _, batch = world.sending(world.customers(2))
    first, second = (i.delivery_id for i in batch.items)
    world.outbox.settle(batch, {first: ACCEPTED}, now=NOW)
    assert open_batches(world) == [batch.id]
    world.outbox.settle(batch, {second: UNKNOWN}, now=NOW)
    assert open_batches(world) == []


def test_an_accepted_message_is_on_the_customers_timeline(world: World) -> None:
    customer = world.customer()
    run, batch = world.sending([customer])
    world.settle(batch, ACCEPTED, now=LATER)
    (row,) = world.rows(select(schema.interactions))
    assert (row.customer_id, row.kind, row.channel, row.at) == (
        customer,
        "sent",
        "email",
        to_ms(LATER),
    )
    (delivery,) = deliveries(world)
    assert row.delivery_id == delivery.id
    assert (delivery.provider_id, delivery.settled_at) == ("sg-1", to_ms(LATER))
    assert world.outbox.recorded(run.id) == 1


def test_settling_twice_records_once_and_keeps_the_first_provider_id(world: World) -> None:
    _, batch = world.sending([world.customer()])
    world.settle(batch, ACCEPTED)
    world.settle(batch, Accepted("sg-2"), now=LATER)
    (delivery,) = deliveries(world)
    assert (delivery.state, delivery.provider_id) == (S.ACCEPTED, "sg-1")
    assert delivery.settled_at == to_ms(NOW)
    assert world.sent() == [delivery.id]


@pytest.mark.parametrize("negative", [REJECTED, NOT_SENT, UNKNOWN, REFUSED])
def test_nothing_takes_an_acceptance_back(world: World, negative: Outcome) -> None:
    run, batch = world.sending([world.customer()])
    world.settle(batch, ACCEPTED)
    world.settle(batch, negative, now=LATER)
    assert world.states(run) == [S.ACCEPTED]


@pytest.mark.parametrize("state", list(S))
def test_evidence_that_it_was_sent_wins_whatever_was_believed(world: World, state: S) -> None:
    run, batch = world.sending([world.customer()])
    (item,) = batch.items
    world.set_delivery(item.delivery_id, state=state, batch_id=batch.id + 1)
    world.settle(batch, ACCEPTED)
    assert world.states(run) == [S.ACCEPTED]
    assert world.sent() == [item.delivery_id]


@pytest.mark.parametrize("negative", [REJECTED, NOT_SENT, UNKNOWN, REFUSED])
def test_a_stale_workers_bad_news_is_ignored(world: World, negative: Outcome) -> None:
    """The first worker's connection never came up, it slept past its lease before it said so,
    and meanwhile another one has the message on its way."""
    run = world.planned([world.customer()])
    stale = world.claim(run)
    later = NOW + LEASE + timedelta(seconds=1)
    world.outbox.sweep(now=later)
    fresh = world.claim(run, owner="other", now=later)
    assert len(world.intend(fresh, now=later)) == 1
    world.settle(stale, negative, now=later)
    assert world.states(run) == [S.SENDING]
    world.settle(stale, ACCEPTED, now=later)
    assert world.states(run) == [S.ACCEPTED]


def test_a_worker_that_slept_may_still_say_that_nothing_left(world: World) -> None:
    """Its fence stands: what is in doubt is claimed by nobody, so nobody else can have sent it."""
    run, batch = world.sending([world.customer()])
    world.outbox.sweep(now=NOW + LEASE + timedelta(seconds=1))
    assert world.states(run) == [S.IN_DOUBT]
    world.settle(batch, NOT_SENT, now=LATER)
    assert world.states(run) == [S.PENDING]


def test_what_could_not_be_written_is_rejected_without_having_been_sent(world: World) -> None:
    run = world.planned([world.customer()])
    batch = world.claim(run)
    world.settle(batch, REJECTED)
    assert world.states(run) == [S.REJECTED]
    assert open_batches(world) == []


def test_a_claim_that_was_never_intended_cannot_be_in_doubt(world: World) -> None:
    run = world.planned([world.customer()])
    batch = world.claim(run)
    world.settle(batch, UNKNOWN)
    assert world.states(run) == [S.CLAIMED]


def test_the_providers_name_for_the_request_is_kept(world: World) -> None:
    _, batch = world.sending([world.customer()])
    outcomes: dict[int, Outcome] = {batch.items[0].delivery_id: UNKNOWN}
    world.outbox.settle(batch, outcomes, now=NOW, request_id="req-7")
    (row,) = world.rows(select(schema.batches))
    assert row.request_id == "req-7"


def test_words_longer_than_their_column_do_not_lose_the_outcome(world: World) -> None:
    run, batch = world.sending(world.customers(2))
    first, second = (i.delivery_id for i in batch.items)
    world.outbox.settle(
        batch,
        {first: Accepted("x" * 500), second: Rejected("code", "ñ" * 5000)},
        now=NOW,
        request_id="r" * 500,
    )
    assert world.states(run) == [S.ACCEPTED, S.REJECTED]


def test_an_invalid_address_is_not_tried_again(world: World) -> None:
    customer = world.customer(channels=(Channel.EMAIL, Channel.SMS))
    _, batch = world.sending([customer])
    world.settle(batch, Rejected("550", "No such mailbox.", invalid_address=True))
    a = schema.addresses.c
    found = {row.channel: row.status for row in world.rows(select(a.channel, a.status))}
    assert found == {"email": "invalid", "sms": "active"}


def test_an_address_corrected_meanwhile_stays_active(world: World) -> None:
    customer = world.customer()
    _, batch = world.sending([customer])
    new_address(world, customer, world.runs.get(batch.run_id))
    world.settle(batch, Rejected("550", "No such mailbox.", invalid_address=True))
    (row,) = world.rows(select(schema.addresses))
    assert row.status == "active"


@pytest.mark.parametrize("purpose", list(Purpose))
def test_an_opt_out_told_by_the_provider_is_a_denial_and_a_suppression(
    world: World, purpose: Purpose
) -> None:
    customer = world.customer()
    world.standing(customer, Channel.EMAIL, granted=True, purpose=purpose)
    run, batch = world.sending([customer], of=release(purpose=purpose))
    world.settle(batch, Rejected("twilio:21610", "Stopped.", opted_out=True), now=LATER)
    assert world.states(run) == [S.REJECTED]
    (suppression,) = world.rows(select(schema.suppressions))
    (address,) = world.rows(select(schema.addresses))
    assert (suppression.address_key, suppression.purpose) == (address.address_key, "marketing")
    denials = world.rows(select(schema.consents))
    assert {d.purpose for d in denials} == {"marketing", str(purpose)}
    for denial in denials:
        assert (denial.granted, denial.topic, denial.source) == (False, ALL_TOPICS, "provider")
        assert denial.at == to_ms(LATER)
        assert "twilio:21610" in denial.proof
        stands = world.rows(
            select(schema.standings).where(schema.standings.c.purpose == denial.purpose)
        )
        assert [(s.granted, s.at) for s in stands] == [(False, to_ms(LATER))]


def test_an_opt_out_told_twice_is_written_once(world: World) -> None:
    _, batch = world.sending([world.customer()])
    opted_out = Rejected("twilio:21610", "Stopped.", opted_out=True)
    world.settle(batch, opted_out)
    world.settle(batch, opted_out, now=LATER)
    assert len(world.rows(select(schema.consents))) == 1
    assert len(world.rows(select(schema.suppressions))) == 1


def test_a_yes_that_a_clock_dated_ahead_does_not_outlive_an_opt_out(world: World) -> None:
    customer = world.customer()
    _, batch = world.sending([customer])
    ahead = NOW + timedelta(hours=2)
    world.standing(customer, Channel.EMAIL, granted=True, at=ahead)
    world.settle(batch, Rejected("twilio:21610", "Stopped.", opted_out=True), now=NOW)
    (stands,) = world.rows(select(schema.standings))
    assert (stands.granted, stands.at) == (False, to_ms(ahead))


def test_a_newer_yes_outlives_an_older_opt_out(world: World) -> None:
    customer = world.customer()
    _, batch = world.sending([customer])
    world.standing(customer, Channel.EMAIL, granted=True, at=LATER)
    world.settle(batch, Rejected("twilio:21610", "Stopped.", opted_out=True), now=NOW)
    (stands,) = world.rows(select(schema.standings))
    assert (stands.granted, stands.at) == (True, to_ms(LATER))


@pytest.mark.parametrize("seed", range(3))
def test_accepting_in_one_statement_leaves_what_two_leave(world: World, seed: int) -> None:
    """PostgreSQL writes the acceptance and its interaction at once; two statements are the plain
    way. Some were accepted before, even without an interaction, and some belong to nobody."""
    chance = Random(seed)
    ends = [ACCEPTED, Accepted("sg-2"), Accepted(None), REJECTED, NOT_SENT, UNKNOWN]
    told = [{n: chance.choice(ends) for n in range(12) if chance.random() < 0.7} for _ in range(3)]
    gone = chance.sample(range(12), 3)

    def left(number: int, *, at_once: bool) -> list[Any]:
        world.outbox._settling = Settling(world.database.dialect)
        world.outbox._settling._at_once &= at_once
        if not at_once:
            world.outbox._settling._accept = world.outbox._settling._accept_late
        people = world.customers(12)
        run = world.planned(people, of=release(f"settled_{seed}_{number}"))
        batch = world.claim(run)
        world.intend(batch)
        ids = [item.delivery_id for item in batch.items]
        for outcomes, erased in zip(told, gone, strict=True):
            SqlErasure(world.database).erase(people[erased], by="Ana", why="asked", now=NOW)
            given = {ids[n]: outcome for n, outcome in outcomes.items()}
            lost = schema.interactions.c.delivery_id.in_(ids)
            world.execute(delete(schema.interactions).where(lost))
            world.outbox.settle(batch, given, now=NOW + timedelta(seconds=len(given)))
        d, i = schema.deliveries.c, schema.interactions.c
        states = select(d.state, d.outcome, d.provider_id, d.settled_at, d.not_before)
        rows = world.rows(states.where(d.run_id == run.id).order_by(d.id))
        sent = select(i.kind, i.channel, i.at, i.delivery_id - ids[0], i.customer_id - people[0])
        past = sent.where(i.customer_id.in_(people)).order_by(i.delivery_id)
        return [*map(tuple, rows), *map(tuple, world.rows(past))]

    found = left(1, at_once=True)
    assert found == left(2, at_once=False)
    assert len(found) > 12
