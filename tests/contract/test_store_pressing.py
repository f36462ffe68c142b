"""What presses on a customer, as planning reads it and as the plan tells it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.customer import Profile
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.pressure import Cap, Pressure, Wishes
from campaigns.domain.quiet_hours import QuietRule
from campaigns.domain.release import Release
from campaigns.domain.timing import Timing
from campaigns.services.plan_run import plan_shard
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.contract.store_world import NOW, World, release

E, SMS = Channel.EMAIL, Channel.SMS
ALL = frozenset(PERSONAL_CHANNELS)
DAY = timedelta(days=1)
CAPS = (Cap(messages=3, days=7), Cap(messages=1, days=1, channel=SMS))
NIGHT = QuietRule(from_="21:00", until="09:00", channels=(SMS,))


def pressed(purpose: Purpose = Purpose.MARKETING, caps: Sequence[Cap] = CAPS) -> Release:
    """A release of a brand with caps and quiet hours."""
    made = release(purpose=purpose, channels=(SMS, E))
    pressure = Pressure(caps=tuple(caps), quiet_hours=(NIGHT,))
    policy = dataclasses.replace(made.policy, pressure=pressure, home_zone="Europe/Madrid")
    return dataclasses.replace(made, policy=policy)


def profile(world: World, of: Release) -> Profile:
    first, last = world.planning.customer_range()
    (found,) = world.planning.profiles(of, first_customer=first, last_customer=last, now=NOW)
    return found


def prefer(world: World, customer: int, **wishes: Any) -> None:
    row = {"customer_id": customer, "updated_at": to_ms(NOW), **wishes}
    world.execute(insert(schema.preferences).values(row))


def contacted(world: World, customer: int, channel: Channel, at: datetime) -> None:
    """A message of another campaign on this channel."""
    run = world.planned([customer], of=release(f"earlier_{at:%d%H}_{channel}"), channel=channel)
    (row,) = world.rows(select(schema.deliveries.c.id).where(schema.deliveries.c.run_id == run.id))
    row = {"customer_id": customer, "at": to_ms(at), "delivery_id": row.id}
    world.execute(insert(schema.contacts).values(row))


def test_wishes_are_read_as_they_were_said(world: World) -> None:
    customer = world.customer()
    prefer(
        world, customer, paused_until=to_ms(NOW) + 1, weekly_most=2, quiet_from=0, quiet_until=60
    )
    found = profile(world, pressed())
    assert found.wishes == Wishes(paused=True, weekly_most=2, quiet=(0, 60))
    assert found.capped == frozenset()


@pytest.mark.parametrize("wishes", [{}, {"paused_until": to_ms(NOW)}, {"quiet_from": 60}])
def test_a_wish_that_is_over_or_half_said_is_none(world: World, wishes: dict[str, int]) -> None:
    prefer(world, world.customer(), **wishes)
    assert profile(world, pressed()).wishes == Wishes()


@pytest.mark.parametrize(
    ("earlier", "weekly_most", "capped"),
    [
        ([], None, frozenset()),
        ([(E, 1), (E, 2)], None, frozenset()),
        ([(E, 1), (E, 2), (SMS, 3)], None, ALL),
        ([(E, 1), (E, 2), (SMS, 7)], None, frozenset()),
        ([(SMS, 0)], None, {SMS}),
        ([(E, 0)], None, frozenset()),
        ([(E, 1), (E, 2)], 2, ALL),
        ([(E, 1), (E, 9)], 2, frozenset()),
        ([], 0, ALL),
    ],
)
def test_contacts_of_all_campaigns_are_counted(
    world: World,
    earlier: list[tuple[Channel, int]],
    weekly_most: int | None,
    capped: frozenset[Channel],
) -> None:
    customer = world.customer()
    for channel, days in earlier:
        contacted(world, customer, channel, NOW - days * DAY)
    if weekly_most is not None:
        prefer(world, customer, weekly_most=weekly_most)
    assert profile(world, pressed()).capped == capped


def test_without_a_cap_only_the_customers_own_limit_counts(world: World) -> None:
    customer = world.customer()
    for days in range(5):
        contacted(world, customer, E, NOW - days * DAY)
    assert profile(world, pressed(caps=())).capped == frozenset()
    prefer(world, customer, weekly_most=5)
    assert profile(world, pressed(caps=())).capped == ALL


def test_for_a_service_message_only_the_quiet_hours_are_read(world: World) -> None:
    customer = world.customer()
    for days in range(5):
        contacted(world, customer, E, NOW - days * DAY)
    prefer(world, customer, quiet_from=60, quiet_until=120)
    found = profile(world, pressed(Purpose.SERVICE))
    assert (found.wishes.quiet, found.capped) == ((60, 120), frozenset())


def plan(world: World, made: Release, now: datetime = NOW) -> dict[int, tuple[str, int]]:
    """Customer → channel and hour of what was planned."""
    run = world.started(made)
    (shard,) = world.runs.shards(run.id)
    timing = Timing(made.policy)
    plan_shard(world.planning, run, made, shard, now=now, room=None, timing=timing)
    rows = world.rows(select(schema.deliveries).where(schema.deliveries.c.run_id == run.id))
    assert {r.state for r in rows} <= {DeliveryState.PENDING}
    return {r.customer_id: (r.channel, r.not_before) for r in rows}


def test_a_plan_leaves_out_who_is_paused_or_has_had_enough_and_says_so(world: World) -> None:
    paused, full, texted, free = world.customers(4, channels=(SMS, E))
    prefer(world, paused, paused_until=to_ms(NOW + DAY))
    prefer(world, full, weekly_most=0)
    contacted(world, texted, SMS, NOW)
    planned = plan(world, pressed())
    assert {c: channel for c, (channel, _) in planned.items()} == {texted: "email", free: "sms"}
    skips = {r.customer_id: r.reason for r in world.rows(select(schema.skips))}
    assert skips == {
        paused: "paused|sms=paused|email=paused",
        full: "capped|sms=capped|email=capped",
    }


def test_a_plan_sets_each_message_to_the_end_of_quiet_hours_where_the_recipient_is(
    world: World,
) -> None:
    """At 06:30 UTC on the day on which Europe puts its clocks forward: quiet in Madrid until 09:00,
    in London until 09:00 too, in New York until its morning; in Tokyo it is afternoon."""
    now = datetime.fromisoformat("2027-03-28T06:30+00:00")
    madrid, london, new_york, tokyo, unknown = (
        world.customer(channels=(SMS,), time_zone=zone)
        for zone in ("Europe/Madrid", "Europe/London", "America/New_York", "Asia/Tokyo", None)
    )
    own = world.customer(channels=(E,), time_zone="Europe/Madrid")
    prefer(world, own, quiet_from=22 * 60, quiet_until=10 * 60)
    hours = {c: at for c, (_, at) in plan(world, pressed(), now).items()}

    def utc(hour: int) -> int:
        return to_ms(now.replace(hour=hour, minute=0))

    assert hours == {
        madrid: utc(7),
        london: utc(8),
        new_york: utc(13),
        tokyo: 0,
        unknown: 0,
        own: utc(8),
    }
