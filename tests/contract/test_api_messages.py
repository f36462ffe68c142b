"""The APIs over loopback, on both databases: what customers were told."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from campaigns.bootstrap.business import create_key
from campaigns.domain.api_key import Scope
from campaigns.domain.channel import Channel
from campaigns.domain.run import RunState
from campaigns.store import schema
from campaigns.store.clock import to_ms
from tests.contract.api_world import Clock, Shop
from tests.contract.store_world import NOW, release


def test_the_site_says_what_the_mail_said_with_its_release_and_facts(shop: Shop) -> None:
    anna = shop.world.customer(ref="c/1 \u00e9")
    until = NOW + timedelta(days=3)
    delivery = shop.told(anna, of=release(expires_at=until))
    (message,) = shop.messages(anna)
    assert message["parts"] == shop.app.message(delivery)
    assert message["parts"] == {"body": "Hello c/1 \u00e9, email en_GB."}
    assert message["release"] == shop.app.profiles.delivery(delivery).release_hash
    assert message["facts"]["price"]["written"] == "\u20ac20"
    assert (message["id"], message["channel"], message["locale"]) == (delivery, "email", "en_GB")
    assert datetime.fromisoformat(message["expires_at"]) == until


def test_the_site_never_speaks_first(shop: Shop) -> None:
    planned, writing = shop.world.customers(2)
    shop.world.planned([planned], of=release("one"))
    shop.world.sending([writing], of=release("two"))
    assert shop.messages(planned) == shop.messages(writing) == []


def test_a_message_ends_with_its_offer_with_its_run_and_after_thirty_days(
    shop: Shop, clock: Clock
) -> None:
    anna = shop.world.customer()
    ends = shop.told(anna, of=release("ends", expires_at=NOW + timedelta(days=1)))
    endless = shop.told(anna, of=release("endless"))
    assert [m["id"] for m in shop.messages(anna)] == [endless, ends]
    clock.time = NOW + timedelta(days=1)
    assert [m["id"] for m in shop.messages(anna)] == [endless]
    run = shop.app.profiles.delivery(endless).run_id
    clock.time = NOW + timedelta(days=31)
    assert shop.messages(anna) == []
    clock.time = NOW + timedelta(days=1)
    shop.app.runs.move(run, RunState.CANCELLED, now=NOW)
    assert shop.messages(anna) == []


@pytest.mark.parametrize("how", ["opted out", "suppressed", "paused"])
def test_who_may_not_be_told_any_more_is_not(shop: Shop, how: str) -> None:
    anna = shop.world.customer()
    shop.told(anna)
    assert len(shop.messages(anna)) == 1
    if how == "opted out":
        shop.world.execute(update(schema.standings).values(granted=False, at=to_ms(NOW)))
    elif how == "suppressed":
        shop.world.suppress(anna, Channel.EMAIL)
    else:
        pause = {"customer_id": anna, "paused_until": to_ms(NOW + timedelta(days=9))}
        shop.world.execute(schema.preferences.insert().values(**pause, updated_at=0))
    assert shop.messages(anna) == []


def test_words_that_cannot_be_proven_are_not_shown(shop: Shop) -> None:
    anna = shop.world.customer()
    shop.told(anna)
    shop.world.execute(update(schema.messages).values(slot_values='{"name": "Somebody"}'))
    assert shop.messages(anna) == []


def test_seen_is_kept_once_per_source_and_only_of_ones_own_messages(shop: Shop) -> None:
    anna, ben = shop.world.customers(2)
    delivery = shop.told(anna)
    path = f"/v1/customers/{shop.ref(anna)}/messages/{delivery}/seen"
    assert [shop.http.post(path).json()["new"] for _ in range(3)] == [True, False, False]
    _, secret = create_key(shop.app, "app", {Scope.EVENTS_WRITE}, by="Ana")
    other = shop.http.post(path, headers={"Authorization": f"Bearer {secret}"})
    assert other.json() == {"new": True}
    events = shop.app.profiles.show(anna).interactions
    assert [e.kind for e in events].count("seen") == 2
    (message,) = shop.messages(anna)
    assert datetime.fromisoformat(message["seen_at"]) == NOW
    not_his = f"/v1/customers/{shop.ref(ben)}/messages/{delivery}/seen"
    assert shop.http.post(not_his).status_code == 404
    assert shop.http.post(path.replace(str(delivery), str(2**70))).status_code == 404


def test_a_customer_who_is_none_has_no_messages(shop: Shop) -> None:
    for ref in ("nobody", "%00", "%ff", "a%2Fb", "x" * 81):
        assert shop.http.get(f"/v1/customers/{ref}/messages").status_code in {404, 422}


def test_the_document_tells_all_and_its_page_needs_nothing_from_elsewhere(shop: Shop) -> None:
    document = shop.http.get("/openapi.json", headers={"Authorization": ""}).json()
    assert sorted(document["paths"]) == [
        "/v1/customers/{ref}/messages",
        "/v1/customers/{ref}/messages/{message}/seen",
        "/v1/events",
    ]
    page = shop.http.get("/docs").text
    for path in document["paths"]:
        assert path in page
    assert "http://" not in page
    assert "https://" not in page
    assert "<script" not in page
