"""What is learnt of each customer's channels, on both databases."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from campaigns.domain.channel import Channel
from campaigns.domain.engagement import UNKNOWN, Learning, Tally
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.learning import Learnt
from campaigns.domain.reason import Choice, Rule
from campaigns.domain.routing import choose
from campaigns.services.learn import ALL_ANEW, CHUNK, learn
from campaigns.store import interactions, schema
from campaigns.store.clock import to_ms
from campaigns.store.interactions import EventRow
from campaigns.store.learning import SqlLearning
from tests.contract.store_world import NOW, World, release

E, S, W = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP
CLICKED, REPLIED = InteractionKind.CLICKED, InteractionKind.REPLIED
FORM = InteractionKind.PREFERENCE_CHANGED
_keys = itertools.count(1)


def happened(
    world: World,
    customer: int,
    kind: InteractionKind,
    channel: Channel | None,
    *,
    delivery: int | None = None,
    agent: Agent | None = None,
    at: datetime = NOW - timedelta(days=1),
) -> str:
    """One event, recorded as whoever records events does. Returns its key."""
    key = f"test:{next(_keys)}"
    on = None if channel is None else str(channel)
    who = None if agent is None else str(agent)
    row = EventRow(customer, to_ms(at), str(kind), on, delivery, key, None, who)
    with world.database.write() as connection:
        interactions.record(connection, [row])
    return key


def sent(
    world: World,
    customer: int,
    channel: Channel,
    count: int = 1,
    *,
    at: datetime = NOW - timedelta(days=1),
) -> list[int]:
    """So many messages that arrived; their delivery ids."""
    ids = [1_000_000 + next(_keys) for _ in range(count)]
    rows = [
        {"customer_id": customer, "at": to_ms(at), "kind": "sent", "channel": channel,
         "delivery_id": delivery}
        for delivery in ids
    ]  # fmt: skip
    world.execute(insert(schema.interactions).values(rows))
    return ids


def learnt(world: World, *, now: datetime = NOW, everybody: bool = False) -> Learnt:
    return learn(SqlLearning(world.database), Learning(), now=now, everybody=everybody)


def tallies(world: World, customer: int) -> dict[Channel, Tally]:
    """What was counted."""
    u = schema.channel_uses.c
    rows = world.rows(select(schema.channel_uses).where(u.customer_id == customer))
    return {
        Channel(r.channel): Tally(
            r.answers, r.messages, InteractionKind(r.kind) if r.kind else None
        )
        for r in rows
    }


def decided(world: World, customer: int) -> str:
    """What planning makes of it."""
    profiles = world.planning.profiles(
        release(channels=(E, S, W)), first_customer=customer, last_customer=customer, now=NOW
    )
    (profile,) = profiles
    decision = choose(profile, release(channels=(E, S, W)).policy)
    assert isinstance(decision, Choice)
    return f"{decision.reason.rule} {decision.reason.explain(decision.channel)}"


def somebody(world: World) -> int:
    return world.customer(channels=(E, S, W))


def test_three_replies_in_five_texts_against_nine_silent_mails_make_the_next_one_a_text(
    world: World,
) -> None:
    customer = somebody(world)
    sent(world, customer, E, 9)
    for delivery in sent(world, customer, S, 5)[:3]:
        happened(world, customer, REPLIED, S, delivery=delivery)
    assert decided(world, customer).startswith("campaign_order")
    learnt(world)
    assert decided(world, customer) == "learnt SMS: 3 replies in 5 messages; e-mail: 0 of 9."


def test_one_message_is_answered_once_however_often_it_is_clicked(world: World) -> None:
    customer = somebody(world)
    (delivery,) = sent(world, customer, E)
    for _ in range(5):
        happened(world, customer, CLICKED, E, delivery=delivery, agent=Agent.HUMAN)
    learnt(world)
    assert tallies(world, customer) == {E: Tally(1, 1, CLICKED)}


def test_what_bounced_is_no_message_that_could_have_been_answered(world: World) -> None:
    customer = somebody(world)
    first, _second = sent(world, customer, E, 2)
    happened(world, customer, InteractionKind.BOUNCED, E, delivery=first)
    learnt(world)
    assert tallies(world, customer) == {E: Tally(0, 1)}


def test_a_form_posted_counts_for_the_channel_its_link_came_by(world: World) -> None:
    customer = somebody(world)
    _run, batch = world.sending([customer], channel=E)
    delivery = batch.items[0].delivery_id
    happened(world, customer, FORM, None, delivery=delivery)
    learnt(world)
    assert tallies(world, customer)[E].kind is FORM
    happened(world, customer, FORM, W, delivery=delivery)  # and said no to WhatsApp there
    learnt(world)
    assert tallies(world, customer) == {E: Tally(1, 0, FORM)}


def test_a_past_without_messages_of_ours_counts_as_answers(world: World) -> None:
    customer = somebody(world)
    for _ in range(3):
        happened(world, customer, REPLIED, W)
    happened(world, customer, InteractionKind.PURCHASED, None)  # in the shop: on no channel
    learnt(world)
    assert tallies(world, customer) == {W: Tally(3, 0, REPLIED)}
    assert decided(world, customer) == "learnt WhatsApp: 3 replies; e-mail: no message."


def test_what_is_long_ago_weighs_less_and_in_the_end_nothing(world: World) -> None:
    customer = somebody(world)
    at = NOW - timedelta(days=1)
    for delivery in sent(world, customer, S, 4, at=at):
        happened(world, customer, REPLIED, S, delivery=delivery, at=at)
    weights = []
    for days in (0, 180, 360, 2000):
        learnt(world, now=at + timedelta(days=days), everybody=True)
        rows = world.rows(select(schema.channel_uses.c.recent_answers))
        weights.append([r.recent_answers for r in rows])
    # The last reply is remembered as such: X and WhatsApp have rules about it.
    assert weights == [[40], [20], [10], [0]]


def test_only_customers_with_news_are_counted_again(world: World) -> None:
    one, other = somebody(world), somebody(world)
    sent(world, one, E), sent(world, other, E)
    assert learnt(world).customers == 2
    assert learnt(world).customers == 0
    sent(world, one, S)
    assert learnt(world).customers == 1
    assert set(tallies(world, one)) == {E, S}


def test_once_a_week_everybody_is_counted_anew(world: World) -> None:
    somebody(world), somebody(world)
    first = learnt(world)
    assert first.everybody
    assert not learnt(world, now=NOW + ALL_ANEW - timedelta(minutes=1)).everybody
    again = learnt(world, now=NOW + ALL_ANEW)
    assert (again.everybody, again.customers) == (True, 2)


def test_news_after_the_newest_rows_were_deleted_is_news(world: World) -> None:
    """SQLite would give the deleted rows' numbers to new ones."""
    customer = somebody(world)
    sent(world, customer, E)
    learnt(world)
    world.execute(delete(schema.interactions))
    sent(world, customer, S)
    assert learnt(world).customers == 1
    assert tallies(world, customer) == {S: Tally(0, 1)}


def test_a_click_that_turns_out_to_be_a_programs_is_unlearnt(world: World) -> None:
    customer = somebody(world)
    keys = [
        happened(world, customer, CLICKED, S, delivery=d, agent=Agent.HUMAN)
        for d in sent(world, customer, S, 3)
    ]
    learnt(world)
    assert tallies(world, customer) == {S: Tally(3, 3, CLICKED)}
    with world.database.write() as connection:
        interactions.doubt(connection, keys)
    assert learnt(world).customers == 1
    assert tallies(world, customer) == {S: Tally(0, 3)}
    assert learnt(world).customers == 0


def test_more_customers_than_one_transaction_takes_are_all_counted(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.services.learn.CHUNK", 3)
    assert CHUNK > 3
    customers = world.customers(8, channels=())
    for customer in customers:
        sent(world, customer, E)
    told: list[int] = []
    learn(SqlLearning(world.database), Learning(), now=NOW, progress=told.append)
    assert told == [3, 6, 8]
    assert all(tallies(world, c) == {E: Tally(0, 1)} for c in customers)


def test_what_customers_show_in_general_comes_from_all_of_them(world: World) -> None:
    customers = world.customers(60, channels=())
    for number, customer in enumerate(customers):
        for delivery in sent(world, customer, E, 4)[: 4 if number % 4 == 0 else 0]:
            happened(world, customer, CLICKED, E, delivery=delivery, agent=Agent.HUMAN)
    found = learnt(world).priors
    assert found[E].mean == pytest.approx(0.25, abs=0.01)
    assert found[E].strength < 5  # they differ a lot: soon persuaded
    assert S not in found


programs = st.lists(
    st.tuples(
        st.sampled_from([E, S, W]),
        st.sampled_from([InteractionKind.OPENED, CLICKED]),
        st.sampled_from([Agent.MACHINE, Agent.SUSPECT]),
        st.booleans(),
    ),
    max_size=40,
)
opens = st.lists(st.tuples(st.sampled_from([E, S, W]), st.sampled_from(Agent)), max_size=20)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(traffic=programs, opened=opens)
def test_any_amount_of_bot_traffic_leaves_what_was_learnt_unchanged(
    world: World, traffic: list[tuple[Channel, InteractionKind, Agent, bool]],
    opened: list[tuple[Channel, Agent]],
) -> None:  # fmt: skip
    customer = somebody(world)
    deliveries = {c: sent(world, customer, c, 4) for c in (E, S, W)}
    for delivery in deliveries[S][:3]:
        happened(world, customer, CLICKED, S, delivery=delivery, agent=Agent.HUMAN)
    learnt(world)
    before, channel = tallies(world, customer), decided(world, customer)
    assert channel.startswith(str(Rule.LEARNT))

    for on, kind, agent, ours in traffic:
        delivery = deliveries[on][3] if ours else None
        happened(world, customer, kind, on, delivery=delivery, agent=agent)
    for on, agent in opened:
        happened(world, customer, InteractionKind.OPENED, on, agent=agent)
    learnt(world)

    assert tallies(world, customer) == before
    assert decided(world, customer) == channel


def test_nothing_is_believed_where_nothing_is_known(world: World) -> None:
    assert learnt(world).priors.get(E, UNKNOWN) is UNKNOWN


def test_turns_with_the_database_are_taken_on_one_connection(world: World) -> None:
    """Of two in turns each would hold the database's pages, and read them anew after the other."""
    with world.database.read() as one, world.database.read() as other:
        assert one.connection.driver_connection is not other.connection.driver_connection
    used = set()
    for _ in range(4):
        with world.database.write() as connection:
            used.add(id(connection.connection.driver_connection))
    assert len(used) == 1


def test_numbers_of_many_customers_are_held_in_eight_bytes_each(world: World) -> None:
    customers = world.customers(5, channels=())
    sent(world, customers[3], E), sent(world, customers[1], E), sent(world, customers[3], E)
    store = SqlLearning(world.database)
    everybody, news = store.everybody(), store.with_news(0, store.until())
    assert (list(everybody), list(news)) == (customers, [customers[1], customers[3]])
    assert {memoryview(told).itemsize for told in (everybody, news)} == {8}  # type: ignore[arg-type]
