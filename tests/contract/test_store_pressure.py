"""Pressure: caps and pauses, kept by the statement that lets a message leave."""

from __future__ import annotations

import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, event, insert, select, text, update

from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.delivery import (
    Accepted,
    DeliveryState,
    NotSent,
    Outcome,
    Refused,
    Rejected,
    Unknown,
)
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.permit import Permit
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.pressure import LONGEST_CAP, WEEK, Cap, capped
from campaigns.domain.provider_event import ProviderEvent
from campaigns.domain.quiet_hours import Window
from campaigns.domain.run import RunState
from campaigns.store import locking, schema
from campaigns.store.clock import to_ms
from campaigns.store.evidence import SqlEvidence
from campaigns.store.intending import VERDICTS
from campaigns.store.planning import POST_SHARD
from tests.contract.pressure_world import campaign, intend, prefer
from tests.contract.store_world import LEASE, NOW, World, release
from tests.waiting import until

S = DeliveryState
E, SMS = Channel.EMAIL, Channel.SMS
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


ONE_A_DAY = Cap(messages=1, days=1)


def contacts(world: World) -> list[tuple[int, int, int]]:
    """Customer, moment and delivery of all contacts."""
    found = world.rows(select(schema.contacts).order_by(schema.contacts.c.delivery_id))
    return [tuple(row) for row in found]


def contacted(world: World, customer: int, at: datetime, delivery_id: int) -> None:
    """An earlier contact."""
    row = {"customer_id": customer, "at": to_ms(at), "delivery_id": delivery_id}
    world.execute(insert(schema.contacts).values(row))


# Caps ---------------------------------------------------------------------------------------


def test_a_cap_counts_over_campaigns_and_channels(world: World) -> None:
    customers = world.customers(2, channels=(E, SMS))
    first = campaign(world, customers[:1], channel=SMS)
    assert intend(world, world.claim(first), caps=[ONE_A_DAY])
    second = campaign(world, customers)
    intend(world, world.claim(second), caps=[ONE_A_DAY])
    assert world.states(second) == [S.SUPPRESSED, S.SENDING]
    row = world.delivery(world.rows(select(schema.deliveries.c.id).offset(1).limit(1))[0].id)
    assert row.outcome == "the customer has had enough messages lately"


@pytest.mark.parametrize("why", ["cap", "pause"])
def test_whom_a_cap_or_a_pause_kept_back_the_next_run_plans_again(world: World, why: str) -> None:
    """As whom the plan itself skips for it: neither says anything against the message."""
    (customer,) = world.customers(1, channels=(E, SMS))
    run, later = campaign(world, [customer]), NOW + 2 * DAY
    if why == "cap":
        assert intend(world, world.claim(campaign(world, [customer], channel=SMS)))
    else:
        prefer(world, customer, paused_until=to_ms(NOW + DAY))
    assert not intend(world, world.claim(run), caps=[ONE_A_DAY])
    assert world.states(run) == [S.SUPPRESSED]
    world.runs.move(run.id, RunState.FINISHED, now=NOW)
    read = world.planning.profiles(
        release(run.campaign), first_customer=customer, last_customer=customer, now=later
    )
    assert [p.customer_id for p in read] == [customer]
    again = world.planned([customer], of=release(run.campaign))
    assert again.id != run.id
    assert world.states(again) == [S.PENDING]
    assert intend(world, world.claim(again, now=later), now=later, caps=[ONE_A_DAY])


@pytest.mark.parametrize(
    ("ago", "goes"),
    [(DAY - timedelta(milliseconds=1), False), (DAY, True), (timedelta(0), False)],
)
def test_a_cap_looks_back_so_many_days(world: World, ago: timedelta, goes: bool) -> None:
    customer = world.customer()
    contacted(world, customer, NOW - ago, 999)
    run = campaign(world, [customer])
    assert bool(intend(world, world.claim(run), caps=[ONE_A_DAY])) is goes


def test_a_channels_own_cap_counts_there_only(world: World) -> None:
    cap = [Cap(messages=1, days=1, channel=SMS)]
    customer = world.customer(channels=(E, SMS))
    assert intend(world, world.claim(campaign(world, [customer], channel=E)), caps=cap)
    assert intend(world, world.claim(campaign(world, [customer], channel=SMS)), caps=cap)
    assert intend(world, world.claim(campaign(world, [customer], channel=E)), caps=cap)
    assert not intend(world, world.claim(campaign(world, [customer], channel=SMS)), caps=cap)


@pytest.mark.parametrize(
    ("wishes", "verdict"),
    [
        ({"paused_until": to_ms(NOW) + 1}, "paused"),
        ({"paused_until": to_ms(NOW)}, "send"),
        ({"weekly_most": 0}, "capped"),
        ({"weekly_most": 1}, "capped"),
        ({"weekly_most": 2}, "send"),
    ],
)
def test_the_customers_own_pause_and_limit_hold(
    world: World, wishes: dict[str, int], verdict: str
) -> None:
    customer = world.customer()
    contacted(world, customer, NOW - WEEK + HOUR, 998)
    contacted(world, customer, NOW - WEEK, 999)
    prefer(world, customer, **wishes)
    batch = world.claim(campaign(world, [customer]))
    assert bool(intend(world, batch)) is (verdict == "send")
    row = world.delivery(batch.items[0].delivery_id)
    assert (row.state, row.outcome) == VERDICTS[verdict]


def test_service_messages_are_neither_counted_nor_held_back(world: World) -> None:
    customer = world.customer()
    contacted(world, customer, NOW, 999)
    prefer(world, customer, paused_until=to_ms(NOW + DAY), weekly_most=0)
    run = campaign(world, [customer], purpose=Purpose.SERVICE)
    assert intend(world, world.claim(run), caps=[ONE_A_DAY])
    assert len(contacts(world)) == 1


def test_a_public_post_counts_for_nobody(world: World) -> None:
    made = release("post")
    run = world.started(made)
    wanted = made.skeleton(Channel.X_POST, "en_GB").hash
    post = PlannedDelivery(PUBLIC, Channel.X_POST, wanted, "public_post")
    world.planning.write_post(run, post, now=NOW)
    assert intend(world, world.claim(run, shard=POST_SHARD), caps=[ONE_A_DAY])
    assert contacts(world) == []


@pytest.mark.parametrize(
    ("outcome", "counts"),
    [
        (Accepted("id"), True),
        (Unknown("timeout", "?"), True),
        (NotSent("429", "wait", NOW), False),
        (Rejected("400", "no"), False),
        (Refused("401", "key"), False),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_may_have_left_counts_and_what_surely_did_not_counts_no_more(
    world: World, outcome: Outcome, counts: bool
) -> None:
    first, second = world.customers(2)
    batch = world.claim(campaign(world, [first, second]))
    intend(world, batch)
    ids = [i.delivery_id for i in batch.items]
    both = [(first, to_ms(NOW), ids[0]), (second, to_ms(NOW), ids[1])]
    assert contacts(world) == both
    world.outbox.settle(batch, {ids[0]: outcome}, now=NOW)
    assert contacts(world) == (both if counts else both[1:])


def test_what_left_after_all_counts_again_and_what_was_forgotten_stays_so(world: World) -> None:
    first, second = world.customers(2)
    batch = world.claim(campaign(world, [first, second]))
    intend(world, batch)
    ids = [i.delivery_id for i in batch.items]
    outcomes = {ids[0]: Rejected("400", "no"), ids[1]: Accepted("id")}
    world.outbox.settle(batch, outcomes, now=NOW)
    world.execute(delete(schema.contacts))  # as pruning does, long after

    delivered = [
        ProviderEvent(f"event-{i}", InteractionKind.DELIVERED, NOW, Channel.EMAIL, i) for i in ids
    ]
    SqlEvidence(world.database).record(delivered, now=NOW)

    assert contacts(world) == [(first, to_ms(NOW), ids[0])]


def test_a_batch_that_lost_its_rows_takes_no_contact_back(world: World) -> None:
    run = campaign(world, [world.customer()])
    stale = world.claim(run)
    world.outbox.sweep(now=NOW + LEASE + timedelta(seconds=1))
    later = NOW + LEASE + timedelta(seconds=2)
    intend(world, world.claim(run, owner="other", now=later), now=later)
    world.settle(stale, NotSent("429", "wait", NOW), now=later)
    assert len(contacts(world)) == 1


def test_a_message_that_is_tried_again_does_not_stand_in_its_own_way(world: World) -> None:
    run = campaign(world, [world.customer()])
    for _ in range(3):
        batch = world.claim(run)
        assert intend(world, batch, caps=[ONE_A_DAY])
        world.settle(batch, NotSent("429", "wait", NOW))
    assert contacts(world) == []


def test_the_database_caps_exactly_what_the_domain_caps(world: World) -> None:
    """Every mix of how many, how long ago and on which channel, for three caps and a wish."""
    caps = (
        Cap(messages=2, days=7),
        Cap(messages=1, days=1, channel=E),
        Cap(messages=1, days=30, channel=SMS),
    )
    ages = [timedelta(0), HOUR, 2 * DAY, 10 * DAY, 40 * DAY]
    mixes = [mix for size in range(3) for mix in itertools.combinations(ages, size)]
    cases = [(c, mix, most) for c in (E, SMS) for mix in mixes for most in (None, 1)]
    customers = world.customers(len(cases))
    earlier = campaign(world, customers, channel=E)
    batch = world.claim(earlier)
    texts = campaign(world, customers, channel=SMS)
    by_channel = {E: batch, SMS: world.claim(texts, limits={SMS: 1000})}
    expected = {}
    for customer, (channel, mix, most) in zip(customers, cases, strict=True):
        items = by_channel[channel].items
        delivery = next(i.delivery_id for i in items if i.customer_id == customer)
        for age in mix:
            contacted(world, customer, NOW - age, delivery)
        if most is not None:
            prefer(world, customer, weekly_most=most)
        counts = [
            sum(age < timedelta(days=c.days) for age in mix if c.channel in (None, channel))
            for c in caps
        ]
        in_week = sum(age < WEEK for age in mix)
        expected[customer] = E not in capped(caps, counts, weekly_most=most, in_week=in_week)
    last = world.claim(campaign(world, customers))
    granted = intend(world, last, caps=caps)
    assert {i.customer_id: i.delivery_id in granted for i in last.items} == expected
    assert set(expected.values()) == {True, False}


def test_old_contacts_are_forgotten_once_a_day(world: World) -> None:
    customer = world.customer()
    contacted(world, customer, NOW - LONGEST_CAP, 1)
    contacted(world, customer, NOW - LONGEST_CAP + HOUR, 2)
    world.outbox.sweep(now=NOW)
    assert [delivery for *_, delivery in contacts(world)] == [2]
    world.outbox.sweep(now=NOW + 2 * HOUR)
    assert len(contacts(world)) == 1
    world.outbox.sweep(now=NOW + DAY)
    assert contacts(world) == []


# Two campaigns at once ----------------------------------------------------------------------


def test_two_campaigns_at_once_share_the_room_below_a_cap(world: World) -> None:
    """The second intent arrives while the first has been decided and is not yet committed."""
    granted, other = _race(world)
    assert len(granted) == 30
    assert other == set()
    assert len(contacts(world)) == 30


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_without_the_customers_locks_both_would_pass(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: on PostgreSQL it is the locks that make the second wait."""
    monkeypatch.setattr(locking, "_HOLD_CUSTOMERS", text("SELECT :lock_class, :numbers"))
    granted, other = _race(world)
    assert len(granted) == len(other) == 30


def _race(world: World) -> tuple[set[int], set[int]]:
    customers = world.customers(30)
    batches = [world.claim(campaign(world, customers)) for _ in range(2)]
    decided, go_on = threading.Event(), threading.Event()

    def hold(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "INSERT INTO contacts" in statement and not decided.is_set():
            decided.set()
            assert go_on.wait(timeout=120)

    event.listen(world.database.engine, "before_cursor_execute", hold)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(intend, world, batches[0], caps=[ONE_A_DAY])
        assert decided.wait(timeout=120)
        second = threads.submit(intend, world, batches[1], caps=[ONE_A_DAY])
        until(lambda: second.done() or _somebody_waits(world))
        go_on.set()
        found = first.result(timeout=120), second.result(timeout=30)
    event.remove(world.database.engine, "before_cursor_execute", hold)
    return found


def _somebody_waits(world: World) -> bool:
    """On SQLite there is one writer at a time, and the first is it."""
    if world.database.dialect == "sqlite":
        return True
    query = text(
        "SELECT COUNT(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    return bool(world.rows(query)[0][0])


# Runs that wait -----------------------------------------------------------------------------


def test_runs_with_something_due_are_found_unless_somebody_is_at_it(world: World) -> None:
    opens = NOW + 8 * HOUR
    waiting = campaign(world, [world.customer()])
    intend(world, world.claim(waiting), Permit(Window(opens, opens + HOUR)))
    paused = campaign(world, [world.customer()])
    world.execute(update(schema.runs).where(schema.runs.c.id == paused.id).values(state="paused"))
    busy = campaign(world, world.customers(2))
    world.claim(busy, limits={E: 1})
    assert [r.id for r in world.runs.due(now=NOW)] == []
    assert [r.id for r in world.runs.due(now=NOW + LEASE)] == []
    died = NOW + LEASE + timedelta(seconds=1)
    assert [r.id for r in world.runs.due(now=died)] == [busy.id]
    assert [r.id for r in world.runs.due(now=opens)] == [waiting.id, busy.id]


def test_no_delivery_of_an_intent_has_a_table_read_whole_however_empty_it_seems(
    world: World,
) -> None:
    """PostgreSQL goes on with the plan that it made when contacts were few."""
    if world.database.dialect == "sqlite":
        pytest.skip("SQLite's planner needs no statistics")
    with world.database.engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql("VACUUM ANALYZE contacts")
    before = _read_whole(world)
    batch = world.claim(campaign(world, world.customers(3)))
    assert len(intend(world, batch, caps=[ONE_A_DAY])) == 3
    assert _read_whole(world) == before


def _read_whole(world: World) -> int:
    """How often PostgreSQL has read all contacts, counted once the statistics are written."""
    with world.database.engine.connect() as connection:
        connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
    with world.database.read() as connection:
        counted = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 'contacts'"
        return int(connection.exec_driver_sql(counted).scalar_one())
