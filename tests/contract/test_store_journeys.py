"""Who is due for the next step of a journey, on both databases."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from typing import Any

import pytest
from pydantic import TypeAdapter

from campaigns.domain.audience import Audience
from campaigns.domain.delivery import Rejected
from campaigns.domain.pressure import Cap, Pressure
from campaigns.domain.run import RunState
from campaigns.store.engine import Database
from tests.contract.journeys_world import CHANNELS, DAY, TWO, Travel, journey
from tests.contract.store_world import NOW, World


@pytest.fixture
def travel(database: Database) -> Travel:
    return Travel(World(database))


def test_a_step_follows_after_its_wait_and_once(travel: Travel) -> None:
    ana = travel.world.customer()
    of = journey(*TWO)
    travel.run(of, NOW)
    assert travel.told(ana) == [("announce", "email")]
    for after in (DAY, 3 * DAY - timedelta(seconds=1)):
        _, counts = travel.run(of, NOW + after)
        assert (counts.planned.total(), counts.already) == (0, 1)
    _, counts = travel.run(of, NOW + 3 * DAY)
    assert (counts.planned.total(), counts.already, counts.audience) == (1, 0, 1)
    for after in (3 * DAY, 9 * DAY):
        travel.run(of, NOW + after)
        travel.run(of, NOW + after, continues=True)
    assert travel.told(ana) == [("announce", "email"), ("remind", "email")]


def test_a_run_that_continues_lets_nobody_in(travel: Travel) -> None:
    ana = travel.world.customer()
    of = journey(*TWO)
    travel.run(of, NOW)
    late = travel.world.customer()
    run, counts = travel.run(of, NOW + 3 * DAY, continues=True)
    assert (travel.told(late), len(travel.told(ana))) == ([], 2)
    assert (counts.audience, counts.already) == (1, 0)
    assert travel.world.runs.get(run.id).continues
    travel.run(of, NOW + 4 * DAY)
    assert travel.told(late) == [("announce", "email")]


def test_a_run_that_continues_has_no_shard_when_nobody_is_due(travel: Travel) -> None:
    travel.world.customers(3)
    of = journey(*TWO)
    travel.run(of, NOW)
    run, _ = travel.run(of, NOW + DAY, continues=True)
    assert travel.world.runs.shards(run.id) == []


def test_nothing_follows_while_another_step_is_in_doubt(travel: Travel) -> None:
    ana = travel.world.customer()
    travel.run(journey(*TWO), NOW)
    travel.run(journey(*TWO), NOW + 3 * DAY)
    longer = journey(TWO[0], {"name": "survey"}, TWO[1], {"name": "last", "wait": {"days": 2}})
    travel.run(longer, NOW + 4 * DAY)
    survey = travel.delivery_of(ana)
    travel.world.set_delivery(survey, state="in_doubt")
    _, counts = travel.run(longer, NOW + 9 * DAY)
    assert counts.planned.total() == 0
    travel.world.set_delivery(survey, state="accepted")
    _, counts = travel.run(longer, NOW + 9 * DAY)
    assert counts.planned.total() == 1


def test_the_journey_goes_on_for_who_left_the_audience(travel: Travel) -> None:
    ana = travel.world.customer(country="ES")
    spain = TypeAdapter[Any](Audience).validate_python({"country": {"eq": "ES"}})
    travel.run(journey(*TWO, audience=spain), NOW)
    france = TypeAdapter[Any](Audience).validate_python({"country": {"eq": "FR"}})
    _, counts = travel.run(journey(*TWO, audience=france), NOW + 3 * DAY)
    assert len(travel.told(ana)) == 2
    assert (counts.audience, counts.already) == (1, 0)


def test_what_has_not_arrived_holds_the_customer_where_they_are(travel: Travel) -> None:
    of = journey(*TWO)
    refused, doubtful = travel.world.customers(2)
    travel.run(of, NOW)
    travel.world.set_delivery(travel.delivery_of(refused), state="rejected")
    travel.world.set_delivery(travel.delivery_of(doubtful), state="in_doubt")
    run, counts = travel.run(of, NOW + 3 * DAY)
    assert (counts.planned.total(), travel.world.states(run)) == (0, [])


@pytest.mark.parametrize("still", [False, True], ids=["room again", "still full"])
def test_a_step_that_a_cap_kept_back_is_tried_again_a_day_later_and_then_skipped(
    travel: Travel, still: bool
) -> None:
    ana = travel.world.customer()
    of = journey(*TWO, {"name": "last", "wait": {"days": 1}})
    travel.run(of, NOW)
    run, _ = travel.world.runs.start(of, now=NOW + 3 * DAY, shard_size=10, limit=None)
    (shard,) = travel.world.runs.shards(run.id)
    travel.plan(run, of, shard, NOW + 3 * DAY)
    travel.world.runs.move(run.id, RunState.RUNNING, now=NOW + 3 * DAY)
    for number in range(3):  # between plan and sending come other campaigns
        travel.contact(ana, NOW + 3 * DAY, number)
    caps = (Cap(messages=3, days=2),)
    travel.send(run, shard.no, NOW + 3 * DAY, caps=caps)
    travel.world.runs.move(run.id, RunState.FINISHED, now=NOW + 3 * DAY)
    assert [step for step, _ in travel.told(ana)] == ["announce"]

    of = dataclasses.replace(
        of, policy=dataclasses.replace(of.policy, pressure=Pressure(caps=caps))
    )
    travel.run(of, NOW + 3 * DAY + timedelta(hours=1))  # not every quarter of an hour
    assert travel.skipped(ana) == []
    again = NOW + (4 if still else 6) * DAY
    travel.run(of, again)
    if still:
        assert travel.skipped(ana) == ["capped"]
    else:
        assert [step for step, _ in travel.told(ana)] == ["announce", "remind"]
    travel.run(of, again + 2 * DAY)
    assert travel.told(ana)[-1][0] == "last"


def test_a_limited_run_leaves_who_does_not_fit_due(travel: Travel) -> None:
    travel.world.customers(3)
    of = journey(*TWO)
    travel.run(of, NOW)
    _, counts = travel.run(of, NOW + 3 * DAY, limit=1)
    assert (counts.planned.total(), counts.skipped["over_limit"]) == (1, 2)
    _, counts = travel.run(of, NOW + 3 * DAY)
    assert (counts.planned.total(), counts.already) == (2, 1)


def test_a_cancelled_step_is_planned_again(travel: Travel) -> None:
    ana = travel.world.customer()
    of = journey(*TWO)
    travel.run(of, NOW)
    run, _ = travel.world.runs.start(of, now=NOW + 3 * DAY, shard_size=10, limit=None)
    (shard,) = travel.world.runs.shards(run.id)
    travel.plan(run, of, shard, NOW + 3 * DAY)
    travel.world.runs.move(run.id, RunState.CANCELLED, now=NOW + 3 * DAY)
    travel.run(of, NOW + 3 * DAY)
    assert [step for step, _ in travel.told(ana)] == ["announce", "remind"]


def test_a_fallback_of_a_later_step_keeps_its_words(travel: Travel) -> None:
    from campaigns.services.fall_back import fall_back
    from campaigns.store.falling_back import SqlFallbacks

    ana = travel.world.customer(channels=CHANNELS)
    of = journey(*TWO)
    of = dataclasses.replace(of, policy=dataclasses.replace(of.policy, fallback_within=DAY))
    travel.run(of, NOW)
    at = NOW + 3 * DAY
    run, _ = travel.world.runs.start(of, now=at, shard_size=10, limit=None)
    (shard,) = travel.world.runs.shards(run.id)
    travel.plan(run, of, shard, at)
    travel.world.runs.move(run.id, RunState.RUNNING, now=at)
    batch = travel.world.claim(run, now=at)
    travel.world.intend(batch, now=at)
    travel.world.settle(batch, Rejected("550", "no such mailbox"), now=at)
    done = fall_back(SqlFallbacks(travel.world.database), travel.world.runs.get(run.id), of, now=at)
    assert done.hops == 1
    travel.send(run, 0, at)
    assert travel.told(ana) == [("announce", "email"), ("remind", "sms")]
    hop = travel.world.delivery(travel.delivery_of(ana))
    assert travel.world.releases.skeleton(hop.skeleton_id).step == "remind"
