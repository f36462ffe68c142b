"""The web site over the shipped campaign: the words of the e-mail, and `seen` on the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from campaigns.bootstrap.business import create_key
from campaigns.domain.api_key import Scope
from tests.desk_server import PEOPLE, World, desk_world


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with desk_world(tmp_path_factory.mktemp("on-site")) as made:
        yield made


@pytest.fixture(scope="module")
def site(world: World) -> Iterator[httpx.Client]:
    """The shop's web site, with its key."""
    _, key = create_key(world.app, "web-shop", set(Scope), by="Ana")
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=world.public, headers=headers, timeout=60) as client:
        yield client


def messages(site: httpx.Client, ref: str) -> list[dict[str, Any]]:
    answer = site.get(f"/v1/customers/{ref}/messages")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["messages"]
    return found


def mail(world: World, address: str) -> dict[str, Any]:
    """What the customer's mail program shows."""
    query = {"to": address, "channel": "email"}
    (message,) = world.control("GET", "messages", params=query)
    seen: dict[str, Any] = message["seen"]
    return seen


def test_the_site_says_what_the_shipped_campaigns_mail_said(
    world: World, site: httpx.Client
) -> None:
    person = PEOPLE[0]
    (message,) = messages(site, person.ref)
    read = mail(world, person.mail)
    assert message["campaign"] == "spring_sale"
    for part in ("subject", "text", "html"):
        assert message["parts"][part] == read[part], part
    facts = {name: fact["written"] for name, fact in message["facts"].items()}
    assert facts["code"] == "PRIMAVERA20"
    assert all(written in read["text"] for written in facts.values())
    (line,) = world.app.profiles.show(world.number(person)).deliveries
    assert message["release"] == world.app.profiles.delivery(line.delivery_id).release_hash


def test_seen_is_on_the_timeline_once_however_often_it_is_told(
    world: World, site: httpx.Client
) -> None:
    person = PEOPLE[1]
    (message,) = messages(site, person.ref)
    for _ in range(3):
        path = f"/v1/customers/{person.ref}/messages/{message['id']}/seen"
        assert site.post(path).status_code < 300
    kinds = [str(i.kind) for i in world.app.profiles.show(world.number(person)).interactions]
    assert kinds.count("seen") == 1
    other = f"/v1/customers/{PEOPLE[2].ref}/messages/{message['id']}/seen"
    assert site.post(other).status_code == 404


def test_who_unsubscribes_by_the_mails_own_link_is_shown_nothing_more(
    world: World, site: httpx.Client
) -> None:
    person = PEOPLE[3]
    assert messages(site, person.ref)
    link = mail(world, person.mail)["headers"]["List-Unsubscribe"].strip("<>")
    path = link.removeprefix(str(world.settings.public_url).rstrip("/"))
    answer = httpx.post(world.public + path, data={"List-Unsubscribe": "One-Click"}, timeout=60)
    assert answer.status_code == 200
    assert messages(site, person.ref) == []
