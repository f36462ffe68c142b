"""Who is due for the next step of a journey, on both databases."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import insert, select

from campaigns.domain.audience import Audience
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted, DeliveryState, Rejected
from campaigns.domain.journey import MAX_STEPS, Journey
from campaigns.domain.plan import PlanCounts
from campaigns.domain.pressure import Cap, Pressure
from campaigns.domain.release import Release
from campaigns.domain.run import Run, RunState, Shard
from campaigns.domain.timing import Timing
from campaigns.errors import UserError
from campaigns.services.plan_run import plan_shard
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from tests.contract.store_world import LIMITS, NOW, World, release, skeleton

_JOURNEY: TypeAdapter[Journey] = TypeAdapter(Journey)
DAY = timedelta(days=1)
TWO = [{"name": "announce"}, {"name": "remind", "wait": {"days": 3}}]
CHANNELS = (Channel.EMAIL, Channel.SMS)


def journey(*steps: Any, stop: Any = None, audience: Audience | None = None) -> Release:
    """A release with these steps, each with words of its own."""
    read = _JOURNEY.validate_python({"steps": list(steps), "stop": stop})
    made = release(channels=CHANNELS, audience=audience)
    skeletons = [
        dataclasses.replace(skeleton(channel, locale), step=name)
        for name, channel, locale in product(read.names, CHANNELS, ("en_GB", "ca_ES"))
    ]
    policy = dataclasses.replace(made.policy, journey=read)
    manifest = {**made.manifest, "steps": read.names, "conditions": str(read)}
    return dataclasses.replace(made, policy=policy, skeletons=tuple(skeletons), manifest=manifest)


@dataclass
class Travel:
    """A world whose campaign is run again and again, day after day."""

    world: World

    def run(
        self, of: Release, at: datetime, *, continues: bool = False, limit: int | None = None
    ) -> tuple[Run, PlanCounts]:
        """One run from start to end; every provider accepts everything."""
        run, resumed = self.world.runs.start(
            of, now=at, shard_size=10_000, limit=limit, continues=continues
        )
        assert not resumed
        counts = PlanCounts()
        for shard in self.world.runs.shards(run.id):
            counts.add(self.plan(run, of, shard, at, limit))
        self.world.runs.move(run.id, RunState.RUNNING, now=at)
        for shard in self.world.runs.shards(run.id):
            self.send(run, shard.no, at)
        self.world.runs.move(run.id, RunState.FINISHED, now=at)
        return run, counts

    def plan(
        self, run: Run, of: Release, shard: Shard, at: datetime, room: int | None = None
    ) -> PlanCounts:
        """One shard."""
        timing = Timing(of.policy, heed_quiet=False)
        return plan_shard(self.world.planning, run, of, shard, now=at, room=room, timing=timing)

    def contact(self, customer: int, at: datetime, number: int) -> None:
        """Another campaign's message to them."""
        row = {"customer_id": customer, "at": to_ms(at), "delivery_id": -number - 1}
        self.world.execute(insert(schema.contacts).values(row))

    def send(self, run: Run, shard: int, at: datetime, caps: Sequence[Cap] = ()) -> None:
        """Everything that is due of a shard."""
        lease, outbox = timedelta(minutes=2), self.world.outbox
        while batch := outbox.claim(run.id, shard, owner="w", limits=LIMITS, now=at, lease=lease):
            written = self.world.written(batch)
            margin = timedelta(minutes=1)
            granted = outbox.intend(batch, written, now=at, margin=margin, caps=caps)
            outbox.settle(batch, dict.fromkeys(granted, Accepted("id")), now=at)

    def told(self, customer: int) -> list[tuple[str, str]]:
        """The steps a customer got, by name in the order they came, and on which channel."""
        d, s = schema.deliveries.c, schema.steps.c
        query = (
            select(s.name, d.channel)
            .join_from(schema.deliveries, schema.steps, s.number == d.step)
            .where(d.customer_id == customer, d.state == "accepted")
            .order_by(d.id)
        )
        return [(row.name, row.channel) for row in self.world.rows(query)]

    def skipped(self, customer: int) -> list[str]:
        """Why they were skipped at later steps, in the steps' order."""
        table = schema.journey_skips
        query = select(table.c.reason).where(table.c.customer_id == customer).order_by(table.c.step)
        return [row.reason.partition("|")[0] for row in self.world.rows(query)]

    def happens(self, customer: int, kind: str, at: datetime, **more: Any) -> None:
        """Something between the customer and the brand."""
        row = {"customer_id": customer, "at": to_ms(at), "kind": kind, **more}
        self.world.execute(insert(schema.interactions).values(row))

    def delivery_of(self, customer: int) -> int:
        """The customer's newest delivery."""
        d = schema.deliveries.c
        query = select(d.id).where(d.customer_id == customer).order_by(d.id.desc())
        found: int = self.world.rows(query)[0].id
        return found


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


def to_ms_length(length: timedelta) -> int:
    return length // timedelta(milliseconds=1)


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


def test_a_release_comes_back_with_its_journey(travel: Travel) -> None:
    of = journey(*TWO, stop={"not": {"purchased": {"within_days": 3}}})
    travel.world.releases.save(of, NOW)
    assert travel.world.releases.load(of.hash).policy.journey == of.policy.journey
