"""What was given up and arrived after all: who stands for the customer then; on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from campaigns.domain.audit import Action
from campaigns.domain.delivery import Accepted, DeliveryState
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.services.report import report
from campaigns.store import schema
from campaigns.store.audit import SqlAudit
from campaigns.store.engine import Database
from campaigns.store.evidence import SqlEvidence
from campaigns.store.falling_back import SqlFallbacks
from campaigns.store.paces import SqlPaces
from tests.contract.fallback_world import (
    DEAD,
    EMAIL,
    HOUR,
    SMS,
    S,
    accept,
    bounce,
    claimed,
    fall,
    fallen,
    hops,
    sent,
    within,
)
from tests.contract.store_world import NOW, World


def test_good_news_before_the_next_hop_left_cancels_it_and_the_first_one_stands_again(
    world: World, fallbacks: SqlFallbacks, database: Database
) -> None:
    run, customer, first = fallen(world, fallbacks)
    batch = claimed(world, run)  # in a worker's hands already, but not intended

    accept(database, first)

    assert hops(world, customer) == [(0, "email", "accepted", False), (1, "sms", "cancelled", True)]
    assert world.intend(batch, now=NOW + HOUR) == set()
    outcome = world.delivery(batch.items[0].delivery_id).outcome
    assert outcome == f"reached after all by e-mail (delivery {first})"
    assert world.sent() == [first]
    again = list(world.planning.profiles(within(), first_customer=0, last_customer=10**6, now=NOW))
    assert again == [], "the next run would tell them a second time"


@pytest.mark.parametrize("state", [S.SENDING, S.IN_DOUBT, S.ACCEPTED])
def test_good_news_after_the_next_hop_left_is_told_as_a_conflict(
    world: World, fallbacks: SqlFallbacks, database: Database, state: DeliveryState
) -> None:
    run, customer, first = fallen(world, fallbacks)
    batch = claimed(world, run)
    world.intend(batch, now=NOW + HOUR)
    (hop,) = [i.delivery_id for i in batch.items]
    if state is S.ACCEPTED:
        world.settle(batch, Accepted("SM1"), now=NOW + HOUR)
    if state is S.IN_DOUBT:
        world.outbox.sweep(now=NOW + 2 * HOUR)

    accept(database, first)

    assert hops(world, customer) == [(0, "email", "accepted", True), (1, "sms", str(state), False)]
    (told,) = SqlAudit(database).entries(f"delivery:{first}")
    assert told.action is Action.CONFLICTED
    assert told.data == {"other": hop}
    assert ("may have left" in told.why) is (state is S.IN_DOUBT)
    told_of_run = report(world.runs, world.outbox, SqlPaces(world.database), run.id, now=NOW)
    assert told_of_run.reached_twice == 1
    assert told_of_run.adds_up


def test_good_news_where_the_next_hop_ended_without_leaving_makes_the_first_one_stand(
    world: World, fallbacks: SqlFallbacks, database: Database
) -> None:
    run, customer, first = fallen(world, fallbacks)
    batch = claimed(world, run)
    world.standing(customer, SMS, granted=False, at=NOW + HOUR)
    world.intend(batch, now=NOW + HOUR)
    accept(database, first)
    assert hops(world, customer) == [
        (0, "email", "accepted", False),
        (1, "sms", "suppressed", True),
    ]


def test_evidence_that_a_bounced_message_was_sent_is_no_news(
    world: World, fallbacks: SqlFallbacks, database: Database
) -> None:
    customer = world.customer(channels=(EMAIL, SMS))
    run, (first,) = sent(world, [customer], Accepted("M1"))
    bounce(world, first)
    fall(world, fallbacks, run)
    accept(database, first)
    assert hops(world, customer) == [(0, "email", "accepted", True), (1, "sms", "pending", False)]
    assert SqlAudit(database).entries() == []


def test_good_news_and_the_next_hop_at_the_same_moment_never_leave_two_standing(
    world: World, fallbacks: SqlFallbacks, database: Database
) -> None:
    customers = world.customers(30, channels=(EMAIL, SMS))
    run, firsts = sent(world, customers, DEAD)
    with ThreadPoolExecutor(2) as threads:
        falling = threads.submit(fall, world, fallbacks, run)
        told = [threads.submit(accept, database, first) for first in firsts]
        for future in (falling, *told):
            future.result()
    d = schema.deliveries.c
    for customer in customers:
        standing = [h for h in hops(world, customer) if not h[3]]
        assert len(standing) == 1
        assert standing[0][:3] == (0, "email", "accepted")
    left = select(d.id).where(d.state.in_(["pending", "claimed"]))
    assert world.rows(left) == []


# Counting -----------------------------------------------------------------------------------


def test_a_providers_event_that_the_first_message_arrived_takes_its_fallback_back(
    world: World, fallbacks: SqlFallbacks
) -> None:
    run, (first,) = sent(world, world.customers(1, channels=(EMAIL, SMS)), DEAD)
    fall(world, fallbacks, run)
    told = ProviderEvent(
        f"sendgrid:{first}:delivered",
        InteractionKind.DELIVERED,
        NOW + 2 * HOUR,
        EMAIL,
        delivery_id=first,
    )
    SqlEvidence(world.database).record([told], now=NOW + 2 * HOUR)
    states = {(row.hop, row.state, row.replaced) for row in world.rows(select(schema.deliveries))}
    assert states == {(0, "accepted", False), (1, "cancelled", True)}
