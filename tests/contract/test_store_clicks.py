"""Click links on both databases: who clicked, and what counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.domain.agent import MANY_PEOPLE, TRAP, agent_of_request
from campaigns.domain.channel import Channel
from campaigns.domain.click import Click, origin_of
from campaigns.domain.delivery import Accepted
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.provider_event import ProviderEvent
from campaigns.services.follow_link import follow_link
from campaigns.store import schema
from campaigns.store.clicks import SqlClicks
from campaigns.store.engine import Database
from campaigns.store.evidence import SqlEvidence
from tests.contract.store_world import NOW, World

LATER = NOW + timedelta(hours=1)
PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1"


@pytest.fixture
def clicks(database: Database) -> SqlClicks:
    return SqlClicks(database)


def sent(world: World, count: int = 1) -> list[int]:
    """Messages that were accepted at NOW."""
    _, batch = world.sending(world.customers(count))
    world.settle(batch, Accepted("id"))
    return [i.delivery_id for i in batch.items]


def click(delivery: int, link: str = "a", **more: Any) -> Click:
    return Click(
        delivery, link, more.get("at", LATER), more.get("origin", "o" * 32), more.get("agent")
    )


def test_a_link_leads_to_its_releases_address_and_nowhere_else(
    world: World, clicks: SqlClicks
) -> None:
    (delivery,) = sent(world)
    (run,) = world.rows(select(schema.runs))
    row = {"release_hash": run.release_hash, "id": "a", "url": "https://shop.example.com/"}
    world.execute(schema.links.insert().values(row))
    assert follow_link(click(delivery), clicks) == "https://shop.example.com/"
    assert follow_link(click(delivery, "b"), clicks) is None
    assert follow_link(click(delivery + 1), clicks) is None


def test_a_persons_click_is_an_answer_on_the_channel_once_a_minute(
    world: World, clicks: SqlClicks
) -> None:
    (delivery,) = sent(world)
    assert clicks.record(click(delivery)) is Agent.HUMAN
    assert clicks.record(click(delivery)) is None
    assert world.answers() == 1


def test_a_click_too_soon_after_the_message_is_suspect(world: World, clicks: SqlClicks) -> None:
    (delivery,) = sent(world)
    assert clicks.record(click(delivery, at=NOW + timedelta(seconds=59))) is Agent.SUSPECT
    assert world.answers() == 0


@pytest.mark.parametrize("early", [False, True])
def test_a_message_delivered_late_makes_the_click_before_it_suspect_in_any_order(
    world: World, clicks: SqlClicks, database: Database, early: bool
) -> None:
    (delivery,) = sent(world)
    delivered = ProviderEvent("d", InteractionKind.DELIVERED, LATER, Channel.EMAIL, delivery)
    told = [
        lambda: SqlEvidence(database).record([delivered], now=LATER),
        lambda: clicks.record(click(delivery, at=LATER + timedelta(seconds=30))),
    ]
    for tell in told if early else reversed(told):
        tell()
    table = schema.interactions.c
    (row,) = world.rows(select(table.agent).where(table.kind == "clicked"))
    assert (row.agent, world.answers()) == ("suspect", 0)


def test_three_links_in_two_seconds_are_all_suspect(world: World, clicks: SqlClicks) -> None:
    (delivery,) = sent(world)
    told = [
        clicks.record(click(delivery, link, at=LATER + timedelta(seconds=n)))
        for n, link in enumerate("abc")
    ]
    assert told == [Agent.HUMAN, Agent.HUMAN, Agent.SUSPECT]
    assert world.answers() == 0


def test_one_address_for_many_people_is_suspect_from_the_first(
    world: World, clicks: SqlClicks
) -> None:
    deliveries = sent(world, MANY_PEOPLE + 2)
    told = [clicks.record(click(d)) for d in deliveries]
    assert told[-4:] == [Agent.HUMAN, *[Agent.SUSPECT] * 3]
    assert world.answers() == 0
    assert clicks.record(click(deliveries[0], origin="p" * 32)) is Agent.HUMAN


def test_any_amount_of_machines_changes_nothing_but_the_record(
    world: World, clicks: SqlClicks
) -> None:
    (delivery,) = sent(world)
    assert clicks.record(click(delivery)) is Agent.HUMAN
    for n in range(100):
        at = LATER + timedelta(seconds=n / 50)
        machine = click(delivery, f"m{n}", at=at, origin=f"{n:032}", agent=Agent.MACHINE)
        assert clicks.record(machine) is Agent.MACHINE
    assert world.answers() == 1


@pytest.mark.parametrize(
    ("method", "headers", "link", "agent"),
    [
        ("GET", {"user-agent": PHONE}, "a", None),
        ("HEAD", {"user-agent": PHONE}, "a", Agent.MACHINE),
        ("GET", {"user-agent": PHONE, "sec-purpose": "prefetch;prerender"}, "a", Agent.MACHINE),
        ("GET", {"user-agent": PHONE, "x-purpose": "preview"}, "a", Agent.MACHINE),
        ("GET", {"user-agent": "Mozilla/5.0"}, "a", Agent.MACHINE),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, "a", Agent.MACHINE),
        ("GET", {"user-agent": "curl/8.5"}, "a", Agent.MACHINE),
        ("GET", {}, "a", Agent.MACHINE),
        ("GET", {"user-agent": PHONE}, TRAP, Agent.SUSPECT),
    ],
)
def test_a_request_may_give_itself_away(
    method: str, headers: dict[str, str], link: str, agent: Agent | None
) -> None:
    assert agent_of_request(method, headers, link) is agent


def test_origins_compare_within_a_day_and_hold_no_address() -> None:
    one = origin_of("secret", "192.0.2.7", LATER)
    assert one == origin_of("secret", "192.0.2.7", NOW)
    assert one != origin_of("secret", "192.0.2.7", NOW + timedelta(days=1))
    assert one != origin_of("other", "192.0.2.7", NOW)
    assert origin_of("secret", "2001:db8::1", NOW) == origin_of("secret", "2001:db8::2", NOW)
