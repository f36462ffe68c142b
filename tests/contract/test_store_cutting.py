"""How a campaign that runs again is cut into shards."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from pydantic import TypeAdapter
from sqlalchemy import delete, select, update

from campaigns.domain.audience import Audience
from campaigns.domain.release import Release
from campaigns.domain.run import RunState
from campaigns.store import schema
from tests.contract.store_world import NOW, World, release

SIZE = 8


def spanish() -> Release:
    """To everybody of Spain."""
    audience: Audience = TypeAdapter(Audience).validate_python({"country": {"eq": "ES"}})
    return release(audience=audience)


def cut(world: World, size: int = SIZE, *, of: Release | None = None) -> list[tuple[int, int]]:
    """The ends of the shards of a run that then is over."""
    run, resumed = world.runs.start(of or release(), now=NOW, shard_size=size, limit=None)
    assert not resumed
    shards = world.runs.shards(run.id)
    assert [s.no for s in shards] == list(range(len(shards)))
    assert all(a.last_customer + 1 == b.first_customer for a, b in pairwise(shards))
    world.runs.move(run.id, RunState.CANCELLED, now=NOW)
    return [(s.first_customer, s.last_customer) for s in shards]


def held(shards: list[tuple[int, int]], customers: list[int]) -> list[int]:
    """How many of these each shard holds."""
    return [sum(first <= c <= last for c in customers) for first, last in shards]


def test_it_is_cut_as_before_but_for_the_end_where_the_new_customers_are(world: World) -> None:
    customers = world.customers(20)
    before = cut(world)
    assert held(before, customers) == [8, 8, 4]
    customers += world.customers(9)
    again = cut(world)
    assert again[:2] == before[:2]
    assert held(again, customers) == [8, 8, 8, 5]
    assert cut(world) == again


def test_who_joins_the_audience_before_or_between_its_customers_is_in_a_shard(
    world: World,
) -> None:
    outside = world.customers(3, country="FR")
    customers = world.customers(10, country="ES") + world.customers(1, country="FR")
    customers += world.customers(9, country="ES")
    cut(world, of=spanish())
    world.execute(update(schema.customers).values(country="ES"))
    again = cut(world, of=spanish())
    assert sum(held(again, outside + customers)) == len(outside + customers)


def test_quite_another_size_is_cut_anew(world: World) -> None:
    customers = world.customers(20)
    cut(world)
    assert held(cut(world, 1), customers) == [1] * 20
    assert held(cut(world, 16), customers) == [16, 4]


def test_shards_of_a_sparse_audience_are_cut_anew_for_they_may_come_to_hold_many(
    world: World,
) -> None:
    customers = [world.customer(country="FR" if n % 5 else "ES") for n in range(100)]
    assert held(cut(world, 4, of=spanish()), customers[::5]) == [4] * 5
    world.execute(update(schema.customers).values(country="ES"))
    assert held(cut(world, 4, of=spanish()), customers) == [4] * 25


def test_a_run_that_found_nobody_leaves_nothing_to_go_by(world: World) -> None:
    assert cut(world) == []
    customers = world.customers(9)
    assert held(cut(world), customers) == [8, 1]


@pytest.mark.parametrize("seed", range(3))
def test_everybody_of_the_audience_is_in_one_shard_whatever_came_before(
    world: World, seed: int
) -> None:
    random, c = Random(seed), schema.customers.c
    customers: list[int] = []
    for _ in range(6):
        for country in random.choices(["ES", "ES", "FR"], k=3):
            customers += world.customers(random.randrange(7), country=country)
        for customer in random.sample(customers, len(customers) // 5):
            away = update(schema.customers).values(country=random.choice(["ES", "FR"]))
            world.execute(away.where(c.id == customer))
        for table, column in (
            (schema.standings, schema.standings.c.customer_id),
            (schema.addresses, schema.addresses.c.customer_id),
            (schema.customers, c.id),
        ):
            world.execute(delete(table).where(column.in_(customers[3:5])))
        customers = customers[:3] + customers[5:]
        spain = [row.id for row in world.rows(select(c.id).where(c.country == "ES"))]
        shards = cut(world, random.choice([5, 8, 8]), of=spanish())
        assert sum(held(shards, spain)) == len(spain)
        assert max(held(shards, spain), default=0) <= 4 * 8
