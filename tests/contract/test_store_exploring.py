"""What exploring costs and brings, counted on both databases and compared."""

from __future__ import annotations

import itertools
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from campaigns.bootstrap.app import App
from campaigns.bootstrap.learning import explored
from campaigns.domain.channel import Channel
from campaigns.domain.exploring import Cell
from campaigns.domain.interaction import Agent
from campaigns.settings import Settings
from campaigns.store import interactions, schema
from campaigns.store.clock import to_ms
from campaigns.store.exploring import SqlExploring
from campaigns.store.interactions import EventRow
from tests.contract.store_world import NOW, World

E, S = Channel.EMAIL, Channel.SMS
_keys = itertools.count(1)


def campaign(world: World, name: str) -> int:
    table = schema.campaigns
    with world.database.write() as connection:
        made = insert(table).values(name=name, edition="").returning(table.c.id)
        return int(connection.execute(made).scalar_one())


def told(
    world: World, of: int, customer: int, channel: Channel, reason: str, *, state: str = "accepted"
) -> int:
    """A message that left; its number."""
    table = schema.deliveries
    row = {
        "campaign_id": of, "customer_id": customer, "run_id": of, "shard": 0, "channel": channel,
        "skeleton_id": 1, "reason": reason, "state": state, "settled_at": to_ms(NOW),
    }  # fmt: skip
    with world.database.write() as connection:
        made = connection.execute(insert(table).values(row).returning(table.c.id))
        return int(made.scalar_one())


def answered(world: World, customer: int, delivery: int, agent: Agent = Agent.HUMAN) -> None:
    key = f"click:{next(_keys)}"
    row = EventRow(customer, to_ms(NOW), "clicked", None, delivery, key, None, str(agent))
    with world.database.write() as connection:
        interactions.record(connection, [row])


def cells(world: World) -> list[Cell]:
    return SqlExploring(world.database).cells(since=NOW - timedelta(days=1))


def test_explorers_and_those_who_might_have_explored_are_counted_by_channel(world: World) -> None:
    spring, later = campaign(world, "spring"), campaign(world, "later")
    both = world.customers(5, channels=(E, S))
    only_mail = world.customer(channels=(E,))
    texts = [told(world, spring, c, S, "exploring") for c in both[:2]]
    mails = [told(world, spring, c, E, "campaign_order") for c in (*both[2:], only_mail)]
    answered(world, both[0], texts[0])
    answered(world, both[0], texts[0])
    answered(world, both[1], texts[1], Agent.MACHINE)
    answered(world, both[2], mails[0])
    told(world, later, both[0], S, "learnt:sms 1/3 clicked,email 0/4")
    told(world, later, both[1], E, "learnt:email 2/3")
    assert cells(world) == [Cell(E, False, 3, 1, 0), Cell(S, True, 2, 1, 1)]


def test_stated_wishes_failures_and_campaigns_that_do_not_explore_are_left_out(
    world: World,
) -> None:
    spring, quiet = campaign(world, "spring"), campaign(world, "quiet")
    a, b, c, d = world.customers(4, channels=(E, S))
    told(world, spring, a, S, "exploring")
    told(world, spring, b, E, "stated_preference")
    told(world, spring, c, E, "campaign_order", state="rejected")
    told(world, quiet, d, E, "campaign_order")
    assert cells(world) == [Cell(S, True, 1, 0, 0)]


def test_the_difference_comes_with_its_interval_once_there_are_two_of_either(
    database_url: str, tmp_path: Path
) -> None:
    with App(Settings(_env_file=None, home=tmp_path, database_url=database_url)) as app:
        world, now = World(app.database), app.clock.now()
        spring = campaign(world, "spring")
        people = world.customers(60, channels=(E, S))
        first = told(world, spring, people[0], S, "exploring")
        world.set_delivery(first, settled_at=to_ms(now))
        assert explored(app).difference is None
        for n, customer in enumerate(people[1:]):
            exploring = n < 19
            channel, reason = (S, "exploring") if exploring else (E, "learnt:email 2/3")
            delivery = told(world, spring, customer, channel, reason)
            world.set_delivery(delivery, settled_at=to_ms(now))
            if n % (5 if exploring else 2) == 0:
                answered(world, customer, delivery)
        found = explored(app)
        assert found.difference is not None
        assert found.difference.value == pytest.approx(4 / 20 - 20 / 40)
        assert found.difference.low < found.difference.value < found.difference.high < 0.1
        assert found.as_json()["cells"][0] == {
            "channel": "email", "explored": False, "people": 40, "answered": 20, "won": 0
        }  # fmt: skip
