"""What customers may see of themselves and have erased, over loopback, on both databases."""

from __future__ import annotations

from datetime import timedelta

import httpx
from sqlalchemy import select

from campaigns.domain.interaction import InteractionKind
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.learning import SqlLearning
from tests.pages_world import Shop


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


def test_whatever_a_customer_is_called_it_stays_text(here: Shop, client: httpx.Client) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(2)>'
    customer = here.customer(
        first_name=evil, last_name="{{ 7 * 7 }}", ref=evil, attributes={evil: evil}
    )
    path = here.preferences_path(here.delivery(customer))
    pages = [client.get(path), client.post(f"{path}/known"), client.get(f"{path}/delete")]
    for page in pages:
        assert page.status_code == 200
        assert "<script" not in page.text
        assert "<img src=x" not in page.text
    assert "&lt;script&gt;alert(1)" in pages[1].text
    assert "{{ 7 * 7 }}" in pages[1].text


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
