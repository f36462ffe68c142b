"""Unsubscribing by a link, over loopback, on both databases; links that lead nowhere."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import update

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.store import schema
from campaigns.web.app import create_app
from tests.contract.pages_forms import FORM
from tests.pages_world import Shop

EMAIL, SMS, WHATSAPP = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP


ONE_CLICK = "List-Unsubscribe=One-Click"


def one_click(client: httpx.Client, path: str) -> httpx.Response:
    """As a mail program sends it: no cookie, nothing but the token and the body of RFC 8058."""
    return httpx.post(
        str(client.base_url).rstrip("/") + path, content=ONE_CLICK, headers=FORM, timeout=60
    )


# One click ------------------------------------------------------------------------------------


def test_one_post_ends_all_marketing_e_mail_without_cookie_redirect_or_further_action(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.unsubscribe_path(here.delivery(customer))
    answer = one_click(client, path)
    assert (answer.status_code, answer.history, "set-cookie" in answer.headers) == (200, [], False)
    assert here.standings(customer) == {
        "email/*": False,
        "email/offers": True,  # older than the no to everything, which stands over it
        "email/news": True,
        "sms/offers": True,
        "sms/news": True,
        "whatsapp/offers": True,
        "whatsapp/news": True,
    }
    view = here.app.profiles.show(customer)
    (no,) = [c for c in view.consents if not c.granted]
    assert (no.source, no.actor) == ("customer", "customer")
    assert no.proof.startswith("one-click unsubscribe (RFC 8058), delivery ")
    (mail,) = [a for a in view.addresses if a.channel is EMAIL]
    assert mail.suppression is not None
    assert (mail.suppression.purpose, mail.suppression.reason) == ("marketing", "unsubscribed")
    (event,) = [i for i in view.interactions if i.kind == "unsubscribed"]
    assert (event.channel, event.campaign) == (EMAIL, "one")


def test_a_form_of_many_parts_does_as_well(here: Shop, client: httpx.Client) -> None:
    customer = here.customer()
    path = here.unsubscribe_path(here.delivery(customer))
    parts = {"List-Unsubscribe": (None, "One-Click")}
    assert client.post(path, files=parts).status_code == 200
    assert here.standings(customer)["email/*"] is False
    assert "RFC 8058" in here.rows("consents", customer)[-1].proof


def test_unsubscribing_again_changes_nothing(here: Shop, client: httpx.Client) -> None:
    customer = here.customer()
    path = here.unsubscribe_path(here.delivery(customer))
    one_click(client, path)
    before = here.everything()
    here.now += timedelta(days=1)
    assert one_click(client, path).status_code == 200
    assert client.post(path, data={"confirmed": "en_GB"}).status_code == 200
    assert here.everything() == before


def test_it_holds_back_messages_that_a_worker_has_in_its_hands(
    here: Shop, client: httpx.Client
) -> None:
    customer, other = here.customer(), here.customer(at={EMAIL: "bo@example.com"})
    path = here.unsubscribe_path(here.delivery(customer))
    run, batch = here.claimed([customer, other], name="two")
    one_click(client, path)
    assert len(here.world.intend(batch)) == 1
    assert here.world.states(run) == [DeliveryState.SUPPRESSED, DeliveryState.SENDING]


def test_it_holds_also_where_the_address_is_another_customers(
    here: Shop, client: httpx.Client
) -> None:
    customer, twin = here.customer(), here.customer()
    one_click(client, here.unsubscribe_path(here.delivery(customer)))
    _, batch = here.claimed([twin], name="two")
    assert here.world.intend(batch) == set()


def test_the_address_that_the_message_went_to_is_barred_even_if_it_has_changed(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.unsubscribe_path(here.delivery(customer))
    before = {r.address_key for r in here.rows("addresses", customer) if r.channel == "email"}
    table = schema.addresses
    mail = (table.c.customer_id == customer) & (table.c.channel == "email")
    here.world.execute(
        update(table).where(mail).values(address="new@example.com", address_key="f" * 32)
    )
    one_click(client, path)
    assert {r.address_key for r in here.rows("suppressions")} == before | {"f" * 32}


def test_the_link_of_a_text_ends_sms_and_whatsapp_and_leaves_e_mail(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    client.post(here.unsubscribe_path(here.delivery(customer, SMS)))
    stands = here.standings(customer)
    assert (stands["sms/*"], stands["whatsapp/*"], "email/*" in stands) == (False, False, False)


def test_the_page_shows_one_button_and_its_words_are_the_proof(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer(locale="es_ES")
    path = here.unsubscribe_path(here.delivery(customer))
    page = client.get(path).text
    assert page.count("<button") == 1
    assert "ada@" not in page
    shown = re.search(r'class="lead">([^<]+)<', page)
    assert shown is not None
    done = client.post(path, data={"confirmed": "es_ES"}).text
    assert "Te has dado de baja" in done
    proof = here.rows("consents", customer)[-1].proof
    digest = hashlib.sha256(shown[1].encode()).hexdigest()
    assert proof.startswith("unsubscribe page, es_ES, delivery ")
    assert proof.endswith(f"“{shown[1]}” sha256:{digest}")


def test_ten_thousand_looks_by_scanners_change_nothing(here: Shop) -> None:
    """Through the whole app, but not through the network: that would only cost time."""
    delivery = here.delivery(here.customer())
    mail, ours = here.unsubscribe_path(delivery), here.preferences_path(delivery)
    before = here.everything()
    looks = 10_000 if here.app.database.dialect == "sqlite" else 500
    assert asyncio.run(scanned(create_app(here.app), [mail, mail, mail, ours], looks)) == {200}
    assert here.everything() == before


async def scanned(app: FastAPI, paths: list[str], looks: int) -> set[int]:
    """The statuses that so many GET, HEAD and prefetch requests are answered with."""
    statuses = set()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            statuses.add(message["status"])

    kinds = [("GET", []), ("HEAD", []), ("GET", [(b"sec-purpose", b"prefetch")])]
    for number in range(looks):
        (method, headers), path = kinds[number % 3], paths[number % len(paths)]
        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode()}
        scope |= {"headers": headers, "query_string": b"", "scheme": "https", "root_path": ""}
        scope |= {"http_version": "1.1", "client": ("192.0.2.1", 1), "server": ("x", 443)}
        await app(scope, receive, send)
    return statuses


# Links that lead nowhere ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "heading"),
    [
        ("es-ES,es;q=0.9,en;q=0.5", "Este enlace no lleva"),
        ("ca", "Aquest enllaç no porta"),
        ("fr, en;q=0.3", "This link leads nowhere"),
        ("", "This link leads nowhere"),
    ],
)
def test_a_link_that_is_none_of_ours_is_a_plain_page_in_the_visitors_language(
    here: Shop, client: httpx.Client, language: str, heading: str
) -> None:
    links = ("/u/1.forged", "/p/1.forged", "/p/%00", f"/u/{'9' * 3000}", "/c/1.forged/abc")
    for path in links:
        for method in ("GET", "POST") if path[1] != "c" else ("GET",):
            answer = client.request(method, path, headers={"Accept-Language": language})
            assert answer.status_code == 404
            assert heading in answer.text


def test_a_link_serves_its_purpose_alone(here: Shop, client: httpx.Client) -> None:
    delivery = here.delivery(here.customer())
    token = here.unsubscribe_path(delivery).rpartition("/")[2]
    for path in ("", "/pause", "/known", "/download", "/delete"):
        assert client.post(f"/p/{token}{path}").status_code == 404
    assert here.preferences_path(delivery).rpartition("/")[2] not in client.get(f"/u/{token}").text
