"""The providers' webhooks over loopback, on both databases: forged, replayed, early, broken."""

from __future__ import annotations

import base64
import hmac
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import text

from campaigns.bootstrap.app import App
from campaigns.channels.sendgrid.webhook import SIGNATURE, TIMESTAMP
from campaigns.domain.channel import Channel
from campaigns.errors import DatabaseError
from campaigns.sandbox.config import SENDGRID_WEBHOOK_SEED
from campaigns.store.evidence import SqlEvidence
from tests.contract.store_world import World
from tests.web_server import serving

PUBLIC = "https://news.example.com"
KEY = ec.derive_private_key(int.from_bytes(SENDGRID_WEBHOOK_SEED.encode(), "big"), ec.SECP256R1())


@pytest.fixture
def client(app: App) -> Iterator[httpx.Client]:
    with serving(app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture
def world(app: App) -> World:
    return World(app.database)


def post_events(client: httpx.Client, *events: Any, age: int = 0, **change: bytes) -> int:
    body = orjson.dumps(events) + b"\r\n"
    stamp = str(int(time.time()) - age)
    signature = base64.b64encode(KEY.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    headers = {SIGNATURE: signature, TIMESTAMP: stamp}
    return client.post(
        "/webhooks/sendgrid", content=change.get("body", body), headers=headers
    ).status_code


def post_form(client: httpx.Client, query: str, token: str = "sandbox", **form: str) -> int:
    told = f"{PUBLIC}/webhooks/twilio{query}" + "".join(k + form[k] for k in sorted(form))
    signature = base64.b64encode(hmac.digest(token.encode(), told.encode(), "sha1")).decode()
    return client.post(
        f"/webhooks/twilio{query}",
        content=urlencode(form),
        headers={
            "X-Twilio-Signature": signature,
            "Content-Type": "application/x-www-form-urlencoded",
        },
    ).status_code


def deliver(world: World, **more: Any) -> int:
    """A message on its way."""
    _, batch = world.sending([world.customer()], **more)
    return batch.items[0].delivery_id


def told(delivery: int, event: str = "delivered", **more: Any) -> dict[str, Any]:
    return {"event": event, "delivery_id": str(delivery), "timestamp": int(time.time()), **more}


def test_an_event_that_sendgrid_signed_is_on_the_profile(
    client: httpx.Client, world: World
) -> None:
    delivery = deliver(world)
    assert post_events(client, told(delivery, "processed"), told(delivery)) == 204
    row = world.delivery(delivery)
    assert (row.state, row.provider_state) == ("accepted", "delivered")


def test_what_is_forged_stale_or_changed_is_refused_and_changes_nothing(
    client: httpx.Client, world: World
) -> None:
    delivery = deliver(world)
    event = told(delivery)
    without_its_end = orjson.dumps([event])
    assert post_events(client, event, body=without_its_end) == 403
    assert post_events(client, event, age=26 * 3600) == 403
    assert client.post("/webhooks/sendgrid", json=[event]).status_code == 403
    assert post_form(client, f"?delivery={delivery}", "wrong", MessageSid="S", To="+1") == 403
    assert client.post("/webhooks/x", content=b"{}").status_code == 403
    assert client.post("/webhooks/sendgrid/inbound/guess").status_code == 403
    assert world.delivery(delivery).state == "sending"


def test_a_replay_of_forty_six_times_is_one_event(client: httpx.Client, world: World) -> None:
    delivery = deliver(world)
    event = told(delivery, "spamreport", email="c1@example.com")
    event["email"] = world.rows(text("SELECT address FROM messages"))[0].address
    for _ in range(46):
        assert post_events(client, event) == 204
    counts = [
        world.rows(text(f"SELECT count(*) AS n FROM {table}"))[0].n
        for table in ("interactions", "consents", "suppressions")
    ]
    assert counts == [2, 1, 1]  # `sent` and `complained`


def test_many_at_once_share_transactions_and_none_is_lost(
    client: httpx.Client, world: World
) -> None:
    _, batch = world.sending(world.customers(60))
    ids = [i.delivery_id for i in batch.items]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda i: post_events(client, told(i)), ids + ids))
    assert set(answers) == {204}
    assert world.sent() == sorted(ids)


def test_twilio_reports_over_the_public_address(client: httpx.Client, world: World) -> None:
    delivery = deliver(world)
    world.execute(text("UPDATE messages SET address = '+447700900123'"))
    form = {"MessageSid": "SM1", "To": "+447700900123", "From": "+447700900124"}
    query = f"?delivery={delivery}"
    assert post_form(client, query, **form, MessageStatus="delivered") == 204
    assert post_form(client, query, **form, MessageStatus="sent") == 204
    row = world.delivery(delivery)
    assert (row.state, row.provider_state, row.provider_id) == ("accepted", "delivered", "SM1")


def test_a_customers_text_and_mail_and_direct_message_are_replies(
    client: httpx.Client, world: World, app: App
) -> None:
    customer = world.customer(channels=[])
    world.address(customer, Channel.EMAIL, "ana@example.com")
    world.address(customer, Channel.SMS, "+447700900123")
    world.address(customer, Channel.X_DM, "demo_ana")
    assert post_form(client, "", MessageSid="SM1", From="+447700900123", Body="¿Hola?") == 204
    path = app.links.inbound_url.removeprefix(PUBLIC)
    mail = {"from": "Ana <ana@example.com>", "text": "Hi", "headers": "Message-ID: <1@x>"}
    for _ in range(2):
        files = {"attachment1": ("a.bin", b"\0" * 200_000)}
        assert client.post(path, data=mail, files=files).status_code == 204
    message = {
        "type": "message_create",
        "id": "1",
        "created_timestamp": str(int(time.time() * 1000)),
        "message_create": {"sender_id": "2", "message_data": {"text": "Hey"}},
    }
    users = {"2": {"screen_name": "Demo_Ana"}}
    body = orjson.dumps({"direct_message_events": [message], "users": users})
    digest = hmac.digest(b"sandbox-consumer-secret", body, "sha256")
    headers = {"x-twitter-webhooks-signature": f"sha256={base64.b64encode(digest).decode()}"}
    assert client.post("/webhooks/x", content=body, headers=headers).status_code == 204
    rows = world.rows(text("SELECT channel, kind FROM interactions ORDER BY channel"))
    assert [tuple(r) for r in rows] == [(c, "replied") for c in ("email", "sms", "x_dm")]


def test_a_mail_that_cannot_be_read_is_taken_since_a_refusal_would_lose_it(
    client: httpx.Client, app: App
) -> None:
    path = app.links.inbound_url.removeprefix(PUBLIC)
    for kind in ("multipart/form-data; boundary=x", "multipart/form-data", "text/plain", ""):
        answer = client.post(path, content=b"--x\r\nbroken", headers={"Content-Type": kind})
        assert answer.status_code == 204


def test_xs_challenge_is_answered_but_signs_no_event_of_somebody_elses(
    client: httpx.Client,
) -> None:
    digest = hmac.digest(b"sandbox-consumer-secret", b"abc-1", "sha256")
    answer = client.get("/webhooks/x", params={"crc_token": "abc-1"})
    assert answer.json() == {"response_token": f"sha256={base64.b64encode(digest).decode()}"}
    for token in ('{"direct_message_events": []}', "", "x" * 300):
        assert client.get("/webhooks/x", params={"crc_token": token}).status_code == 403


def test_while_the_database_does_not_answer_the_provider_is_told_to_come_back(
    client: httpx.Client, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivery = deliver(world)

    def gone(*_: object, **__: object) -> None:
        raise DatabaseError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(SqlEvidence, "record", gone)
        assert post_events(client, told(delivery)) == 503
    assert post_events(client, told(delivery)) == 204


@pytest.mark.parametrize(
    "body",
    [b"", b"\r\n", b"null", b"[[]]", b'[{"event": {}}]', b'{"event": "bounce"}', b"\xff\xfe"],
)
def test_whatever_is_signed_is_answered_with_204(client: httpx.Client, body: bytes) -> None:
    stamp = str(int(time.time()))
    signature = base64.b64encode(KEY.sign(stamp.encode() + body, ec.ECDSA(SHA256()))).decode()
    headers = {SIGNATURE: signature, TIMESTAMP: stamp}
    assert client.post("/webhooks/sendgrid", content=body, headers=headers).status_code == 204


def test_headers_of_any_kind_are_no_reason_to_fail(client: httpx.Client) -> None:
    for value in ("", "é", "=", "A" * 5_000, "sha256="):
        raw = value.encode("utf-8")
        for name in (SIGNATURE, TIMESTAMP, "X-Twilio-Signature", "x-twitter-webhooks-signature"):
            for path in ("sendgrid", "twilio", "x"):
                answer = client.post(
                    f"/webhooks/{path}",
                    headers=[(name.encode(), raw), (b"x", b"y")],
                    content=b"a=b",
                )
                assert answer.status_code == 403
