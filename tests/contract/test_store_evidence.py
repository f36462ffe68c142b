"""Providers' events on both databases: evidence, states, opt-outs, dead addresses, strangers."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.provider_event import ProviderEvent, Recorded
from campaigns.services.record_events import record_events
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from campaigns.store.evidence import SqlEvidence
from tests.contract.store_world import NOW, World
from tests.databases import forget_consents

K = InteractionKind


@pytest.fixture
def evidence(database: Database) -> SqlEvidence:
    return SqlEvidence(database)


def event(kind: K, delivery: int | None = None, **more: Any) -> ProviderEvent:
    """An e-mail event a minute after NOW."""
    at = more.pop("at", NOW + timedelta(minutes=1))
    key = more.pop("key", f"{delivery or more.get('address')}:{kind}:{at}")
    return ProviderEvent(key, kind, at, more.pop("channel", Channel.EMAIL), delivery, **more)


def record(evidence: SqlEvidence, *events: ProviderEvent) -> Recorded:
    return record_events(events, evidence, now=NOW + timedelta(minutes=2))


def kinds(world: World, customer: int) -> list[str]:
    table = schema.interactions.c
    query = select(table.kind).where(table.customer_id == customer).order_by(table.kind)
    return [row.kind for row in world.rows(query)]


def snapshot(world: World) -> dict[str, Any]:
    """All that events can change, without the numbers of rows."""
    found = {}
    for table, skipped in {
        schema.deliveries: {"settled_at"},
        schema.interactions: {"id"},
        schema.addresses: set(),
        schema.standings: set(),
        schema.suppressions: set(),
        schema.channel_uses: set(),
        schema.unmatched_events: set(),
        schema.consents: {"id"},
    }.items():
        columns = [c for c in table.columns if c.name not in skipped]
        found[table.name] = sorted(map(str, world.rows(select(*columns))))
    return found


@pytest.mark.parametrize("state", list(DeliveryState), ids=str)
def test_an_event_with_our_id_proves_that_it_was_sent_whatever_we_thought(
    world: World, evidence: SqlEvidence, state: DeliveryState
) -> None:
    customer = world.customer()
    _, batch = world.sending([customer])
    delivery = batch.items[0].delivery_id
    world.set_delivery(delivery, state=state)
    for _ in range(2):
        record(evidence, event(K.SENT, delivery, provider_id="SM1"))
    row = world.delivery(delivery)
    assert row.state == "accepted"
    assert world.sent() == [delivery]


def test_a_providers_state_only_moves_forward(world: World, evidence: SqlEvidence) -> None:
    _, batch = world.sending([world.customer()])
    delivery = batch.items[0].delivery_id
    told = []
    for kind in (K.DELIVERED, K.BOUNCED, K.DELIVERED, K.FAILED, K.COMPLAINED, K.BOUNCED):
        record(evidence, event(kind, delivery))
        told.append(world.delivery(delivery).provider_state)
    assert told == ["delivered", "bounced", "bounced", "bounced", "complained", "complained"]


def test_what_is_told_twice_is_recorded_once(world: World, evidence: SqlEvidence) -> None:
    customer = world.customer()
    _, batch = world.sending([customer])
    told = event(K.DELIVERED, batch.items[0].delivery_id)
    assert record(evidence, told, told) == Recorded(new=1, known=1)
    assert record(evidence, told) == Recorded(known=1)
    assert kinds(world, customer) == ["delivered", "sent"]


def test_a_hard_bounce_marks_the_address_and_not_one_that_was_corrected(
    world: World, evidence: SqlEvidence
) -> None:
    kept, corrected = world.customers(2)
    _, batch = world.sending([kept, corrected])
    world.execute(
        schema.addresses.update()
        .where(schema.addresses.c.customer_id == corrected)
        .values(address="new@example.com", address_key="0" * 32)
    )
    record(
        evidence,
        *(event(K.BOUNCED, i.delivery_id, dead_address=True) for i in batch.items),
    )
    table = schema.addresses.c
    statuses = dict(world.rows(select(table.customer_id, table.status)))
    assert statuses == {kept: "bounced", corrected: "active"}


@pytest.mark.parametrize("kind", [K.UNSUBSCRIBED, K.COMPLAINED], ids=str)
def test_an_opt_out_holds_for_runs_under_way(world: World, evidence: SqlEvidence, kind: K) -> None:
    customer = world.customer()
    run = world.planned([customer])
    address = f"c{customer}@example.com"
    record(evidence, event(kind, address=address.upper()))
    batch = world.claim(run)
    assert world.intend(batch) == set()
    assert world.states(run) == [DeliveryState.SUPPRESSED]
    (consent,) = world.rows(select(schema.consents))
    assert (consent.granted, consent.source, consent.topic) == (False, "provider", "*")


@pytest.mark.parametrize("topic", ["*", "offers"])
def test_a_no_counts_over_a_yes_that_a_clock_dated_ahead(
    world: World, evidence: SqlEvidence, topic: str
) -> None:
    customer, ahead = world.customer(), NOW + timedelta(hours=2)
    world.standing(customer, Channel.EMAIL, granted=True, topic=topic, at=ahead)
    run = world.planned([customer])
    record(evidence, event(K.UNSUBSCRIBED, address=f"c{customer}@example.com"))
    (said,) = world.rows(select(schema.interactions.c.at))
    assert said.at == to_ms(NOW + timedelta(minutes=1)), "what was claimed stays on record"
    (no,) = world.rows(select(schema.consents).where(~schema.consents.c.granted))
    assert no.at == to_ms(ahead)
    world.execute(schema.suppressions.delete())  # it bars by itself; here the ledger has to
    after = ahead + timedelta(minutes=1)
    assert world.intend(world.claim(run, now=after), now=after) == set()
    assert world.states(run) == [DeliveryState.SUPPRESSED]


def test_stop_covers_sms_and_whatsapp_of_the_number_and_no_mail(
    world: World, evidence: SqlEvidence
) -> None:
    channels = [Channel.EMAIL, Channel.SMS, Channel.WHATSAPP]
    customer = world.customer(channels=[Channel.EMAIL])
    for channel in channels[1:]:
        world.address(customer, channel, "+447700900123")
        world.standing(customer, channel, granted=True)
    record(evidence, event(K.UNSUBSCRIBED, address="+447700900123", channel=Channel.WHATSAPP))
    table = schema.standings.c
    granted = dict(world.rows(select(table.channel, table.granted)))
    assert granted == {"email": True, "sms": False, "whatsapp": False}
    (suppression,) = world.rows(select(schema.suppressions))
    assert (suppression.purpose, suppression.reason) == ("marketing", "opted_out")


def test_a_stranger_who_opts_out_stays_blocked_when_imported_later(
    world: World, evidence: SqlEvidence
) -> None:
    record(evidence, event(K.UNSUBSCRIBED, address="+447700900124", channel=Channel.SMS))
    assert evidence.unmatched() == {"no_customer": 1}
    assert len(world.rows(select(schema.suppressions))) == 1


def test_start_lifts_an_opt_out_but_no_complaint(world: World, evidence: SqlEvidence) -> None:
    customer = world.customer(channels=[])
    world.address(customer, Channel.SMS, "+447700900125")
    later = NOW + timedelta(hours=1)
    number: dict[str, Any] = {"address": "+447700900125", "channel": Channel.SMS}
    record(evidence, event(K.UNSUBSCRIBED, **number), event(K.RESUBSCRIBED, at=later, **number))
    assert world.rows(select(schema.suppressions)) == []
    record(
        evidence, event(K.COMPLAINED, **number), event(K.RESUBSCRIBED, at=later, key="2", **number)
    )
    assert len(world.rows(select(schema.suppressions))) == 1


def test_events_that_match_nothing_are_kept_and_counted(
    world: World, evidence: SqlEvidence
) -> None:
    _, batch = world.sending([world.customer()])
    other = event(K.DELIVERED, batch.items[0].delivery_id, address="somebody@else.example")
    strange = [event(K.DELIVERED, 999_999), event(K.OPENED, 2**62), event(K.DELIVERED)]
    assert record(evidence, other, *strange) == Recorded(unmatched=4)
    record(evidence, other)
    assert evidence.unmatched() == {"no_delivery": 3, "other_address": 1}
    assert world.delivery(batch.items[0].delivery_id).state == "sending"


def test_a_reply_goes_to_the_customer_we_wrote_to_last(world: World, evidence: SqlEvidence) -> None:
    first, second = world.customers(2, channels=[])
    for customer in (first, second):
        world.address(customer, Channel.SMS, "+447700900126")
    run = world.planned([second], channel=Channel.SMS)
    batch = world.claim(run)
    record(evidence, event(K.SENT, batch.items[0].delivery_id, channel=Channel.SMS))
    reply = event(K.REPLIED, address="+447700900126", channel=Channel.SMS, data={"text": "Hi"})
    assert record(evidence, reply) == Recorded(new=1)
    assert kinds(world, first) == []
    assert kinds(world, second) == ["replied", "sent"]


def test_an_erased_customer_gets_no_history_again(world: World, evidence: SqlEvidence) -> None:
    customer = world.customer(channels=[])
    _, batch = world.sending([world.customer()])
    delivery = batch.items[0].delivery_id
    world.set_delivery(delivery, customer_id=customer)
    world.execute(
        schema.messages.delete(), schema.customers.delete().where(schema.customers.c.id == customer)
    )
    record(evidence, event(K.BOUNCED, delivery, dead_address=True), event(K.COMPLAINED, delivery))
    assert world.delivery(delivery).state == "accepted"
    assert kinds(world, customer) == []


def test_what_programs_do_is_no_answer(world: World, evidence: SqlEvidence) -> None:
    customer = world.customer()
    _, batch = world.sending([customer])
    delivery = batch.items[0].delivery_id
    for agent in (Agent.MACHINE, Agent.SUSPECT):
        record(evidence, event(K.CLICKED, delivery, agent=agent, key=str(agent)))
    assert world.answers() == 0
    record(evidence, event(K.CLICKED, delivery, agent=Agent.HUMAN, key="human"))
    assert world.answers() == 1


def test_processes_that_hear_the_same_at_once_do_not_block_each_other(
    world: World, evidence: SqlEvidence
) -> None:
    _, batch = world.sending(world.customers(40))
    told = [event(kind, i.delivery_id) for i in batch.items for kind in (K.DELIVERED, K.BOUNCED)]
    told += [event(K.UNSUBSCRIBED, address=f"x{n}@example.com") for n in range(40)]
    orders = [Random(seed).sample(told, len(told)) for seed in range(8)]
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda order: record(evidence, *order), orders))
    assert sum(r.new for r in results) == 80
    assert world.sent() == sorted(i.delivery_id for i in batch.items)


PHONE: dict[str, Any] = {"channel": Channel.SMS, "address": "+447700900127"}
OTHER: dict[str, Any] = {"channel": Channel.SMS, "address": "+447700900128"}


def _story(deliveries: list[int]) -> list[ProviderEvent]:
    """All that can happen to two messages and a number, late evidence among it."""

    def at(minutes: int) -> Any:
        return NOW + timedelta(minutes=minutes)

    a, b = deliveries
    return [
        event(K.SENT, a, at=at(1)),
        event(K.DELIVERED, a, at=at(2)),
        event(K.CLICKED, a, at=at(3), agent=Agent.HUMAN),
        event(K.BOUNCED, a, at=at(4), dead_address=True, data={"reason": "gone"}),
        event(K.FAILED, b, at=at(1)),
        event(K.DELIVERED, b, at=at(2)),
        event(K.COMPLAINED, b, at=at(5)),
        event(K.UNSUBSCRIBED, at=at(6), **PHONE),
        event(K.RESUBSCRIBED, at=at(7), **PHONE),
        event(K.UNSUBSCRIBED, at=at(8), **PHONE),
        event(K.RESUBSCRIBED, at=at(8), **PHONE),
        event(K.REPLIED, at=at(9), data={"text": "why?"}, **PHONE),
        event(K.UNSUBSCRIBED, at=at(6), **OTHER),
        event(K.RESUBSCRIBED, at=at(7), **OTHER),
        event(K.DELIVERED, 10**9, at=at(9)),
    ]


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_the_end_is_the_same_in_any_order_and_told_any_number_of_times(
    data: st.DataObject, world: World, evidence: SqlEvidence
) -> None:
    told = _story(_two_messages(world))
    record(evidence, *told)
    expected = snapshot(world)
    _rewind(world)
    order = data.draw(st.permutations(told))
    size = data.draw(st.integers(1, len(order)))
    for start in range(0, len(order), size):
        record(evidence, *order[start : start + size])
    record(evidence, *data.draw(st.lists(st.sampled_from(told), max_size=46)))
    assert snapshot(world) == expected


def _two_messages(world: World) -> list[int]:
    """Two messages on their way, to customers with a number each; made once."""
    found = world.rows(select(schema.deliveries.c.id).order_by(schema.deliveries.c.id))
    if not found:
        customers = world.customers(2)
        for customer, number in zip(customers, (PHONE, OTHER), strict=True):
            world.address(customer, Channel.SMS, number["address"])
        world.sending(customers)
        return _two_messages(world)
    _rewind(world)
    return [row.id for row in found]


def _rewind(world: World) -> None:
    """As it was before any event."""
    events = ("interactions", "suppressions", "channel_uses", "unmatched_events")
    with world.database.write() as connection:
        forget_consents(connection)
    world.execute(
        *(schema.metadata.tables[name].delete() for name in events),
        schema.standings.delete().where(schema.standings.c.channel == "sms"),
        schema.standings.update().values(granted=True, at=0),
        schema.addresses.update().values(status="active", updated_at=0),
        schema.deliveries.update().values(state="sending", provider_id=None, provider_state=None),
    )
