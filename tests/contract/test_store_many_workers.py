"""Several workers at once: nobody gets the same row, and an opt-out is final once committed."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import IntegrityError

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, NotSent, Outcome, Unknown
from campaigns.domain.plan import PlannedDelivery
from campaigns.store import engine as engine_module
from campaigns.store import schema
from campaigns.store.engine import bar_intents, open_database
from tests.contract.store_world import LEASE, NOW, World, release

S = DeliveryState


def test_two_claimers_never_get_the_same_row(world: World, database_url: str) -> None:
    run = world.planned(world.customers(120))
    barrier = threading.Barrier(4)

    def claim_all(worker: int) -> list[int]:
        database = open_database(database_url, Path())
        own, claimed = World(database), []
        barrier.wait()
        while batch := own.outbox.claim(
            run.id, 0, owner=f"w{worker}", limits={Channel.EMAIL: 7}, now=NOW, lease=LEASE
        ):
            claimed += [i.delivery_id for i in batch.items]
        database.close()
        return claimed

    with ThreadPoolExecutor(4) as threads:
        claimed = [i for ids in threads.map(claim_all, range(4)) for i in ids]
    assert Counter(Counter(claimed).values()) == {1: 120}
    assert set(world.states(run)) == {S.CLAIMED}


def test_workers_beside_each_other_send_each_message_once(world: World, database_url: str) -> None:
    """Claims, intents, settling, sweeps and opt-outs all at once, as in a run; every message is
    accepted once by the provider's own count and every state is reached by evidence."""
    customers = world.customers(150)
    run = world.planned(customers)
    provider: Counter[int] = Counter()
    barred: set[int] = set()
    lock, barrier = threading.Lock(), threading.Barrier(4)

    def send(worker: int) -> None:
        database = open_database(database_url, Path())
        own = World(database)
        barrier.wait()
        while batch := own.outbox.claim(
            run.id, 0, owner=f"w{worker}", limits={Channel.EMAIL: 10}, now=NOW, lease=LEASE
        ):
            outcomes: dict[int, Outcome] = {}
            for number, delivery_id in enumerate(sorted(own.intend(batch))):
                with lock:
                    tried = provider[delivery_id]
                    if number % 5 == 0 and not tried:
                        provider[-delivery_id] += 1  # refused attempts, under minus the id
                        if provider[-delivery_id] == 1:
                            outcomes[delivery_id] = NotSent("429", "wait", NOW)
                            continue
                    provider[delivery_id] += 1
                outcomes[delivery_id] = Accepted("id") if number % 7 else Unknown("t", "?")
            own.outbox.settle(batch, outcomes, now=NOW)
            own.outbox.sweep(now=NOW)
        database.close()

    def opt_out() -> None:
        barrier.wait()
        for customer in customers[::10]:
            world.standing(customer, Channel.EMAIL, granted=False, at=NOW)
            barred.add(customer)

    with ThreadPoolExecutor(4) as threads:
        work = [threads.submit(send, n) for n in range(3)]
        work.append(threads.submit(opt_out))
        for future in work:
            future.result(timeout=120)
    sent = {delivery: count for delivery, count in provider.items() if delivery > 0}
    assert set(sent.values()) == {1}
    found = Counter(world.states(run))
    assert found.total() == 150
    assert set(found) <= {S.ACCEPTED, S.IN_DOUBT, S.SUPPRESSED}
    assert found[S.ACCEPTED] + found[S.IN_DOUBT] == len(sent)
    assert len(world.sent()) == found[S.ACCEPTED]
    assert found[S.SUPPRESSED] <= len(barred)


def test_after_an_opt_out_has_committed_no_intent_can(world: World) -> None:
    """The opt-out is being written while the intent arrives: the intent waits for it, and then
    knows. Judging by an older picture of the database would let the message out."""
    customer = world.customer()
    run = world.planned([customer])
    batch = world.claim(run)
    arrived = threading.Event()

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if "advisory_xact_lock_shared" in statement or "BEGIN IMMEDIATE" in statement:
            arrived.set()

    with ThreadPoolExecutor(1) as threads:
        with world.database.write() as connection:
            bar_intents(connection)
            event.listen(world.database.engine, "before_cursor_execute", note)
            intent = threads.submit(world.intend, batch)
            assert arrived.wait(timeout=120)
            connection.execute(schema.standings.update().values(granted=False, at=10**15))
        assert intent.result(timeout=120) == set()
    assert world.states(run) == [S.SUPPRESSED]


@pytest.mark.parametrize(
    "database_url", [pytest.param("postgres", marks=pytest.mark.postgres)], indirect=True
)
def test_without_the_bar_an_intent_would_not_wait(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The test above can fail: on PostgreSQL it is the lock that makes the intent wait (SQLite
    has one writer at a time, so there is nothing to take away)."""
    monkeypatch.setattr(engine_module, "_INTENT_LOCK", 1)
    customer = world.customer()
    run = world.planned([customer])
    batch = world.claim(run)
    with ThreadPoolExecutor(1) as threads, world.database.write() as connection:
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(2)")
        connection.execute(schema.standings.update().values(granted=False, at=10**15))
        assert len(threads.submit(world.intend, batch).result(timeout=120)) == 1
    assert world.states(run) == [S.SENDING]


def test_an_opt_out_between_plan_and_intent_gives_no_send(world: World) -> None:
    customers = world.customers(50)
    run = world.planned(customers)
    for customer in customers:
        world.standing(customer, Channel.EMAIL, granted=False, at=NOW)
    batch = world.claim(run)
    assert world.intend(batch) == set()
    assert set(world.states(run)) == {S.SUPPRESSED}
    assert world.rows(select(schema.messages)) == []


def test_late_evidence_and_settling_at_once_record_one_sent(world: World) -> None:
    run, batch = world.sending(world.customers(40))
    barrier = threading.Barrier(4)

    def accept(_: int) -> None:
        barrier.wait()
        world.settle(batch, Accepted("id"))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(accept, range(4)))
    assert set(world.states(run)) == {S.ACCEPTED}
    assert world.sent() == sorted(i.delivery_id for i in batch.items)


def test_two_sweeps_at_once_count_each_row_once(world: World) -> None:
    run = world.planned(world.customers(40))
    for _ in range(8):
        world.intend(world.claim(run, limits={Channel.EMAIL: 5}))
    after = NOW + LEASE + timedelta(seconds=1)
    with ThreadPoolExecutor(3) as threads:
        swept = list(threads.map(lambda _: world.outbox.sweep(now=after), range(3)))
    assert sum(s.get(S.IN_DOUBT, 0) for s in swept) == 40


def test_a_customer_is_planned_once_by_plans_at_once(world: World) -> None:
    customers = world.customers(50)
    run = world.started(release(), running=False)
    (shard,) = world.runs.shards(run.id)
    wanted = release().skeleton(Channel.EMAIL, "en_GB").hash

    def plan(_: int) -> int:
        rows = [PlannedDelivery(c, Channel.EMAIL, wanted, "campaign_order") for c in customers]
        return world.planning.write_plan(run, shard, rows, [], already=0, now=NOW)

    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(plan, range(3))) == [0, 0, 50]
    assert len(world.states(run)) == 50


def test_the_database_itself_refuses_a_second_row_for_a_customer(world: World) -> None:
    world.planned([world.customer()])
    (row,) = world.rows(select(schema.deliveries))
    copy = {k: v for k, v in row._mapping.items() if k != "id"}
    with pytest.raises(IntegrityError):
        world.execute(insert(schema.deliveries).values(copy))
