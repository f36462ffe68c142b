"""A plan is written without asking where nobody can have a delivery; the plain way always asks."""

from __future__ import annotations

import itertools
from random import Random
from typing import Any

import pytest
from sqlalchemy import insert, select

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.release import Release
from campaigns.store import planning, schema
from campaigns.store.engine import Database
from tests.contract.store_world import NOW, World, release

_names = itertools.count(1)
#: Enough for COPY.
_PEOPLE = range(5_000_000, 5_000_700)
_CHANNELS = (Channel.EMAIL, Channel.SMS)


def _plan(release_: Release, seed: int) -> list[PlannedDelivery]:
    chance = Random(seed)
    return [
        PlannedDelivery(
            customer_id, channel, release_.skeleton(channel, "en_GB").hash, f"reason {customer_id}"
        )
        for customer_id in _PEOPLE
        for channel in [chance.choice(_CHANNELS)]
    ]


def _earlier(seed: int, share: float) -> dict[int, DeliveryState]:
    """What some have of an earlier run."""
    chance = Random(-seed)
    states = sorted(DeliveryState)
    return {c: chance.choice(states) for c in _PEOPLE if chance.random() < share}


def _written(
    world: World, earlier: dict[int, DeliveryState], seed: int
) -> tuple[int, int, list[tuple[Any, ...]]]:
    """Rows written, those who counted as `already`, and what everybody has then."""
    made = release(f"writing_{next(_names)}")
    world.customer()  # or there would be no shard
    run = world.started(made)
    (shard,) = world.runs.shards(run.id)
    d = schema.deliveries.c
    campaign = select(schema.runs.c.campaign_id).where(schema.runs.c.id == run.id)
    campaign_id = world.rows(campaign)[0].campaign_id
    if earlier:
        common = {"campaign_id": campaign_id, "run_id": 0, "shard": 0, "skeleton_id": 1}
        had = [
            {"customer_id": c, "channel": "email", "reason": "had", "state": state, **common}
            for c, state in earlier.items()
        ]
        world.execute(insert(schema.deliveries).values(had))
    number = world.planning.write_plan(run, shard, _plan(made, seed), [], already=3, now=NOW)
    query = select(d.customer_id, d.channel, d.reason, d.state, d.run_id == run.id, d.attempts)
    rows = world.rows(query.where(d.campaign_id == campaign_id).order_by(d.customer_id))
    (after,) = world.runs.shards(run.id)
    return number, after.already, [tuple(row) for row in rows]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5], ids=["nobody", "few", "many"])
@pytest.mark.parametrize("belief", ["asked", "nobody has one"])
def test_a_plan_is_the_same_whichever_way_it_was_written(
    database: Database, belief: str, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where a run that came in between makes the belief wrong."""
    world, seed = World(database), next(_names)
    earlier = _earlier(seed, share) or ({_PEOPLE[-1]: DeliveryState.PENDING} if share else {})
    with monkeypatch.context() as plain:
        plain.setattr(planning, "_anybody_has_one", lambda *_: True)
        wanted = _written(world, earlier, seed)
    if belief == "nobody has one":
        monkeypatch.setattr(planning, "_anybody_has_one", lambda *_: False)
    assert _written(world, earlier, seed) == wanted
    assert wanted[0] + wanted[1] - 3 == len(_PEOPLE)


def test_people_who_have_nothing_are_written_without_asking_each_time(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_UNLESS_IT_HAS_ONE", "this is no SQL")
    number, _, rows = _written(World(database), {}, 1)
    assert number == len(rows) == len(_PEOPLE)
