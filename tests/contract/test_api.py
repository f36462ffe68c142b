"""The APIs over loopback, on both databases: keys, and events that come in."""

from __future__ import annotations

import socket
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from campaigns.bootstrap.business import create_key, import_events
from campaigns.bootstrap.rights import erase
from campaigns.domain.api_key import Scope
from campaigns.domain.business_event import MOST_EVENTS
from campaigns.domain.channel import Channel
from campaigns.errors import FileError
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.persons import SqlPersons
from tests.contract.api_world import Shop
from tests.contract.store_world import NOW

AT = "2027-02-28T18:30:00+01:00"


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


def test_an_event_is_of_a_channel_only_where_it_happened_on_one(shop: Shop) -> None:
    anna = shop.world.customer(ref="c")
    shop.tell(purchase(), purchase("r-2", channel="sms"))
    channels = {i.channel for i in shop.app.profiles.show(anna).interactions}
    assert channels == {None, Channel.SMS}


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
