"""Twilio's and X's webhooks, read: the vendors' own vectors, kinds and keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.twilio.webhook import SETTINGS, SIGNATURE, CallbackSignature, parse
from campaigns.channels.x import webhook as x
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import InteractionKind
from tests.shared import shared

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
K = InteractionKind
URL = "https://news.example.com/webhooks/twilio?delivery=7"


def test_the_vendors_own_signatures_verify() -> None:
    vectors = json.loads(shared("specs/signatures/twilio_request_validator.json").read_text())
    signature = CallbackSignature(vectors["token"])
    checked = 0
    for case in vectors["cases"]:
        if case["op"] not in {"compute", "validate"} or "body" in case:
            continue
        form = [tuple(p) for p in case.get("params_list", [])] or list(case["params"].items())
        headers = {SIGNATURE: case["signature"]}
        assert signature.verify(headers, case["url"], form), case["name"]
        assert not signature.verify(headers, case["url"], [*form, ("More", "1")])
        assert not signature.verify(headers, case["url"].replace("foo=1", "foo=2"), form)
        checked += 1
    assert checked >= 6


def signed(secret: str, form: list[tuple[str, str]], how: str) -> str:
    told = URL + "".join(k + v for k, v in sorted(form))
    return base64.b64encode(hmac.digest(secret.encode(), told.encode(), how)).decode()


def test_a_shared_keys_signature_is_verified_under_that_key_alone() -> None:
    form = [("MessageSid", "SM1"), ("MessageStatus", "sent")]
    headers = {SIGNATURE: signed("shared", form, "sha256"), SETTINGS: "key=k,algorithm=HMAC_SHA256"}
    assert CallbackSignature("token", "shared").verify(headers, URL, form)
    assert not CallbackSignature("token").verify(headers, URL, form)
    assert not CallbackSignature("shared").verify(headers, URL, form)
    for settings in ("algorithm=NONE", "algorithm=", "key"):
        assert not CallbackSignature("", "shared").verify(headers | {SETTINGS: settings}, URL, form)


@pytest.mark.parametrize(
    ("status", "code", "kinds", "dead"),
    [
        ("queued", "", [K.SENT], False),
        ("sent", "", [K.SENT], False),
        ("delivered", "", [K.DELIVERED], False),
        ("read", "", [K.OPENED], False),
        ("undelivered", "30005", [K.BOUNCED], True),
        ("undelivered", "30003", [K.BOUNCED], False),
        ("failed", "21610", [K.FAILED, K.UNSUBSCRIBED], False),
        ("failed", "x", [K.FAILED], False),
        ("unheard_of", "", [], False),
    ],
)
def test_each_status_has_its_meaning(status: str, code: str, kinds: list[K], dead: bool) -> None:
    form = [("MessageSid", "SM1"), ("MessageStatus", status), ("ErrorCode", code)]
    events = parse([*form, ("To", "whatsapp:+447700900123")], {"delivery": "7"}, now=NOW)
    assert [e.kind for e in events] == kinds
    assert any(e.dead_address for e in events) is dead
    for event in events:
        assert (event.delivery_id, event.provider_id) == (7, "SM1")
        assert (event.channel, event.address) == (Channel.WHATSAPP, "+447700900123")


@pytest.mark.parametrize(
    ("body", "told", "kind"),
    [
        ("Is it open?", "", K.REPLIED),
        ("stop ", "", K.UNSUBSCRIBED),
        ("Basta", "STOP", K.UNSUBSCRIBED),
        ("START", "", K.RESUBSCRIBED),
        ("yes", "", K.REPLIED),
        ("HELP", "HELP", K.REPLIED),
    ],
)
def test_a_customers_message_is_a_reply_or_a_wish(body: str, told: str, kind: K) -> None:
    form = [("MessageSid", "SM2"), ("From", "+447700900123"), ("Body", body), ("OptOutType", told)]
    (event,) = parse([*form, ("SmsStatus", "received")], {}, now=NOW)
    assert (event.kind, event.channel, event.address) == (kind, Channel.SMS, "+447700900123")
    assert event.data["text"] == body
    # Twilio answers its own words itself; START it only counts.
    assert ("answered" in event.data) is (told != "" or kind is K.UNSUBSCRIBED)


NAMES = st.sampled_from(["MessageSid", "MessageStatus", "ErrorCode", "From", "To", "Body"])


@given(st.lists(st.tuples(NAMES, st.text(max_size=9))), st.text(max_size=9))
def test_whatever_form_comes_it_is_read_or_left_out(
    form: list[tuple[str, str]], delivery: str
) -> None:
    for event in parse(form, {"delivery": delivery}, now=NOW):
        assert len(event.key) <= 80


def test_xs_challenge_is_answered_as_its_documentation_shows() -> None:
    digest = hmac.new(b"secret", b"challenge", hashlib.sha256).digest()
    assert (
        x.challenge_answer("secret", "challenge") == f"sha256={base64.b64encode(digest).decode()}"
    )


def direct_message(sender: str = "2", **more: Any) -> bytes:
    message = {
        "type": "message_create",
        "id": "111",
        "created_timestamp": str(int(NOW.timestamp() * 1000)),
        "message_create": {"sender_id": sender, "message_data": {"text": "Hello"}},
    }
    users = {"1": {"screen_name": "demo_brand"}, "2": {"screen_name": "demo_ana"}}
    return orjson.dumps(
        {"for_user_id": "1", "direct_message_events": [message | more], "users": users}
    )


def test_a_direct_message_is_a_reply_and_our_own_is_none() -> None:
    body = direct_message()
    headers = {x.SIGNATURE: x.challenge_answer("secret", body.decode())}
    assert x.verify("secret", headers, body)
    assert not x.verify("secret", headers, body + b" ")
    assert not x.verify("", {x.SIGNATURE: x.challenge_answer("", "")}, b"")
    (event,) = x.parse(body, now=NOW)
    assert (event.key, event.address, event.at) == ("x:111", "demo_ana", NOW)
    assert x.parse(direct_message(sender="1"), now=NOW) == []
    assert x.parse(direct_message(created_timestamp="1600000000000"), now=NOW) == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"direct_message_events": [1], "users": {}}'])
def test_whatever_x_tells_it_is_read_or_left_out(body: bytes) -> None:
    assert x.parse(body, now=NOW) == []
