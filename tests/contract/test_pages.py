"""Customers' own pages over loopback, on both databases: what they change, and what never does."""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select, update

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.interaction import InteractionKind
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.learning import SqlLearning
from campaigns.web.app import create_app
from tests.pages_world import Shop, shop
from tests.web_server import serving

ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
EMAIL, SMS, WHATSAPP = Channel.EMAIL, Channel.SMS, Channel.WHATSAPP


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> Iterator[Shop]:
    with shop(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def client(here: Shop) -> Iterator[httpx.Client]:
    with serving(here.app) as url, httpx.Client(base_url=url, timeout=30) as client:
        yield client


def one_click(client: httpx.Client, path: str) -> httpx.Response:
    """As a mail program sends it: no cookie, nothing but the token and the body of RFC 8058."""
    return httpx.post(str(client.base_url).rstrip("/") + path, content=ONE_CLICK, headers=FORM)


def filled(page: str, **changes: str | None) -> dict[str, str]:
    """The page's form as a browser would send it, with some fields changed; None unticks."""
    form = page[page.index("<form") : page.index("</form>")]
    fields = dict(re.findall(r'<input type="hidden" name="(\S+)" value="([^"]*)"', form))
    fields |= dict.fromkeys(
        re.findall(r'type="checkbox" name="([^"]+)" value="1" checked', form), "1"
    )
    fields |= dict(re.findall(r'<input type="time" id="\S+" name="(\S+)" value="([^"]*)"', form))
    for chosen in re.findall(r"<select.*?</select>", form, re.DOTALL):
        (name,) = re.findall(r'<select id="\S+" name="([^"]+)"', chosen)
        fields[name] = next(iter(re.findall(r'value="([^"]*)"[^>]* selected', chosen)), "")
    for name, value in changes.items():
        fields.pop(name, None)
        if value is not None:
            fields[name] = value
    return fields


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


# The preference page ------------------------------------------------------------------------


def test_sending_the_page_back_as_it_is_changes_nothing(here: Shop, client: httpx.Client) -> None:
    customer = here.customer(topics=("offers",), locale="ca_AD", preferred_channel="sms")
    path = here.preferences_path(here.delivery(customer))
    before = here.everything()
    page = client.get(path)
    assert client.post(path, data=filled(page.text)).status_code == 200
    assert here.everything() == before


def test_topics_are_chosen_per_channel_and_each_answer_is_kept_with_its_words(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer(topics=("offers",))
    path = here.preferences_path(here.delivery(customer))
    fields = filled(client.get(path).text, **{"to:email:news": "1", "to:sms:offers": None})
    page = client.post(path, data=fields).text
    assert "Saved." in page
    assert filled(page) == fields
    stands = here.standings(customer)
    assert (stands["email/news"], stands["sms/offers"]) == (True, False)
    said = [c for c in here.app.profiles.show(customer).consents if c.source == "customer"]
    assert [(c.channel, c.topic, c.granted) for c in said] == [
        (EMAIL, "news", True),
        (SMS, "offers", False),
    ]
    assert said[0].at == here.now
    words = re.search(r"“(.+)” sha256:([0-9a-f]{64})$", said[0].proof)
    assert words is not None
    assert words[1].endswith("E-mail: News")
    assert hashlib.sha256(words[1].encode()).hexdigest() == words[2]
    kinds = {i.channel: i.kind for i in here.app.profiles.show(customer).interactions}
    assert kinds[SMS] == "unsubscribed"  # nothing is left there


def test_the_order_decides_where_they_are_written_to_first(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    order = {"order:sms": "1", "order:email": "2", "order:whatsapp": ""}
    client.post(path, data=filled(client.get(path).text, **order))
    (asked,) = here.rows("preferences", customer)
    assert asked.channels == "sms,email"
    assert here.app.profiles.show(customer).preferred_channel is SMS
    client.post(path, data=filled(client.get(path).text, **dict.fromkeys(order, "")))
    assert here.app.profiles.show(customer).preferred_channel is None


def test_frequency_quiet_hours_and_language_are_kept_and_told(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    chosen = {"weekly": "2", "quiet_from": "21:30", "quiet_until": "08:00", "locale": "ca_ES"}
    page = client.post(path, data=filled(client.get(path).text, **chosen)).text
    assert '<html lang="ca-ES">' in page
    (asked,) = here.rows("preferences", customer)
    assert (asked.weekly_most, asked.quiet_from, asked.quiet_until) == (2, 1290, 480)
    view = here.app.profiles.show(customer)
    assert view.locale == "ca_ES"
    told = [dict(i.data) for i in view.interactions if i.kind == "preference_changed"]
    assert {"weekly_most": 2} in told
    assert {"locale": "ca_ES"} in told
    assert {"quiet_from": 1290, "quiet_until": 480} in told


@pytest.mark.parametrize(("begin", "end"), [("21:30", ""), ("08:00", "08:00"), ("25:00", "08:00")])
def test_quiet_hours_that_make_no_sense_are_told_and_nothing_is_saved(
    here: Shop, client: httpx.Client, begin: str, end: str
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    before = here.everything()
    fields = filled(client.get(path).text, quiet_from=begin, quiet_until=end, weekly="1")
    answer = client.post(path, data=fields)
    assert answer.status_code == 422
    assert 'role="alert"' in answer.text
    assert filled(answer.text)["weekly"] == "1"  # what was chosen is not lost
    assert here.everything() == before


def test_a_break_of_thirty_days_begins_and_ends_by_a_button(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    assert "until 31 March 2027" in client.post(f"{path}/pause").text
    (asked,) = here.rows("preferences", customer)
    before = here.everything()
    client.post(f"{path}/pause")
    assert here.everything() == before
    client.post(f"{path}/resume")
    (resumed,) = here.rows("preferences", customer)
    assert asked.paused_until is not None
    assert resumed.paused_until is None


def test_stopping_everything_ends_marketing_on_every_channel(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    assert "no more offers" in client.post(f"{path}/stop").text
    assert len(here.rows("suppressions")) == 2  # SMS and WhatsApp share the number
    assert "checked" not in client.get(path).text


def test_only_the_customers_own_yes_lifts_an_opt_out_and_nothing_else_comes_back_with_it(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    delivery = here.delivery(customer)
    client.post(here.unsubscribe_path(here.delivery(customer, SMS, name="text")))
    path = here.preferences_path(delivery)
    page = client.post(path, data=filled(client.get(path).text, **{"to:sms:offers": "1"})).text
    ticked = {name for name in filled(page) if name.startswith("to:")}
    assert ticked == {"to:email:offers", "to:email:news", "to:sms:offers"}
    assert here.rows("suppressions") == []
    kinds = [i.kind for i in here.app.profiles.show(customer).interactions if i.channel is SMS]
    assert kinds[0] == "resubscribed"
    client.post(here.unsubscribe_path(delivery))  # an old link of e-mail does not end it
    assert "to:sms:offers" in filled(client.get(path).text)


def test_a_dead_or_barred_address_cannot_be_ticked(here: Shop, client: httpx.Client) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    fields = filled(client.get(path).text, **{"to:sms:news": "1"})
    here.world.suppress(customer, SMS, purpose="all")
    before = here.everything()
    page = client.get(path).text
    assert page.count("We cannot write to this address") == 2
    client.post(path, data=fields)
    assert here.everything() == before


@pytest.mark.parametrize(
    "body",
    [b"", b"shown=email:offers", b"\xff\xfe", b"a=1&" * 500, b"shown=&locale=xx_XX",
     b"shown=email:offers&locale=xx", b"locale=en_GB"],
)  # fmt: skip
def test_what_is_no_form_of_ours_changes_nothing(
    here: Shop, client: httpx.Client, body: bytes
) -> None:
    path = here.preferences_path(here.delivery(here.customer()))
    before = here.everything()
    assert client.post(path, content=body, headers=FORM).status_code == 422
    assert here.everything() == before


def test_a_huge_body_is_refused_before_it_is_read(here: Shop, client: httpx.Client) -> None:
    path = here.preferences_path(here.delivery(here.customer()))
    assert client.post(path, content=b"x" * 70_000, headers=FORM).status_code == 413


def test_a_box_that_the_form_did_not_show_is_no_answer(here: Shop, client: httpx.Client) -> None:
    customer = here.customer(channels=(EMAIL,))
    path = here.preferences_path(here.delivery(customer))
    fields = filled(client.get(path).text)
    here.world.address(customer, SMS, "+447700900999")
    here.world.standing(customer, SMS, granted=True)
    client.post(path, data=fields)
    assert here.standings(customer)["sms/*"] is True
    assert "sms/offers" not in here.standings(customer)


# Rights -----------------------------------------------------------------------------------------


def test_what_is_known_can_be_read_and_downloaded_and_both_are_in_the_audit_trail(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer(last_name="Roca", attributes={"points": 12})
    path = here.preferences_path(here.delivery(customer))
    page = client.post(f"{path}/known").text
    for told in ("Ada", "Roca", "12", "ada@example.com", "+447700900456", "a form"):
        assert told in page
    answer = client.post(f"{path}/download")
    assert answer.headers["content-disposition"] == 'attachment; filename="my-data.json"'
    assert answer.json() == here.app.profiles.export(customer)
    entries = here.app.audit.entries(f"customer:{customer}")
    assert [(e.actor, e.action) for e in entries] == [("customer", "exported")] * 2


def test_the_data_are_not_for_whoever_looks(here: Shop, client: httpx.Client) -> None:
    path = here.preferences_path(here.delivery(here.customer()))
    assert "ada@example.com" not in client.get(path).text
    before = here.everything()
    for form in ("known", "download", "pause", "resume", "stop"):  # as a tab opened again asks
        answer = client.get(f"{path}/{form}")
        assert (answer.status_code, answer.headers["location"]) == (303, path)
    assert here.everything() == before


def test_whatever_happened_can_be_read(here: Shop, client: httpx.Client) -> None:
    customer = here.customer()
    path = here.preferences_path(here.delivery(customer))
    with here.app.database.write() as connection:
        for number, kind in enumerate(InteractionKind, to_ms(here.now)):
            event = {"customer_id": customer, "kind": str(kind), "at": number, "channel": "email"}
            data = {"text": f"words {kind}"}
            connection.execute(schema.interactions.insert().values(**event, data=data))
    SqlLearning(here.app.database).count([customer], half_life=timedelta(180), now=here.now)
    page = client.post(f"{path}/known")
    assert page.status_code == 200
    assert "What we conclude from it" in page.text
    assert "words asked" in page.text
    assert "words replied" in page.text


def test_an_old_link_still_changes_preferences_but_neither_shows_nor_erases(
    here: Shop, client: httpx.Client
) -> None:
    customer = here.customer()
    delivery = here.delivery(customer)
    path = here.preferences_path(delivery)
    here.now += timedelta(days=91)
    assert "older than 90 days" in client.get(path).text
    for right in ("known", "download", "delete"):
        assert client.post(f"{path}/{right}").status_code == 403
    assert client.get(f"{path}/delete").status_code == 403
    assert client.post(f"{path}/pause").status_code == 200
    assert client.post(here.unsubscribe_path(delivery)).status_code == 200
    assert here.rows("preferences", customer)


def test_deleting_takes_a_page_that_explains_and_a_button(here: Shop, client: httpx.Client) -> None:
    customer = here.customer(locale="ca_ES")
    path = here.preferences_path(here.delivery(customer))
    page = client.get(f"{path}/delete").text
    assert "No es pot desfer" in page
    assert here.world.rows(select(schema.customers))
    assert "Les teves dades estan esborrades" in client.post(f"{path}/delete").text
    assert here.world.rows(select(schema.customers)) == []
    assert client.get(path).status_code == 404
    assert client.post(path + "/delete").status_code == 404
    (entry,) = here.app.audit.entries(f"customer:{customer}")
    assert (entry.actor, entry.action) == ("customer", "erased")


# Headers ----------------------------------------------------------------------------------------


def test_pages_leave_browsers_nothing_to_leak_or_keep(here: Shop, client: httpx.Client) -> None:
    answer = client.get(here.preferences_path(here.delivery(here.customer())))
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert "noindex" in answer.headers["x-robots-tag"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in answer.text
    style = client.get(re.search(r'href="(/pages/[^"]+\.css)"', answer.text)[1])  # type: ignore[index]
    assert style.headers["content-type"].startswith("text/css")
    assert here.app.catalog.brand().colours.primary in style.text
