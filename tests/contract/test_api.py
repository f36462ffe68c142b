"""The APIs for the rest of the business, over loopback, on both databases."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, update

from campaigns.bootstrap.app import CLOCK, App
from campaigns.bootstrap.business import create_key, import_events
from campaigns.bootstrap.rights import erase
from campaigns.domain.api_key import Scope
from campaigns.domain.business_event import MOST_EVENTS
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted
from campaigns.domain.message import message_hash
from campaigns.domain.run import RunState
from campaigns.errors import FileError
from campaigns.settings import Settings
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.persons import SqlPersons
from tests.contract.store_world import NOW, World, release
from tests.web_server import serving

AT = "2027-02-28T18:30:00+01:00"


@dataclass
class Shop:
    """A public app, its database, and a program with a key."""

    app: App
    world: World
    http: httpx.Client

    def tell(self, *events: Any) -> Any:
        answer = self.http.post("/v1/events", json=list(events))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def results(self, *events: Any) -> list[str]:
        return [r["result"] for r in self.tell(*events)["results"]]

    def reason(self, event: Any) -> str:
        """Why the one event was refused."""
        (result,) = self.tell(event)["results"]
        assert result["result"] == "refused"
        return str(result["reason"])

    def kept(self) -> list[Any]:
        i = schema.interactions.c
        return self.world.rows(
            select(i.customer_id, i.kind, i.at, i.data)
            .where(i.source_key.startswith("event:"))
            .order_by(i.id)
        )

    def told(self, customer: int, **more: Any) -> int:
        """A customer who has been sent a message; the delivery's number."""
        run, batch = self.world.sending([customer], **more)
        (item,) = batch.items
        self.world.settle(batch, Accepted("provider-1"))
        skeleton = self.app.releases.load(run.release_hash).skeleton(batch.channel, "en_GB")
        hashed = message_hash(skeleton.hash, {"name": item.ref})
        self.world.execute(update(schema.messages).values(hash=hashed))
        return item.delivery_id

    def messages(self, customer: int) -> list[dict[str, Any]]:
        answer = self.http.get(f"/v1/customers/{self.ref(customer)}/messages")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["messages"]
        return found

    def ref(self, customer: int) -> str:
        return str(self.app.profiles.show(customer).ref)


class Clock:
    """The app's time, moved by hand."""

    def __init__(self) -> None:
        self.time = NOW

    def __call__(self) -> datetime:
        return self.time


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def shop(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Shop]:
    settings = Settings(_env_file=None, home=tmp_path, database_url=database_url)
    with App(settings, replace(CLOCK, now=clock)) as app:
        _, secret = create_key(app, "till", set(Scope), by="Ana")
        headers = {"Authorization": f"Bearer {secret}"}
        with serving(app) as url, httpx.Client(base_url=url, headers=headers) as client:
            yield Shop(app, World(app.database), client)


def purchase(id_: str = "r-1", **changed: Any) -> dict[str, Any]:
    known = {"id": id_, "kind": "purchased", "at": AT, "customer": {"ref": "c"}}
    return known | changed


# Keys ---------------------------------------------------------------------------------------------


def test_without_a_key_nothing_opens(shop: Shop) -> None:
    for header in ("", "Bearer", "Bearer campaigns_no", "Basic eDp5", "Bearer campaigns_\xff"):
        answer = shop.http.post(
            "/v1/events", content=b"[]", headers={b"Authorization": header.encode("latin-1")}
        )
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
        assert "error" in answer.json()


def test_a_key_opens_what_its_scopes_say_and_nothing_once_it_is_revoked(shop: Shop) -> None:
    number, secret = create_key(shop.app, "web", {Scope.MESSAGES_READ}, by="Ana")
    headers = {"Authorization": f"Bearer {secret}"}
    assert shop.http.post("/v1/events", content=b"[]", headers=headers).status_code == 403
    path = "/v1/customers/nobody/messages"
    assert shop.http.get(path, headers=headers).status_code == 404
    shop.app.api_keys.revoke(number, by="Ben", now=NOW)
    assert shop.http.get(path, headers=headers).status_code == 401
    said = [(e.action, e.actor) for e in shop.app.audit.entries(f"key:{number}")]
    assert said == [("revoked", "Ben"), ("created", "Ana")]


def test_the_secret_of_a_key_is_kept_nowhere(shop: Shop) -> None:
    _, secret = create_key(shop.app, "web", {Scope.MESSAGES_READ}, by="Ana")
    rows = shop.world.rows(select(schema.api_keys)) + shop.world.rows(select(schema.audit))
    assert secret.removeprefix("campaigns_") not in repr(rows)


# Events -------------------------------------------------------------------------------------------


def test_each_event_is_answered_for_itself_and_told_again_changes_nothing(shop: Shop) -> None:
    anna = shop.world.customer(ref="c")
    events = (
        purchase(amount=49.9, currency="EUR", data={"shop": "Girona"}),
        purchase("r-2", customer={"ref": "nobody"}),
        {"id": "r-3"},
        "no event",
    )
    assert shop.results(*events) == ["accepted", "refused", "refused", "refused"]
    assert shop.results(*events) == ["duplicate", "refused", "refused", "refused"]
    assert [tuple(row) for row in shop.kept()] == [
        (
            anna,
            "purchased",
            to_ms(datetime.fromisoformat(AT)),
            {"amount": 49.9, "currency": "EUR", "shop": "Girona", "source": "till"},
        )
    ]
    assert shop.app.profiles.show(anna).last_purchase_at == datetime.fromisoformat(AT)


def test_an_event_twice_in_one_request_counts_once(shop: Shop) -> None:
    shop.world.customer(ref="c")
    assert shop.results(purchase(), purchase()) == ["accepted", "duplicate"]


def test_an_id_that_was_used_for_something_else_is_refused_and_not_lost_in_silence(
    shop: Shop,
) -> None:
    shop.world.customer(ref="c")
    shop.world.customer(ref="d")
    paid = {"amount": 20, "currency": "EUR"}
    assert shop.results(purchase(**paid)) == ["accepted"]
    for changed in ({**paid, "amount": 30}, {**paid, "customer": {"ref": "d"}}, {}):
        assert shop.reason(purchase(**changed)) == "id: another event of this source has this id"
    assert shop.results(purchase("r-9"), purchase("r-9", kind="called")) == ["accepted", "refused"]


def test_two_sources_may_use_the_same_ids(shop: Shop) -> None:
    shop.world.customer(ref="c")
    _, secret = create_key(shop.app, "web", {Scope.EVENTS_WRITE}, by="Ana")
    assert shop.results(purchase()) == ["accepted"]
    shop.http.headers["Authorization"] = f"Bearer {secret}"
    assert shop.results(purchase()) == ["accepted"]


def test_a_customer_is_found_by_ref_address_or_a_ref_of_before_a_merge(shop: Shop) -> None:
    first, second = shop.world.customer(ref="c"), shop.world.customer(ref="d")
    shop.world.address(first, Channel.SMS, "+34600000001")
    shop.world.address(first, Channel.X_DM, "demo_anna")
    SqlPersons(shop.app.database).merge(first, second, by="Ana", why="", now=NOW)
    by = [{"ref": "c"}, {"ref": "d"}, {"phone": "+34 600 00 00 01"}, {"handle": "@Demo_Anna"}]
    events = [purchase(f"r-{n}", customer=who) for n, who in enumerate(by)]
    assert shop.results(*events) == ["accepted"] * 4
    assert {row.customer_id for row in shop.kept()} == {first}


def test_an_address_that_two_customers_share_names_neither(shop: Shop) -> None:
    for ref in ("c", "d"):
        shop.world.address(shop.world.customer(ref=ref, channels=()), Channel.SMS, "+34600000001")
    reason = shop.reason(purchase(customer={"phone": "+34600000001"}))
    assert reason == "customer: several customers have this; name one by ref"


def test_nothing_is_written_about_who_was_erased(shop: Shop) -> None:
    anna = shop.world.customer(ref="c")
    assert shop.results(purchase()) == ["accepted"]
    erase(shop.app, anna, by="Ana", why="asked")
    assert shop.reason(purchase()).startswith("customer: nobody here has this")
    assert shop.kept() == []


def test_a_wrong_event_is_refused_with_its_field_and_keeps_no_other_out(shop: Shop) -> None:
    shop.world.customer(ref="c")
    answer = shop.tell(
        purchase(customer={"phone": "600"}), purchase(data={"a": "x\0"}), purchase("good")
    )
    phone, nul, good = answer["results"]
    assert phone["reason"] == "customer.phone: it is not one that exists"
    assert nul["reason"] == "data.a: it holds a NUL"
    assert (good["result"], answer["accepted"], answer["refused"]) == ("accepted", 1, 2)


def test_only_what_happened_on_a_channel_counts_as_its_use(shop: Shop) -> None:
    anna = shop.world.customer(ref="c")
    shop.tell(purchase(), purchase("r-2", channel="sms"), purchase("r-3", kind="visited"))
    assert [(u.channel, u.uses) for u in shop.app.profiles.show(anna).uses] == [(Channel.SMS, 1)]


def test_a_body_that_is_no_array_is_refused_as_a_whole(shop: Shop) -> None:
    for body in (b"", b"{", b"{}", b"\xff", b"1", b"[" * 100_000):
        assert shop.http.post("/v1/events", content=body).status_code == 422


def test_a_request_holds_so_many_events_and_bytes_and_no_more(shop: Shop) -> None:
    shop.world.customer(ref="c")
    most = [purchase(f"r-{n}") for n in range(MOST_EVENTS)]
    assert shop.tell(*most)["accepted"] == MOST_EVENTS
    assert shop.http.post("/v1/events", json=[*most, most[0]]).status_code == 422
    length = 1024 * 1024 + 1
    with socket.create_connection((shop.http.base_url.host, shop.http.base_url.port or 0)) as raw:
        raw.sendall(
            f"POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n".encode()
        )
        assert raw.recv(100).startswith(b"HTTP/1.1 413 ")


# Files --------------------------------------------------------------------------------------------


def test_a_file_brings_the_same_events_in_and_reports_refused_rows_by_line(
    shop: Shop, tmp_path: Path
) -> None:
    anna = shop.world.customer(ref="c")
    file = tmp_path / "receipts.csv"
    file.write_text(
        "id,kind,at,ref,phone,amount,currency,Shop No.\n"
        f"r-1,purchased,{AT},c,,49.90,EUR,7\n"
        f"r-2,purchased,{AT},,600,,,\n"
        "\n"
        f"r-3,purchased,{AT}\n"
        f"r-4,bought,{AT},c,,,,\n",
        encoding="utf-8",
    )
    report = import_events(shop.app, file, "till")
    assert (report.accepted, report.duplicate, report.refused) == (1, 0, 3)
    assert report.report is not None
    lines = report.report.read_text(encoding="utf-8-sig").splitlines()[1:]
    assert sorted(line.split(",")[0] for line in lines) == ["3", "5", "6"]
    assert any("customer.phone: it is not one that exists" in line for line in lines)
    same = purchase(amount=49.9, currency="EUR", data={"shop_no": "7"})
    assert shop.results(same) == ["duplicate"]
    assert [row.customer_id for row in shop.kept()] == [anna]
    assert import_events(shop.app, file, "till").duplicate == 1


def test_a_parquet_file_does_as_well(shop: Shop, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    shop.world.customer(ref="c")
    file = tmp_path / "visits.parquet"
    at = [datetime.fromisoformat(AT)]
    columns = {"id": ["v-1"], "kind": ["visited"], "at": at, "ref": ["c"], "amount": [None]}
    pq.write_table(pa.table(columns), file)
    assert import_events(shop.app, file, "till").accepted == 1
    (row,) = shop.kept()
    assert (row.kind, row.at) == ("visited", to_ms(at[0]))


def test_a_file_without_its_columns_is_refused_as_a_whole(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "receipts.csv"
    file.write_text("id,at,name\n1,2,3\n", encoding="utf-8")
    with pytest.raises(FileError, match="no column `kind`, one of `ref`"):
        import_events(shop.app, file, "till")


# Messages -----------------------------------------------------------------------------------------


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
