"""Planning again by the rows that bar, against the plain path that reads everybody."""

from __future__ import annotations

import dataclasses
from collections import Counter
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from pydantic import TypeAdapter
from sqlalchemy import delete, insert, select, update

from campaigns.domain.audience import Audience
from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.experiment import Experiment
from campaigns.domain.plan import PlanCounts, Sifted
from campaigns.domain.pressure import Cap, Pressure
from campaigns.domain.release import Release
from campaigns.domain.run import RunState
from campaigns.domain.timing import Timing
from campaigns.services.plan_run import decide, plan_shard
from campaigns.store import candidates, having, schema, standing_skips
from campaigns.store.clock import to_ms
from campaigns.store.engine import bar_intents
from campaigns.store.erasing import SqlErasure
from campaigns.store.hashing import AddressHash
from campaigns.store.intending import KEPT_BACK
from campaigns.store.persons import SqlPersons
from tests.contract.store_world import NOW, World, release

E, SMS, X = Channel.EMAIL, Channel.SMS, Channel.X_DM
DAY = timedelta(days=1)
CHANNELS = (E, SMS, Channel.WHATSAPP, X, Channel.X_POST)
LONG_AGO = NOW - timedelta(days=3_000)


def made(purpose: Purpose = Purpose.MARKETING, **changed: Any) -> Release:
    """A release with a cap, to everyone of Spain and the US who bought of late or never, some of
    them held out."""
    audience: Audience = TypeAdapter(Audience).validate_python(
        {
            "all": [
                {"country": {"in": ["ES", "US"]}},
                {"any": [{"last_purchase": o} for o in ({"within_days": 3}, {"exists": False})]},
            ]
        }
    )
    plain = release(purpose=purpose, channels=CHANNELS, audience=audience, topic="offers")
    usual: dict[str, Any] = {
        "pressure": Pressure(caps=(Cap(messages=1, days=7),)),
        "experiment": Experiment(holdout=0.1, channels=(("preferred", 0.5), ("default", 0.5))),
    }
    policy = dataclasses.replace(plain.policy, **usual | changed)
    return dataclasses.replace(plain, policy=policy)


@dataclasses.dataclass
class Outcome:
    """What a plan says: customer → channel and reason, customer → skip, and the counts."""

    deliveries: dict[int, tuple[str, str]]
    skips: dict[int, str]
    counts: PlanCounts


def plainly(world: World, of: Release, now: datetime) -> Outcome:
    """Everybody who has nothing is read and decided on."""
    first, last = world.planning.customer_range()
    profiles = world.planning.profiles(of, first_customer=first, last_customer=last, now=now)
    plan = decide(of, profiles)
    plan.counts.already = world.planning.already(of, first=first, last=last, now=now)
    return Outcome(
        {d.customer_id: (d.channel, d.reason) for d in plan.deliveries},
        {s.customer_id: s.reason for s in plan.skips},
        plan.counts,
    )


def run(world: World, of: Release, now: datetime) -> tuple[Outcome, list[Sifted]]:
    """A run over everybody in shards of a few; and how each was sifted."""
    begun, resumed = world.runs.start(of, now=now, shard_size=16, limit=None)
    assert not resumed
    counts, sifted = PlanCounts(), []
    timing = Timing(of.policy, heed_quiet=False)
    for shard in world.runs.shards(begun.id):
        first, last = shard.first_customer, shard.last_customer
        sifted.append(world.planning.sift(of, begun, first=first, last=last, now=now))
        counts.add(plan_shard(world.planning, begun, of, shard, now=now, room=None, timing=timing))
    world.finished(begun.id, now=now)
    d, s = schema.deliveries.c, schema.skips.c
    planned = world.rows(select(d.customer_id, d.channel, d.reason).where(d.run_id == begun.id))
    skipped = world.rows(select(s.customer_id, s.reason).where(s.run_id == begun.id))
    return Outcome(
        {r.customer_id: (r.channel, r.reason) for r in planned},
        {r.customer_id: r.reason for r in skipped},
        counts,
    ), sifted


# Random histories -------------------------------------------------------------------------------


class History:
    """Changes at random, written so that no time of writing tells of them."""

    def __init__(self, world: World, seed: int) -> None:
        self.world, self.random = world, Random(seed)
        with world.database.write() as connection:
            self.hashing = AddressHash.load(connection)
        self.people: list[int] = []

    def grow(self, count: int) -> None:
        """New customers, of whom most may get nothing."""
        for _ in range(count):
            country = self.random.choice(["ES", "ES", "US", "FR", None])
            prefers = self.random.choice([None, None, *CHANNELS[:4]])
            new = self.world.customer(channels=(), country=country, preferred_channel=prefers)
            self.people.append(new)
            for _ in range(self.random.randrange(5)):
                self.change(new)

    def change(self, customer: int) -> None:
        """Something about one customer."""
        channel = self.random.choice(PERSONAL_CHANNELS)
        often, seldom = (self._address, self._standing), (self._silence, self._suppression)
        once = (self._profile, self._wish, self._wrote, self._contact, self._bought)
        kinds = (*often, *often, *seldom, *once, self._message)
        with self.world.database.write() as connection:
            bar_intents(connection)
            for statement in self.random.choice(kinds)(customer, channel):
                connection.execute(statement)

    def _address(self, customer: int, channel: Channel) -> list[Any]:
        table = schema.addresses
        here = (table.c.customer_id == customer) & (table.c.channel == channel)
        gone = delete(table).where(here)
        if self.random.random() < 0.2:
            return [gone]
        row = {"customer_id": customer, "channel": channel, "updated_at": 0}
        row["status"] = self.random.choice(["active", "active", "active", "bounced", "invalid"])
        row["address"] = f"{self.random.randrange(30)}"  # several share one
        row["address_key"] = self.hashing.key(channel.address_kind, str(row["address"]))
        return [gone, insert(table).values(row)]

    def _standing(self, customer: int, channel: Channel) -> list[Any]:
        table = schema.standings
        key = {
            "customer_id": customer,
            "channel": channel,
            "purpose": self.random.choice(list(Purpose)),
            "topic": self.random.choice(["*", "offers", "news"]),
        }
        at = to_ms(LONG_AGO) + self.random.randrange(4)
        granted = self.random.random() < 0.6
        gone = delete(table).where(*(table.c[n] == v for n, v in key.items()))
        return [gone, insert(table).values(**key, granted=granted, at=at)]

    def _silence(self, customer: int, channel: Channel) -> list[Any]:
        c = schema.standings.c
        here = (c.customer_id == customer) & (c.channel == channel)
        return [delete(schema.standings).where(here)]

    def _suppression(self, _customer: int, channel: Channel) -> list[Any]:
        key = self.hashing.key(channel.address_kind, f"{self.random.randrange(30)}")
        gone = delete(schema.suppressions).where(schema.suppressions.c.address_key == key)
        purpose = self.random.choice(["marketing", "all", ""])
        row = {"address_key": key, "purpose": purpose, "reason": "test", "at": 0}
        return [gone, insert(schema.suppressions).values(row)] if purpose else [gone]

    def _profile(self, customer: int, channel: Channel) -> list[Any]:
        country = self.random.choice(["ES", "US", "FR"])
        prefers = self.random.choice([None, channel])
        change = update(schema.customers).values(country=country, preferred_channel=prefers)
        return [change.where(schema.customers.c.id == customer)]

    def _wish(self, customer: int, _channel: Channel) -> list[Any]:
        gone = delete(schema.preferences).where(schema.preferences.c.customer_id == customer)
        until = to_ms(NOW) + self.random.randrange(-3, 9) * 86_400_000
        row = {"customer_id": customer, "paused_until": until, "updated_at": 0}
        return [gone, insert(schema.preferences).values(row)]

    def _wrote(self, customer: int, _channel: Channel) -> list[Any]:
        gone = delete(schema.channel_uses).where(schema.channel_uses.c.customer_id == customer)
        row = {"customer_id": customer, "channel": X, "last_inbound_at": to_ms(LONG_AGO) + 2}
        return [gone, insert(schema.channel_uses).values(row)]

    def _bought(self, customer: int, _channel: Channel) -> list[Any]:
        at = to_ms(NOW) + self.random.randrange(-5, 4) * 86_400_000
        change = update(schema.customers).values(last_purchase_at=self.random.choice([None, at]))
        return [change.where(schema.customers.c.id == customer)]

    def _message(self, customer: int, _channel: Channel) -> list[Any]:
        """What became of the message they have, if they have one."""
        ends: list[dict[str, Any]] = [
            {"state": "cancelled"},
            {"state": "expired"},
            {"state": "suppressed", "outcome": KEPT_BACK[0]},
            {"state": "suppressed", "outcome": "opted out since the plan"},
            {"state": "rejected", "replaced": True},
        ]
        d = schema.deliveries.c
        change = update(schema.deliveries).where(d.customer_id == customer, ~d.replaced)
        return [change.values(**self.random.choice(ends))]

    def lose(self) -> None:
        """One customer is erased, another turns out to be the same person as somebody else."""
        gone, kept, merged = self.random.sample(self.people, 3)
        SqlErasure(self.world.database).erase(gone, by="Ana", why="asked", now=NOW)
        SqlPersons(self.world.database).merge(kept, merged, by="Ana", why="one person", now=NOW)
        self.people = [c for c in self.people if c not in (gone, merged)]

    def _contact(self, customer: int, _channel: Channel) -> list[Any]:
        at = to_ms(NOW) - self.random.randrange(9 * 86_400_000)
        row = {"customer_id": customer, "at": at, "delivery_id": -self.random.randrange(1 << 40)}
        return [insert(schema.contacts).values(row)]


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("seed", range(3))
def test_planning_again_says_what_planning_everybody_says(
    world: World, seed: int, purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing_skips, "STRETCH", 7)
    monkeypatch.setattr("campaigns.store.barring.Fates._MOST", 2)
    monkeypatch.setattr(candidates, "PAGE", 4)
    monkeypatch.setattr(having, "FEW", 2)
    history, of = History(world, seed), made(purpose)
    again: Counter[str] = Counter()
    for day in range(5):
        history.grow(40 if day == 0 else 4)
        if day:
            history.lose()
        for customer in history.random.sample(history.people, 12 if day else 0):
            history.change(customer)
        now = NOW + day * DAY
        expected = plainly(world, of, now)
        found, sifted = run(world, of, now)
        assert found == expected
        for part in sifted:
            again.update({s.reason: len(ids) for s, ids in part.barred.items()})
            again["open"] += len(part.open)
    barred = again.total() - again["open"]
    assert barred > 20, again  # or nothing was tried
    assert len(again) > 3 or purpose is Purpose.SERVICE, again


def test_another_release_decides_by_its_own_policy(world: World) -> None:
    """Another topic, other channels: whatever the earlier run said of its own."""
    history = History(world, 7)
    history.grow(50)
    run(world, made(), NOW)
    for of in (made(topic="news"), made(channels=(SMS, E)), made(channels=(E, Channel.X_POST))):
        expected = plainly(world, of, NOW)
        assert run(world, of, NOW)[0] == expected


# One change at a time ---------------------------------------------------------------------------


def _change(world: World, change: str, customer: int) -> None:
    """One change of somebody who was skipped; no time of writing tells of it."""
    a, s = schema.addresses.c, schema.standings.c
    match change:
        case "consents, on a day before the last plan":
            world.standing(customer, E, granted=True, at=LONG_AGO)
        case "says no, on a day before the last plan":
            world.standing(customer, E, granted=False, at=LONG_AGO)
        case "consents to the topic, a moment later":
            later = LONG_AGO + timedelta(milliseconds=1)
            world.standing(customer, E, granted=True, topic="offers", at=later)
        case "no word is left":
            world.execute(delete(schema.standings).where(s.customer_id == customer))
        case "is suppressed":
            world.suppress(customer, E)
        case "the suppression is lifted":
            world.execute(delete(schema.suppressions))
        case "another customer of the address is suppressed":
            other = world.customer(channels=(), country="FR")
            world.address(other, E, f"c{customer}@example.com")
            world.suppress(other, E)
        case "the address is gone":
            world.execute(delete(schema.addresses).where(a.customer_id == customer))
        case "the address is dead":
            dead = update(schema.addresses).values(status="bounced")
            world.execute(dead.where(a.customer_id == customer))
        case "prefers X":
            changed = update(schema.customers).values(preferred_channel="x_dm")
            world.execute(changed.where(schema.customers.c.id == customer))
        case "leaves the audience":
            changed = update(schema.customers).values(country="FR")
            world.execute(changed.where(schema.customers.c.id == customer))


_NO = "|sms=no_consent|whatsapp=no_consent|x_dm=no_consent"


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("", "", f"no_consent|email=no_consent{_NO}"),
        ("", "consents, on a day before the last plan", "email"),
        ("", "says no, on a day before the last plan", f"opted_out|email=opted_out{_NO}"),
        ("says no, on a day before the last plan", "no word is left",
         f"no_consent|email=no_consent{_NO}"),
        ("says no, on a day before the last plan", "consents, on a day before the last plan",
         "email"),
        ("says no, on a day before the last plan", "consents to the topic, a moment later",
         "email"),
        ("", "is suppressed", f"suppressed|email=suppressed{_NO}"),
        ("is suppressed", "the suppression is lifted", f"no_consent|email=no_consent{_NO}"),
        ("", "another customer of the address is suppressed", f"suppressed|email=suppressed{_NO}"),
        ("", "the address is gone", f"no_consent|email=no_consent{_NO}"),
        ("is suppressed", "the address is gone", f"no_consent|email=no_consent{_NO}"),
        ("", "the address is dead", f"no_consent|email=no_consent{_NO}"),
        ("", "prefers X", f"public_post_only|email=no_consent{_NO}"),
        ("", "leaves the audience", None),
    ],
    ids=lambda said: "" if said is None else said.partition("|")[0],
)  # fmt: skip
def test_every_change_of_somebody_skipped_is_noticed(
    world: World, before: str, change: str, after: str | None
) -> None:
    of = made(experiment=Experiment())
    same, changed = world.customers(2, consents=False, country="ES")
    _change(world, before, changed)
    assert changed in run(world, of, NOW)[0].skips
    _change(world, change, changed)
    expected = plainly(world, of, NOW)
    found, _ = run(world, of, NOW)
    assert found == expected
    planned = found.deliveries.get(changed)
    assert (planned[0] if planned else found.skips.get(changed)) == after
    assert found.skips[same] == f"no_consent|email=no_consent{_NO}"


def test_who_is_skipped_for_a_reason_that_may_pass_is_decided_on_anew(world: World) -> None:
    """A pause, a cap: time alone ends them."""
    of = made(experiment=Experiment())
    paused, full = world.customers(2, country="ES")
    wish = {"customer_id": paused, "paused_until": to_ms(NOW + DAY), "updated_at": 0}
    world.execute(insert(schema.preferences).values(wish))
    contact = {"customer_id": full, "at": to_ms(NOW), "delivery_id": -1}
    world.execute(insert(schema.contacts).values(contact))
    first, _ = run(world, of, NOW)
    assert {reason.partition("|")[0] for reason in first.skips.values()} == {"paused", "capped"}
    later, (sifted,) = run(world, of, NOW + 8 * DAY)
    assert (sifted.open, sifted.barred) == ([paused, full], {})
    assert sorted(later.deliveries) == [paused, full]


def test_who_was_left_out_by_the_limit_or_held_out_is_not_looked_at_twice(world: World) -> None:
    """They may get the message: looking first at what bars them would be in vain."""
    customer = world.customer(country="ES")
    of = made(experiment=Experiment(holdout=1.0))
    assert run(world, of, NOW)[0].skips == {customer: "holdout"}
    found, (sifted,) = run(world, of, NOW)
    assert (found.skips, sifted.open) == ({customer: "holdout"}, [customer])


def test_a_run_that_was_cancelled_before_it_planned_hides_no_earlier_one(world: World) -> None:
    of = made(experiment=Experiment())
    customer = world.customer(country="ES", consents=False)
    run(world, of, NOW)
    for_nothing = world.started(of)
    world.runs.move(for_nothing.id, RunState.CANCELLED, now=NOW)
    _, (sifted,) = run(world, of, NOW)
    assert (sifted.open, list(sifted.barred.values())) == ([], [[customer]])


@pytest.mark.parametrize(
    ("state", "outcome"),
    [("cancelled", None), ("expired", None), ("suppressed", KEPT_BACK[0])],
)
def test_a_message_that_ended_before_it_left_is_planned_again(
    world: World, state: str, outcome: str | None
) -> None:
    of = made(experiment=Experiment())
    customer = world.customer(country="ES")
    run(world, of, NOW)
    world.execute(update(schema.deliveries).values(state=state, outcome=outcome))
    found, (sifted,) = run(world, of, NOW)
    assert (sifted.already, list(found.deliveries)) == (0, [customer])


def test_a_first_run_decides_on_everybody(world: World) -> None:
    customers = world.customers(3, country="ES", consents=False)
    _, (sifted,) = run(world, made(), NOW)
    assert sifted == Sifted(0, {}, customers)
