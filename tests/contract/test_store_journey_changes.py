"""A journey's steps change while customers are on it, on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from campaigns.domain.delivery import DeliveryState
from campaigns.domain.journey import MAX_STEPS
from campaigns.domain.run import RunState
from campaigns.errors import UserError
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from tests.contract.journeys_world import CHANNELS, DAY, TWO, Travel, journey
from tests.contract.store_world import NOW, World, release


@pytest.fixture
def travel(database: Database) -> Travel:
    return Travel(World(database))


def test_steps_added_in_between_and_at_the_end_reach_who_is_past_them(travel: Travel) -> None:
    ana = travel.world.customer()
    travel.run(journey(*TWO), NOW)
    travel.run(journey(*TWO), NOW + 3 * DAY)
    middle, end = {"name": "survey", "wait": {"days": 1}}, {"name": "last", "wait": {"days": 2}}
    longer = journey(TWO[0], middle, TWO[1], end)
    for day in range(3, 12):
        travel.run(longer, NOW + day * DAY)
    assert [step for step, _ in travel.told(ana)] == ["announce", "remind", "survey", "last"]
    moments = travel.world.rows(
        select(schema.deliveries.c.settled_at).order_by(schema.deliveries.c.id)
    )
    days = [(row.settled_at - to_ms(NOW)) // to_ms_length(DAY) for row in moments]
    assert days == [0, 3, 4, 6]  # a wait counts from the last message too


def test_reordered_and_renamed_steps_shift_nobody_and_nobody_enters_twice(travel: Travel) -> None:
    ana = travel.world.customer()
    travel.run(journey(*TWO), NOW)
    eva = travel.world.customer()
    teaser = {"name": "teaser"}
    new_start = journey(teaser, {**TWO[0], "wait": {"days": 1}}, TWO[1])
    for day in range(1, 8):
        travel.run(new_start, NOW + day * DAY)
    assert [step for step, _ in travel.told(ana)] == ["announce", "remind"]
    assert [step for step, _ in travel.told(eva)] == ["teaser", "announce", "remind"]


def test_a_campaign_that_gets_steps_later_goes_on_from_its_one_message(travel: Travel) -> None:
    ana = travel.world.customer()
    plain = release(channels=CHANNELS)
    run, _ = travel.run(plain, NOW)
    assert travel.world.states(run) == [DeliveryState.ACCEPTED]
    travel.run(journey(*TWO), NOW + 3 * DAY)
    assert travel.told(ana) == [("announce", "email"), ("remind", "email")]


def test_a_campaign_never_has_more_steps_than_a_profile_can_tell(travel: Travel) -> None:
    travel.world.customer()
    names = [{"name": f"s{n}"} for n in range(MAX_STEPS)]
    travel.world.runs.start(journey(*names), now=NOW, shard_size=10, limit=None)
    other = World(travel.world.database)
    run = other.runs.latest()
    assert run is not None
    other.runs.move(run.id, RunState.CANCELLED, now=NOW)
    with pytest.raises(UserError, match=f"at most {MAX_STEPS} steps"):
        other.runs.start(journey({"name": "more"}), now=NOW, shard_size=10, limit=None)


def test_a_release_comes_back_with_its_journey(travel: Travel) -> None:
    of = journey(*TWO, stop={"not": {"purchased": {"within_days": 3}}})
    travel.world.releases.save(of, NOW)
    assert travel.world.releases.load(of.hash).policy.journey == of.policy.journey


def to_ms_length(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)
