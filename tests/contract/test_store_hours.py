"""Best hours, as the database reads what tells them and keeps what was learnt."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import delete, insert

from campaigns.domain.channel import Channel
from campaigns.domain.schedule import BestHour, Schedule, SendAt
from campaigns.services.learn_hours import learn_hours
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.hours import SqlHours
from tests.contract.store_world import NOW, World, release

EVENING = datetime(2027, 2, 20, 17, 30, tzinfo=UTC)  # half past six in Madrid


def answer(
    world: World,
    customer: int,
    *,
    kind: str = "clicked",
    agent: str | None = "human",
    times: int = 6,
    at: datetime = EVENING,
) -> None:
    """One answer a day, the last one on that evening."""
    rows = [
        {
            "customer_id": customer,
            "at": to_ms(at - timedelta(days=n)),
            "kind": kind,
            "channel": "email",
            "agent": agent,
        }
        for n in range(times)
    ]
    world.execute(insert(schema.interactions).values(rows))


def learn(world: World, *customers: int) -> int:
    return learn_hours(
        SqlHours(world.database),
        customers,
        home="Europe/Madrid",
        half_life=timedelta(days=180),
        now=NOW,
    )


def test_what_people_click_and_reply_tells_their_hour(world: World) -> None:
    clicker, replier, abroad = (
        world.customer(time_zone=zone, country=country)
        for zone, country in [("Europe/Madrid", "ES"), (None, "ES"), ("America/New_York", "US")]
    )
    answer(world, clicker)
    answer(world, replier, kind="replied", agent=None)
    answer(world, abroad)
    assert learn(world, clicker, replier, abroad) == 3
    hours = SqlHours(world.database)
    assert hours.of(clicker) == hours.of(replier) == BestHour(18, 6, 6)
    assert hours.of(abroad) == BestHour(12, 6, 6)


def test_programs_openings_and_purchases_tell_nothing(world: World) -> None:
    customers = world.customers(4, time_zone="Europe/Madrid")
    answer(world, customers[0], agent="machine")
    answer(world, customers[1], agent="suspect")
    answer(world, customers[2], kind="opened")
    answer(world, customers[3], kind="purchased", agent=None)
    assert learn(world, *customers) == 0
    assert SqlHours(world.database).none()


def test_any_number_of_machine_clicks_leaves_the_hour_unchanged(world: World) -> None:
    customer = world.customer(time_zone="Europe/Madrid")
    answer(world, customer)
    answer(world, customer, agent="machine", times=40, at=EVENING - timedelta(hours=12))
    learn(world, customer)
    assert SqlHours(world.database).of(customer) == BestHour(18, 6, 6)


def test_what_is_gone_is_forgotten_and_counting_twice_changes_nothing(world: World) -> None:
    one, other = world.customers(2, time_zone="Europe/Madrid")
    answer(world, one)
    answer(world, other)
    hours = SqlHours(world.database)
    learn(world, one, other)
    learn(world, one)
    assert hours.of(one) == hours.of(other) == BestHour(18, 6, 6)
    world.execute(delete(schema.interactions).where(schema.interactions.c.customer_id == one))
    learn(world, one)
    assert hours.of(one) is None
    assert hours.of(other) == BestHour(18, 6, 6)


def test_nothing_is_kept_of_who_was_erased_meanwhile(world: World) -> None:
    hours = SqlHours(world.database)
    hours.write([999], [(999, BestHour(18, 6, 6))], now=NOW)
    assert hours.of(999) is None


def test_planning_reads_the_hour_where_the_campaign_asks_for_it(world: World) -> None:
    customer = world.customer(channels=(Channel.EMAIL,), time_zone="Europe/Madrid")
    answer(world, customer)
    learn(world, customer)
    plain = release()
    schedule = Schedule(send_at=SendAt(best_hour=True))
    asking = replace(plain, policy=replace(plain.policy, schedule=schedule))
    seen = []
    for of in (plain, asking):
        profiles = world.planning.profiles(
            of, first_customer=customer, last_customer=customer, now=NOW
        )
        seen += [profile.best_hour for profile in profiles]
    assert seen == [None, BestHour(18, 6, 6)]
