"""Requests that get past the door: schemathesis makes bodies, and they are signed as SendGrid,
Twilio and X sign theirs, or carry a customer's own link. What lies behind the signature must not
fail either, whatever a vendor or a customer's browser sends."""

from __future__ import annotations

import base64
import hmac
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
import requests
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, Phase, given, seed, settings

from campaigns.bootstrap.app import CLOCK, App
from campaigns.channels.sendgrid.webhook import SIGNATURE, TIMESTAMP
from campaigns.domain.channel import Channel
from campaigns.sandbox.config import SENDGRID_WEBHOOK_SEED, X_CONSUMER_SECRET
from campaigns.settings import Settings
from tests.contract.store_world import NOW, World
from tests.pages_world import ADDRESSES, ROOT, Shop
from tests.web_server import serving

schemathesis = pytest.importorskip(
    "schemathesis", reason="schemathesis is not installed: no requests to make"
)
KEY = ec.derive_private_key(int.from_bytes(SENDGRID_WEBHOOK_SEED.encode(), "big"), ec.SECP256R1())
PUBLIC = "https://news.example.com"
#: Requests per address, of each kind.
EXAMPLES = 20
JSON, FORM = "application/json", "application/x-www-form-urlencoded"
Signed = Callable[[requests.PreparedRequest], Mapping[str, str]]


def body_of(request: requests.PreparedRequest) -> bytes:
    body = request.body or b""
    return body if isinstance(body, bytes) else body.encode()


def by_sendgrid(request: requests.PreparedRequest) -> Mapping[str, str]:
    stamp = str(int(NOW.timestamp()))
    signature = KEY.sign(stamp.encode() + body_of(request), ec.ECDSA(SHA256()))
    return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: stamp}


def by_twilio(request: requests.PreparedRequest) -> Mapping[str, str]:
    fields: dict[str, set[str]] = {}
    for name, value in parse_qsl(body_of(request).decode(errors="replace"), True):
        fields.setdefault(name, set()).add(value)
    told = PUBLIC + request.path_url
    told += "".join(name + value for name in sorted(fields) for value in sorted(fields[name]))
    digest = hmac.digest(b"sandbox", told.encode(errors="replace"), "sha1")
    return {"X-Twilio-Signature": base64.b64encode(digest).decode()}


def by_x(request: requests.PreparedRequest) -> Mapping[str, str]:
    digest = hmac.digest(X_CONSUMER_SECRET.encode(), body_of(request), "sha256")
    return {"x-twitter-webhooks-signature": f"sha256={base64.b64encode(digest).decode()}"}


def by_nobody(_request: requests.PreparedRequest) -> Mapping[str, str]:
    return {}


SIGNED: dict[str, Signed] = {
    "/webhooks/sendgrid": by_sendgrid,
    "/webhooks/twilio": by_twilio,
    "/webhooks/x": by_x,
}


@dataclass
class Target:
    """The running app, what is real in it, and the document of what is asked of it."""

    url: str
    known: Mapping[str, str]
    schema: Any


@pytest.fixture
def target(database_url: str, tmp_path: Path) -> Iterator[Target]:
    place = Settings(
        _env_file=None, home=tmp_path, database_url=database_url, templates=ROOT / "templates"
    )
    # The message that the links come from is of this moment: old links open less.
    with App(place, replace(CLOCK, now=lambda: NOW)) as app:
        shop = Shop(app, World(app.database))
        delivery = shop.delivery(shop.customer(ref="c"))
        values = app.links.values(delivery)
        known = {
            "/p/": values["preferences_url"].rpartition("/")[2],
            "/u/": values["unsubscribe_url"].rpartition("/")[2],
            "/webhooks/": app.links.inbound_url.rpartition("/")[2],
        }
        with serving(app) as url:
            yield Target(url, known, schemathesis.openapi.from_dict(document(delivery)))


def either(*known: str) -> dict[str, Any]:
    """A value that means something, or any text."""
    return {"anyOf": [{"enum": list(known)}, {"type": "string"}]}


def thing(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*list(properties)[:2]]}


def document(delivery: int) -> dict[str, Any]:
    """What vendors and browsers send, loosely: each value may be right, or anything at all."""
    mail, phone, handle = (ADDRESSES[c] for c in (Channel.EMAIL, Channel.SMS, Channel.X_DM))
    event = thing(
        event=either(
            "delivered", "bounce", "dropped", "spamreport", "open", "click", "unsubscribe"
        ),
        timestamp={"anyOf": [{"type": "integer"}, {"type": "string"}]},
        email=either(mail, "stranger@example.com"),
        delivery_id=either(str(delivery), "0", "-1", "9" * 19),
        sg_event_id={"type": "string"},
        reason={"anyOf": [either("Unsubscribed Address", "Invalid"), {"type": "null"}]},
        type=either("blocked", "bounce"),
        url={"anyOf": [{"type": "string"}, {"type": "integer"}]},
    )
    text = thing(
        MessageSid=either("SM" + "0" * 32),
        From=either(phone, f"whatsapp:{phone}", "+447700900001"),
        To=either(phone, f"whatsapp:{phone}"),
        MessageStatus=either("sent", "delivered", "undelivered", "failed", "read", ""),
        ErrorCode=either("21610", "30005", "63016"),
        Body=either("STOP", "HELP", "START", "¿Tenéis la 38?"),
        OptOutType=either("STOP", "START"),
    )
    message = thing(
        type=either("message_create"),
        message_create=thing(
            sender_id=either("17"), message_data=thing(text=either("BAJA", "hola"))
        ),
        id={"type": "string"},
        created_timestamp=either("1790000000000"),
    )
    told = thing(
        direct_message_events={"type": "array", "items": message, "maxItems": 3},
        users=thing(**{"17": thing(screen_name=either(handle), id=either("17"))}),
        for_user_id=either("18"),
    )
    letter = thing(
        **{"from": either(mail, f"Ada <{mail}>")},
        text=either("no me escribáis más", "unsubscribe"),
        subject={"type": "string"},
        headers=either("Message-ID: <1@mail.example>\nReferences: <0@mail.example>"),
        html={"type": "string"},
    )
    choice = thing(
        shown={"enum": ["email:offers email:news sms:offers", "email:*", "x", ""]},
        locale={"enum": ["en_GB", "es_ES", "ca_ES", "xx"]},
        quiet_from=either("21:30", "24:00"),
        quiet_until=either("08:00"),
        weekly=either("1", "7", "0"),
        **{"to:email:offers": either("on"), "order:email": either("1"), "order:sms": either("2")},
    )
    bodies = {
        "/webhooks/sendgrid": (JSON, {"type": "array", "items": event, "maxItems": 5}),
        "/webhooks/twilio": (FORM, text),
        "/webhooks/x": (JSON, told),
        "/webhooks/sendgrid/inbound/{token}": (FORM, letter),
        "/p/{token}": (FORM, choice),
        "/p/{token}/pause": (FORM, thing()),
        "/p/{token}/resume": (FORM, thing()),
        "/p/{token}/known": (FORM, thing()),
        "/p/{token}/stop": (FORM, thing()),
        "/u/{token}": (FORM, thing(**{"List-Unsubscribe": either("One-Click")})),
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": "what comes in", "version": "1"},
        "paths": {path: {"post": operation(path, *body)} for path, body in bodies.items()},
    }


def operation(path: str, kind: str, schema: dict[str, Any]) -> dict[str, Any]:
    token = {"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}
    query = {"name": "delivery", "in": "query", "schema": {"type": "string"}}
    parameters = [token] if "{token}" in path else []
    parameters += [query] if path.endswith("/twilio") else []
    return {
        "parameters": parameters,
        "requestBody": {"required": True, "content": {kind: {"schema": schema}}},
        "responses": {"204": {"description": "on disk"}},
    }


def test_nothing_behind_a_signature_or_a_customers_link_fails(target: Target) -> None:
    answers: Counter[tuple[str, int]] = Counter()
    with requests.Session() as session:
        for found in target.schema.get_all_operations():
            send(target, session, found.ok(), answers)
    webhooks = {path for path, status in answers if status == 204}
    assert {*SIGNED, "/webhooks/sendgrid/inbound/{token}"} <= webhooks
    assert {status for path, status in answers if path in SIGNED} == {204}
    # The customers' own pages took what was sent, or said what was wrong with it.
    assert {(p, 200) for p in ("/p/{token}/known", "/u/{token}")} <= set(answers)
    assert any(path == "/p/{token}" and status < 400 for path, status in answers)


def send(
    target: Target, session: requests.Session, operation: Any, answers: Counter[tuple[str, int]]
) -> None:
    sign = SIGNED.get(operation.path, by_nobody)
    token = next((t for p, t in target.known.items() if operation.path.startswith(p)), "")

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(schemathesis.GenerationMode.POSITIVE))
    def one(case: Any) -> None:
        if "token" in case.path_parameters:
            case.path_parameters["token"] = token
        kwargs = case.as_transport_kwargs(base_url=target.url)
        request = requests.Request(**kwargs).prepare()
        request.headers.update(sign(request))
        answer = session.send(request, allow_redirects=False)
        answers[operation.path, answer.status_code] += 1
        assert answer.status_code < 500, case.as_curl_command()

    one()
