"""What a customer did decides their next step, on both databases: it ends, is skipped, or moves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.domain.channel import Channel
from campaigns.store import schema
from campaigns.store.engine import Database
from tests.contract.journeys_world import CHANNELS, DAY, TWO, Travel, journey
from tests.contract.store_world import NOW, World


@pytest.fixture
def travel(database: Database) -> Travel:
    return Travel(World(database))


@pytest.mark.parametrize(
    ("kind", "more", "stop", "reason"),
    [
        ("purchased", {}, {"purchased": "any"}, "already_acted"),
        ("visited", {}, {"any": [{"purchased": "any"}, {"visited": "any"}]}, "already_acted"),
        ("called", {"data": {"campaign": "spring_sale"}}, None, "told_by_a_person"),
        ("called", {"data": {"campaign": "another"}}, None, None),
        ("called", {}, None, None),
        ("visited", {}, {"purchased": "any"}, None),
    ],
)
def test_who_has_acted_or_was_told_by_a_person_hears_no_more(
    travel: Travel, kind: str, more: dict[str, Any], stop: Any, reason: str | None
) -> None:
    ana = travel.world.customer()
    last = {"name": "last_day", "wait": {"days": 1}}
    of = journey(*TWO, last, stop=stop)
    travel.run(of, NOW)
    travel.happens(ana, kind, NOW + DAY, **more)
    run, _ = travel.run(of, NOW + 3 * DAY)
    travel.run(of, NOW + 4 * DAY)
    travel.run(of, NOW + 9 * DAY)
    assert travel.skipped(ana) == ([reason] if reason else [])
    assert len(travel.told(ana)) == (1 if reason else 3)
    told = {reason: 1} if reason else {}
    assert travel.world.outbox.skip_counts(run.id) == told


def test_what_happened_before_the_journey_does_not_end_it(travel: Travel) -> None:
    ana = travel.world.customer()
    travel.happens(ana, "purchased", NOW - DAY)
    travel.happens(ana, "called", NOW - DAY, data={"campaign": "spring_sale"})
    of = journey(*TWO, stop={"purchased": "any"})
    travel.run(of, NOW)
    travel.run(of, NOW + 3 * DAY)
    assert len(travel.told(ana)) == 2


@pytest.mark.parametrize(
    ("condition", "events", "fits"),
    [
        ({"clicked": "announce"}, [("clicked", "human")], True),
        ({"clicked": "announce"}, [("clicked", None)], True),
        ({"clicked": "announce"}, [("clicked", "suspect"), ("clicked", "machine")], False),
        ({"clicked": "remind"}, [("clicked", "human")], False),
        ({"clicked": "any"}, [("clicked", "human")], True),
        ({"not": {"clicked": "announce"}}, [("clicked", "human")], False),
        ({"not": {"clicked": "announce"}}, [], True),
        ({"delivered": "announce"}, [("delivered", None)], True),
        ({"sent": "announce"}, [], True),
        ({"sent": "remind"}, [], False),
        ({"replied": "announce"}, [("replied", None)], True),
        ({"all": [{"clicked": "any"}, {"replied": "any"}]}, [("replied", None)], False),
        ({"any": [{"clicked": "any"}, {"replied": "any"}]}, [("replied", None)], True),
        ({"purchased": {"within_days": 2}}, [("purchased", None)], True),
        ({"purchased": {"within_days": 1}}, [("purchased", None)], False),
    ],
)
def test_a_steps_if_is_asked_when_it_is_due(
    travel: Travel, condition: Any, events: Sequence[tuple[str, str | None]], fits: bool
) -> None:
    ana = travel.world.customer()
    of = journey({"name": "announce"}, {**TWO[1], "if": condition})
    travel.run(of, NOW)
    delivery = travel.delivery_of(ana)
    for kind, agent in events:
        about = delivery if kind in ("clicked", "delivered") else None
        travel.happens(ana, kind, NOW + 1.5 * DAY, agent=agent, delivery_id=about)
    travel.run(of, NOW + 3 * DAY)
    assert travel.skipped(ana) == ([] if fits else ["step_not_for_them"])
    assert len(travel.told(ana)) == (2 if fits else 1)


def test_who_is_skipped_by_an_if_goes_on_to_the_next_step_after_its_wait(travel: Travel) -> None:
    ana = travel.world.customer()
    clickers = {"name": "thanks", "wait": {"days": 1}, "if": {"clicked": "any"}}
    of = journey({"name": "announce"}, clickers, {"name": "last_day", "wait": {"hours": 12}})
    travel.run(of, NOW)
    travel.run(of, NOW + DAY)
    travel.run(of, NOW + DAY)  # the wait counts from the skip
    assert travel.told(ana) == [("announce", "email")]
    travel.happens(ana, "clicked", NOW + DAY, delivery_id=travel.delivery_of(ana))  # too late
    travel.run(of, NOW + 1.5 * DAY)
    assert [step for step, _ in travel.told(ana)] == ["announce", "last_day"]
    assert travel.skipped(ana) == ["step_not_for_them"]


def test_the_next_step_comes_where_the_customer_answered(travel: Travel) -> None:
    ana, eva, leo = (travel.world.customer(channels=CHANNELS) for _ in range(3))
    of = journey(*TWO)
    travel.happens(leo, "replied", NOW - DAY, channel="sms")  # about something else
    travel.run(of, NOW)
    for customer in (ana, eva):
        travel.happens(customer, "replied", NOW + DAY, channel="sms")
    travel.happens(eva, "preference_changed", NOW + 2 * DAY)
    travel.run(of, NOW + 3 * DAY)
    assert travel.told(ana)[1] == ("remind", "sms")
    assert travel.told(eva)[1] == travel.told(leo)[1] == ("remind", "email")
    reasons = {
        row.customer_id: row.reason
        for row in travel.world.rows(select(schema.deliveries).where(schema.deliveries.c.step == 1))
    }
    assert reasons[ana] == "conversation"


def test_an_answer_on_a_channel_that_is_no_longer_permitted_is_no_way_in(travel: Travel) -> None:
    ana = travel.world.customer(channels=CHANNELS)
    of = journey(*TWO)
    travel.run(of, NOW)
    travel.happens(ana, "replied", NOW + DAY, channel="sms")
    travel.world.standing(ana, Channel.SMS, granted=False, at=NOW + DAY)
    travel.run(of, NOW + 3 * DAY)
    assert travel.told(ana)[1] == ("remind", "email")


def test_who_opted_out_meanwhile_is_skipped_with_that_reason_once(travel: Travel) -> None:
    ana = travel.world.customer()
    of = journey(*TWO)
    travel.run(of, NOW)
    travel.world.standing(ana, Channel.EMAIL, granted=False, at=NOW + DAY)
    for day in (3, 4, 5):
        travel.run(of, NOW + day * DAY)
    assert travel.skipped(ana) == ["opted_out"]
    assert len(travel.told(ana)) == 1
