"""A message that surely failed goes to the next permitted channel, once; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest
from sqlalchemy import Connection, event, insert, select

from campaigns.domain.delivery import Accepted, ProviderState, Rejected
from campaigns.domain.pressure import Cap, Pressure
from campaigns.domain.reason import Skip, SkipReason
from campaigns.domain.run import RunState
from campaigns.services.fall_back import FellBack
from campaigns.services.report import report
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.customers import SqlProfiles
from campaigns.store.engine import Database
from campaigns.store.falling_back import SqlFallbacks
from campaigns.store.paces import SqlPaces
from tests.contract.fallback_world import (
    DEAD,
    EMAIL,
    HOUR,
    SMS,
    WHATSAPP,
    S,
    bounce,
    claimed,
    fall,
    fallen,
    hops,
    sent,
    within,
)
from tests.contract.store_world import NOW, World


@pytest.mark.parametrize("state", [ProviderState.BOUNCED, ProviderState.FAILED])
def test_a_bounce_moves_to_the_next_permitted_channel_with_its_reason(
    world: World, fallbacks: SqlFallbacks, state: ProviderState
) -> None:
    customer = world.customer(channels=(EMAIL, SMS))
    run, (first,) = sent(world, [customer], Accepted("M1"))
    bounce(world, first, state)

    assert fall(world, fallbacks, run) == FellBack(failed=1, hops=1)
    assert fall(world, fallbacks, run) == FellBack()

    assert hops(world, customer) == [(0, "email", "accepted", True), (1, "sms", "pending", False)]
    batch = claimed(world, run)
    assert [i.address for i in batch.items] == [f"+1{customer}"]
    (hop,) = world.intend(batch, now=NOW + HOUR)
    assert world.delivery(hop).reason == f"fallback|email={state}"


def test_a_rejection_moves_on_and_a_message_that_is_fine_or_in_doubt_does_not(
    world: World, fallbacks: SqlFallbacks
) -> None:
    customers = world.customers(4, channels=(EMAIL, SMS))
    run, batch = world.sending(customers, of=within())
    dead, fine, complained, doubt = [i.delivery_id for i in batch.items]
    world.outbox.settle(
        batch,
        {dead: DEAD, fine: Accepted("a"), complained: Accepted("b")},
        now=NOW,
    )
    bounce(world, complained, ProviderState.COMPLAINED)
    world.outbox.sweep(now=NOW + HOUR)
    assert world.delivery(doubt).state == S.IN_DOUBT

    assert fall(world, fallbacks, run) == FellBack(1, 1)
    assert [len(hops(world, c)) for c in customers] == [2, 1, 1, 1]


def test_it_goes_on_through_the_channels_and_never_back(
    world: World, fallbacks: SqlFallbacks
) -> None:
    customer = world.customer(channels=(EMAIL, SMS, WHATSAPP), country="ES")
    of = within(channels=(EMAIL, SMS, WHATSAPP))
    run, _ = sent(world, [customer], DEAD, of)
    for _ in range(2):
        assert fall(world, fallbacks, run).hops == 1
        batch = claimed(world, run)
        world.intend(batch, now=NOW + HOUR)
        world.settle(batch, replace(DEAD, invalid_address=False), now=NOW + HOUR)
    assert fall(world, fallbacks, run) == FellBack(1, 0)
    found = hops(world, customer)
    assert [channel for _, channel, _, _ in found] == ["email", "sms", "whatsapp"]
    assert [replaced for *_, replaced in found] == [True, True, False]
    query = select(schema.deliveries.c.reason, schema.deliveries.c.no_fallback)
    last = world.rows(query.order_by(schema.deliveries.c.id.desc()).limit(1))[0]
    assert last.reason == "fallback|email=rejected|sms=rejected"
    assert Skip.decode(last.no_fallback).reason is SkipReason.NO_OTHER_CHANNEL


def test_where_no_channel_is_permitted_the_reason_is_stored_and_it_is_looked_at_once(
    world: World, fallbacks: SqlFallbacks
) -> None:
    customer = world.customer(channels=(EMAIL, SMS))
    run, (first,) = sent(world, [customer], DEAD)
    world.standing(customer, SMS, granted=False, at=NOW)
    assert fall(world, fallbacks, run) == FellBack(1, 0)
    assert world.delivery(first).no_fallback == "opted_out|email=rejected|sms=opted_out"
    assert not world.delivery(first).replaced
    assert fall(world, fallbacks, run) == FellBack()


def test_an_opt_out_that_the_provider_tells_holds_on_every_channel_of_that_number(
    world: World, fallbacks: SqlFallbacks
) -> None:
    """STOP covers SMS and WhatsApp of the number; e-mail only where they say 'all'."""
    one, other = world.customers(2, channels=(), country="ES")
    for number, customer in enumerate((one, other)):
        for channel in (SMS, WHATSAPP):
            world.address(customer, channel, f"+3460000000{number}")
            world.standing(customer, channel, granted=True)
    world.address(other, EMAIL)
    world.standing(other, EMAIL, granted=True)
    of = within(channels=(SMS, WHATSAPP, EMAIL))
    run = world.planned([one, other], of=of, channel=SMS)
    batch = world.claim(run)
    world.intend(batch)
    world.settle(batch, Rejected("twilio:21610", "opted out there", opted_out=True))

    assert fall(world, fallbacks, run) == FellBack(2, 1)
    assert [channel for _, channel, *_ in hops(world, one)] == ["sms"]
    assert [channel for _, channel, *_ in hops(world, other)] == ["sms", "email"]


def test_nothing_follows_a_complaint_even_of_what_bounced(
    world: World, fallbacks: SqlFallbacks
) -> None:
    customer = world.customer(channels=(EMAIL, SMS))
    run, (first,) = sent(world, [customer], Accepted("M1"))
    bounce(world, first)
    complaint = {"customer_id": customer, "kind": "complained", "at": to_ms(NOW + HOUR)}
    world.execute(insert(schema.interactions).values(complaint))
    assert fall(world, fallbacks, run) == FellBack(1, 0)
    assert world.delivery(first).no_fallback == "complained|email=bounced"


def test_an_opt_out_between_the_choice_and_the_sending_still_counts(
    world: World, fallbacks: SqlFallbacks
) -> None:
    customer = world.customer(channels=(EMAIL, SMS))
    run, _ = sent(world, [customer], DEAD)
    fall(world, fallbacks, run)
    batch = claimed(world, run)
    world.standing(customer, SMS, granted=False, at=NOW + HOUR)
    assert world.intend(batch, now=NOW + HOUR) == set()
    assert hops(world, customer)[1][2] == "suppressed"


@pytest.mark.parametrize(
    ("hours", "later", "expected"),
    [(48, 48, FellBack(1, 1)), (48, 49, FellBack()), (1, 2, FellBack()), (None, 0, FellBack())],
)
def test_only_within_the_campaigns_hours_and_not_at_all_where_it_says_so(
    world: World, fallbacks: SqlFallbacks, hours: int | None, later: int, expected: FellBack
) -> None:
    run, _ = sent(world, [world.customer(channels=(EMAIL, SMS))], DEAD, within(hours))
    assert fall(world, fallbacks, run, now=NOW + later * HOUR) == expected


def test_not_after_the_offer_and_not_in_a_run_that_somebody_paused_or_ended(
    world: World, fallbacks: SqlFallbacks
) -> None:
    over = within(expires_at=NOW + HOUR)
    run, _ = sent(world, [world.customer(channels=(EMAIL, SMS))], DEAD, over)
    assert fall(world, fallbacks, run, now=NOW + HOUR) == FellBack()
    for state in (RunState.PAUSED, RunState.CANCELLED):
        other, _ = sent(
            world, [world.customer(channels=(EMAIL, SMS))], DEAD, within(campaign=str(state))
        )
        world.runs.move(other.id, state, now=NOW)
        assert fall(world, fallbacks, other) == FellBack()


def test_a_finished_run_is_opened_again_for_what_bounced_later(
    world: World, fallbacks: SqlFallbacks
) -> None:
    run, (first,) = sent(world, [world.customer(channels=(EMAIL, SMS))], Accepted("M1"))
    world.runs.move(run.id, RunState.FINISHED, now=NOW)
    assert fallbacks.finished_runs(since=NOW, now=NOW + HOUR) == []
    bounce(world, first)
    assert fallbacks.finished_runs(since=NOW, now=NOW + HOUR) == [run.id]
    assert fallbacks.finished_runs(since=NOW + HOUR, now=NOW + HOUR) == []
    assert fall(world, fallbacks, run).hops == 1
    assert world.runs.get(run.id).state is RunState.RUNNING
    assert fallbacks.opened_again(now=NOW + HOUR) == [run.id]
    assert fallbacks.finished_runs(since=NOW, now=NOW + HOUR) == []


@pytest.mark.parametrize("to", [RunState.FINISHED, RunState.CANCELLED])
def test_a_run_that_ends_at_that_moment_leaves_nothing_waiting(
    world: World, fallbacks: SqlFallbacks, to: RunState
) -> None:
    """Written and not committed yet, a next hop is not seen by who ends the run: they wait for it,
    and a run that has something to send is not finished."""
    customer = world.customer(channels=(EMAIL, SMS))
    run, _ = sent(world, [customer], DEAD)
    written, go = Event(), Event()

    def hold(connection: Connection) -> None:
        if not written.is_set() and connection.get_execution_options().get("campaigns_write"):
            written.set()
            go.wait(60)

    event.listen(world.database.engine, "commit", hold)
    with ThreadPoolExecutor(2) as pool:
        falling = pool.submit(fall, world, fallbacks, run)
        assert written.wait(60)
        ending = pool.submit(world.runs.move, run.id, to, now=NOW + HOUR)
        wait([ending], timeout=1)
        go.set()
        assert falling.result().hops == 1
        ended = ending.result()
    event.remove(world.database.engine, "commit", hold)
    state, hop = world.runs.get(run.id).state, hops(world, customer)[1][2]
    if to is RunState.FINISHED:
        assert (ended, state, hop) == (False, RunState.RUNNING, "pending")
    else:
        assert (ended, state, hop) == (True, RunState.CANCELLED, "cancelled")


def test_a_run_beside_another_one_of_its_campaign_waits_and_loses_nothing(
    world: World, fallbacks: SqlFallbacks
) -> None:
    customer = world.customer(channels=(EMAIL, SMS))
    run, _ = sent(world, [customer], DEAD)
    world.runs.move(run.id, RunState.FINISHED, now=NOW)
    following = world.started(within())
    assert fall(world, fallbacks, run) == FellBack()
    assert hops(world, customer) == [(0, "email", "rejected", False)]
    world.runs.move(following.id, RunState.FINISHED, now=NOW)
    assert fall(world, fallbacks, run).hops == 1


def test_two_who_fall_back_at_once_make_one_hop_each(world: World, fallbacks: SqlFallbacks) -> None:
    customers = world.customers(60, channels=(EMAIL, SMS))
    run, _ = sent(world, customers, DEAD)
    with ThreadPoolExecutor(4) as threads:
        done = list(threads.map(lambda _: fall(world, fallbacks, run), range(4)))
    assert sum(d.hops for d in done) == 60
    assert all(len(hops(world, c)) == 2 for c in customers)


# Late good news -----------------------------------------------------------------------------


def test_a_customer_counts_once_whatever_the_hops(world: World, fallbacks: SqlFallbacks) -> None:
    customers = world.customers(3, channels=(EMAIL, SMS))
    run, (first, *_) = sent(world, customers, Accepted("M1"))
    bounce(world, first)
    fall(world, fallbacks, run)
    batch = claimed(world, run)
    world.intend(batch, now=NOW + HOUR)
    waiting = report(world.runs, world.outbox, SqlPaces(world.database), run.id, now=NOW)
    world.settle(batch, Accepted("SM1"), now=NOW + HOUR)
    done = report(world.runs, world.outbox, SqlPaces(world.database), run.id, now=NOW)
    for told in (waiting, done):
        assert told.audience == 3
        assert told.planned == {EMAIL: 2, SMS: 1}
        assert told.adds_up
        assert told.fallbacks == {"SMS, after e-mail (bounced)": 1}
    assert (waiting.accepted, done.accepted, done.recorded) == (2, 3, 3)
    assert ("of these by fallback", "SMS, after e-mail (bounced)", 1) in done.rows()


def test_showing_a_customer_or_a_delivery_tells_the_chain(
    world: World, fallbacks: SqlFallbacks, database: Database
) -> None:
    _, customer, first = fallen(world, fallbacks)
    profiles = SqlProfiles(database)
    shown = profiles.show(customer).deliveries
    assert [(line.channel, line.hop, line.replaced) for line in shown] == [
        (SMS, 1, False),
        (EMAIL, 0, True),
    ]
    assert shown[0].why == (
        "SMS: the next channel that this customer permits; not e-mail (the provider refused the "
        "message there)."
    )
    one, other = (profiles.delivery(line.delivery_id) for line in shown)
    assert [line.delivery_id for line in one.chain] == [first, shown[0].delivery_id]
    assert one.chain == other.chain


def test_a_release_keeps_its_hours_of_fallback(world: World) -> None:
    for hours in (None, 48):
        made = within(hours, campaign=f"fallback_{hours}")
        world.releases.save(made, NOW)
        assert world.releases.load(made.hash).policy.fallback_within == (
            None if hours is None else timedelta(hours=hours)
        )


def test_what_failed_is_found_by_its_own_index(world: World, database: Database) -> None:
    if database.dialect != "sqlite":
        pytest.skip("PostgreSQL chooses by its statistics, of which an empty table has none")
    from sqlalchemy import text

    from campaigns.store.falling_back import _FAILED

    given = {"run": 1, "since": 0, "most": 10}
    plan = world.rows(text("EXPLAIN QUERY PLAN " + _FAILED.format(lock="")).bindparams(**given))
    assert any("ix_deliveries_failed" in row[3] for row in plan)


def test_a_fallback_stays_in_its_customers_arm(world: World, fallbacks: SqlFallbacks) -> None:
    customer = world.customer(channels=(EMAIL, SMS))
    run, (first,) = sent(world, [customer], DEAD)
    world.set_delivery(
        first, reason="learnt:sms 3/5 replied,email 0/9@preferred|x_dm=not_written_first"
    )
    fall(world, fallbacks, run)
    (row,) = world.rows(select(schema.deliveries.c.reason).where(schema.deliveries.c.hop == 1))
    assert row.reason == "fallback@preferred|email=rejected"


def test_a_message_that_bounced_does_not_fill_the_cap_of_its_own_fallback(
    world: World, fallbacks: SqlFallbacks
) -> None:
    made = within()
    once = Pressure(caps=(Cap(messages=1, days=7),))
    made = replace(made, policy=replace(made.policy, pressure=once))
    customer = world.customer(channels=(EMAIL, SMS))
    run, (first,) = sent(world, [customer], Accepted("M1"), made)
    bounce(world, first)
    assert fall(world, fallbacks, run).hops == 1
    batch = claimed(world, run)
    granted = world.outbox.intend(
        batch, world.written(batch), now=NOW + HOUR, margin=timedelta(), caps=once.caps
    )
    assert len(granted) == 1
    contacts = world.rows(select(schema.contacts.c.delivery_id))
    assert [row.delivery_id for row in contacts] == list(granted)
