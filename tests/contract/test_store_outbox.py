"""The outbox: claim, intend, settle and sweep, one message once, on both databases."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import orjson
import pytest
from sqlalchemy import delete, event, insert, select, update

from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.consent import ALL_TOPICS, Purpose, Standing, permits
from campaigns.domain.delivery import (
    Accepted,
    DeliveryState,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.run import Run, RunState
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from campaigns.store.planning import POST_SHARD
from tests.contract.store_world import LEASE, LIMITS, MARGIN, NOW, World, release

S = DeliveryState
LATER = NOW + timedelta(minutes=10)
ACCEPTED = Accepted("sg-1")
REJECTED = Rejected("sendgrid:400", "Bad address.")
NOT_SENT = NotSent("429", "Too many requests.", LATER)
UNKNOWN = Unknown("timeout", "No answer.")
REFUSED = Refused("sendgrid:401", "The key is wrong.")


@pytest.fixture
def world(database: Database) -> World:
    return World(database)


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
    left = [d.channel for d in _deliveries(world) if d.state == S.PENDING]
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


# Intent -----------------------------------------------------------------------------------------


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


def _new_address(world: World, customer: int, run: Run) -> None:
    world.execute(update(schema.addresses).values(address="new@example.com"))


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
        (_new_address, S.PENDING, "the address changed while this was being written"),
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
    assert _open_batches(world) == []


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


# Settle -----------------------------------------------------------------------------------------


def _deliveries(world: World) -> list[Any]:
    return world.rows(select(schema.deliveries).order_by(schema.deliveries.c.id))


def _open_batches(world: World) -> list[int]:
    return [b.id for b in world.rows(select(schema.batches).where(schema.batches.c.open))]


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
    assert _open_batches(world) == [batch.id]
    world.settle(batch, outcome)
    assert world.states(run) == [state, state]
    assert {d.outcome for d in _deliveries(world)} == {said}
    assert _open_batches(world) == []
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
    assert _open_batches(world) == [batch.id]
    world.outbox.settle(batch, {second: UNKNOWN}, now=NOW)
    assert _open_batches(world) == []


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
    (delivery,) = _deliveries(world)
    assert row.delivery_id == delivery.id
    assert (delivery.provider_id, delivery.settled_at) == ("sg-1", to_ms(LATER))
    assert world.outbox.recorded(run.id) == 1


def test_settling_twice_records_once_and_keeps_the_first_provider_id(world: World) -> None:
    _, batch = world.sending([world.customer()])
    world.settle(batch, ACCEPTED)
    world.settle(batch, Accepted("sg-2"), now=LATER)
    (delivery,) = _deliveries(world)
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
    assert _open_batches(world) == []


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
    _new_address(world, customer, world.runs.get(batch.run_id))
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


def test_a_newer_yes_outlives_an_older_opt_out(world: World) -> None:
    customer = world.customer()
    _, batch = world.sending([customer])
    world.standing(customer, Channel.EMAIL, granted=True, at=LATER)
    world.settle(batch, Rejected("twilio:21610", "Stopped.", opted_out=True), now=NOW)
    (stands,) = world.rows(select(schema.standings))
    assert (stands.granted, stands.at) == (True, to_ms(LATER))


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
    assert _open_batches(world) == [alive.id]
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
