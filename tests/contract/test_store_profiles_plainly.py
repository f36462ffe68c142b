"""Profiles as planning reads them, a row of texts for each customer, against reading their rows one
by one; on random people, on both databases."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from campaigns.domain.channel import PERSONAL_CHANNELS, Channel
from campaigns.domain.consent import Purpose, Standing
from campaigns.domain.customer import AddressStatus, Profile
from campaigns.domain.engagement import UNKNOWN, Engagement, Tally
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.pressure import WEEK, Cap, Pressure, Wishes, capped
from campaigns.domain.release import Release
from campaigns.store import candidates, schema
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.learning import TENTHS
from tests.contract.store_world import NOW, World
from tests.contract.test_store_standing_skips import DAY, History, made

#: Purposes that a suppression's own word covers.
_COVERED = {Purpose.MARKETING: ("marketing", "all"), Purpose.SERVICE: ("all",)}
_CAPS = (Cap(messages=1, days=7), Cap(messages=2, days=3, channel=Channel.EMAIL))


class People(History):
    """Random people who also used the channels and told their wishes."""

    def use(self, customer: int) -> None:
        """What they got and answered, as it was learnt."""
        uses, chance = schema.channel_uses, self.random
        self.world.execute(delete(uses).where(uses.c.customer_id == customer))
        for channel in chance.sample(PERSONAL_CHANNELS, chance.randrange(4)):
            messages = chance.randrange(9)
            answers = chance.choice([0, 0, chance.randrange(messages + 1)])
            row = {
                "customer_id": customer, "channel": channel, "messages": messages,
                "answers": answers, "kind": chance.choice([None, "clicked", "replied"]),
                "recent_messages": messages * TENTHS, "recent_answers": answers * (TENTHS - 1),
                "last_inbound_at": chance.choice([None, to_ms(NOW) - 5 * 86_400_000]),
            }  # fmt: skip
            self.world.execute(insert(uses).values(row))

    def tell(self, customer: int) -> None:
        """Wishes of their own."""
        wishes, chance = schema.preferences, self.random
        quiet = chance.choice([(None, None), (1200, 480), (60, None)])
        row = {
            "customer_id": customer, "updated_at": 0, "weekly_most": chance.choice([None, 1, 3]),
            "paused_until": chance.choice([None, to_ms(NOW) - 1, to_ms(NOW) + 1]),
            "quiet_from": quiet[0], "quiet_until": quiet[1],
            "channels": chance.choice([None, "sms,email", "x_dm"]),
        }  # fmt: skip
        self.world.execute(
            delete(wishes).where(wishes.c.customer_id == customer), insert(wishes).values(row)
        )

    def suppress(self) -> None:
        """Some of the addresses, for one purpose or for all."""
        for key in {row.address_key for row in self.world.rows(select(schema.addresses))}:
            purpose = self.random.choice(["", "", "marketing", "all"])
            here = schema.suppressions.c.address_key == key
            self.world.execute(delete(schema.suppressions).where(here))
            if purpose:
                row = {"address_key": key, "purpose": purpose, "reason": "test", "at": 0}
                self.world.execute(insert(schema.suppressions).values(row))


@dataclasses.dataclass
class Plainly:
    """Reads one customer's rows, table by table."""

    world: World
    of: Release
    now: datetime

    def rows(self, table: Any, customer: int) -> list[Any]:
        return self.world.rows(select(table).where(table.c.customer_id == customer))

    def profile(self, customer: int) -> Profile:
        (row,) = self.world.rows(select(schema.customers).where(schema.customers.c.id == customer))
        addresses = self.rows(schema.addresses, customer)
        engagement, may_dm = self.used(customer)
        wishes, full = self.pressed(customer)
        return Profile(
            customer, row.ref, row.locale, row.country, row.time_zone,
            Channel(row.preferred_channel) if row.preferred_channel else None,
            {Channel(a.channel): AddressStatus(a.status) for a in addresses},
            frozenset(Channel(a.channel) for a in addresses if self.suppressed(a.address_key)),
            self.standings(customer), engagement, may_dm, {}, wishes, full,
        )  # fmt: skip

    def suppressed(self, key: str) -> bool:
        s = schema.suppressions.c
        said = self.world.rows(select(s.purpose).where(s.address_key == key))
        return any(row.purpose in _COVERED[self.of.policy.purpose] for row in said)

    def standings(self, customer: int) -> dict[Channel, tuple[Standing, ...]]:
        said: dict[Channel, tuple[Standing, ...]] = {}
        for row in self.rows(schema.standings, customer):
            if row.purpose == self.of.policy.purpose:
                standing = Standing(row.topic, row.granted, from_ms(row.at))
                said[Channel(row.channel)] = (*said.get(Channel(row.channel), ()), standing)
        return said

    def used(self, customer: int) -> tuple[dict[Channel, Engagement], bool]:
        uses = self.rows(schema.channel_uses, customer)
        wrote = [u.last_inbound_at for u in uses if u.channel == "x_dm" and u.last_inbound_at]
        noes = [s.at for s in self.rows(schema.standings, customer)
                if s.channel == "x_dm" and not s.granted]  # fmt: skip
        may_dm = any(all(no < at for no in noes) for at in wrote)
        if not may_dm and not any(u.answers for u in uses):
            return {}, False
        learnt = {c: Engagement(Tally(0, 0), UNKNOWN.updated(0, 0)) for c in PERSONAL_CHANNELS}
        for u in uses:
            tally = Tally(u.answers, u.messages, InteractionKind(u.kind) if u.kind else None)
            belief = UNKNOWN.updated(u.recent_answers / TENTHS, u.recent_messages / TENTHS)
            learnt[Channel(u.channel)] = Engagement(tally, belief)
        return learnt, may_dm

    def pressed(self, customer: int) -> tuple[Wishes, frozenset[Channel]]:
        wishes = Wishes()
        for p in self.rows(schema.preferences, customer):
            wishes = Wishes(
                paused=p.paused_until is not None and p.paused_until > to_ms(self.now),
                weekly_most=p.weekly_most,
                quiet=None if None in (p.quiet_from, p.quiet_until)
                else (p.quiet_from, p.quiet_until),
                order=tuple(map(Channel, p.channels.split(","))) if p.channels else (),
            )  # fmt: skip
        if self.of.policy.purpose is not Purpose.MARKETING:
            return wishes, frozenset()
        caps = self.of.policy.pressure.caps
        counts = [self.contacts(customer, cap.since(self.now), cap.channel) for cap in caps]
        week = self.contacts(customer, self.now - WEEK, None)
        return wishes, capped(caps, counts, weekly_most=wishes.weekly_most, in_week=week)

    def contacts(self, customer: int, since: datetime, channel: Channel | None) -> int:
        had = [c for c in self.rows(schema.contacts, customer) if c.at > to_ms(since)]
        d = schema.deliveries.c
        on = {r.id: r.channel for r in self.world.rows(select(d.id, d.channel))}
        return sum(channel is None or on.get(c.delivery_id) == channel for c in had)


def _even(profile: Profile) -> Profile:
    """In no order of what a database may tell in any."""
    standings = {c: tuple(sorted(s, key=repr)) for c, s in profile.standings.items()}
    return dataclasses.replace(profile, standings=standings)


@pytest.mark.parametrize("purpose", list(Purpose))
@pytest.mark.parametrize("seed", range(2))
def test_a_profile_is_what_the_customers_rows_say_one_by_one(
    world: World, seed: int, purpose: Purpose, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("campaigns.store.packed.Shared._MOST", 3)  # forgotten again and again
    monkeypatch.setattr(candidates, "PAGE", 7)
    people = People(world, seed)
    people.grow(40)
    for customer in people.people:
        for once in (people.use, people.tell, people.change):
            if people.random.random() < 0.6:
                once(customer)
    people.suppress()
    of = made(purpose, pressure=Pressure(caps=_CAPS))
    world.planned(people.people[:20], of=of)
    _contact(people)
    plainly = Plainly(world, of, NOW + DAY)
    found = list(world.planning.each_of(of, sorted(people.people), now=NOW + DAY))
    assert [_even(p) for p in found] == [_even(plainly.profile(c)) for c in sorted(people.people)]
    for told in ("suppressed", "standings", "engagement", "may_dm", "stated_preference"):
        assert 0 < sum(bool(getattr(p, told)) for p in found) < len(found), told
    marketing = purpose is Purpose.MARKETING
    assert any(p.capped for p in found) == marketing


def _contact(people: People) -> None:
    """Messages that some have had, of channels that are known."""
    for row in people.world.rows(select(schema.deliveries)):
        if people.random.random() < 0.7:
            at = to_ms(NOW) - people.random.randrange(9) * 86_400_000
            contact = {"customer_id": row.customer_id, "at": at, "delivery_id": row.id}
            people.world.execute(insert(schema.contacts).values(contact))
