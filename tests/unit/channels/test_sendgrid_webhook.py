"""SendGrid's events and mails, read: the vendor's own signed payloads, and its traps."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.channels.sendgrid import inbound
from campaigns.channels.sendgrid.webhook import SIGNATURE, TIMESTAMP, EventSignature, parse
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.errors import ConfigurationError
from tests.shared import shared

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
K = InteractionKind


def vectors() -> list[dict[str, Any]]:
    path = shared("specs/signatures/sendgrid_event_webhook.json")
    cases: list[dict[str, Any]] = json.loads(path.read_text())["cases"]
    return cases


def test_the_vendors_own_payloads_verify_and_its_forgeries_do_not() -> None:
    for case in vectors():
        headers = {SIGNATURE: case["signature"], TIMESTAMP: case["timestamp"]}
        now = datetime.fromtimestamp(1600112502, UTC)
        verified = EventSignature(case["public_key"]).verify(
            headers, case["payload"].encode(), now=now
        )
        assert verified is case["valid"], case["name"]


@pytest.mark.parametrize(
    ("after", "valid"),
    [(timedelta(hours=24), True), (timedelta(hours=26), False), (-timedelta(hours=1), False)],
)
def test_a_signature_has_an_age(after: timedelta, valid: bool) -> None:
    case = next(c for c in vectors() if c["name"] == "valid")
    headers = {SIGNATURE: case["signature"], TIMESTAMP: case["timestamp"]}
    now = datetime.fromtimestamp(int(case["timestamp"]), UTC) + after
    verify = EventSignature(case["public_key"]).verify
    assert verify(headers, case["payload"].encode(), now=now) is valid


def test_a_key_that_is_none_is_told_by_its_setting() -> None:
    with pytest.raises(ConfigurationError, match="CAMPAIGNS_SENDGRID_WEBHOOK_KEY"):
        EventSignature("no key")


def one(**raw: Any) -> Any:
    raw = {"email": "ana@example.com", "timestamp": int(NOW.timestamp()), "delivery_id": "7", **raw}
    return parse(orjson.dumps([raw]), now=NOW)


@pytest.mark.parametrize(
    ("raw", "kind", "dead", "agent"),
    [
        ({"event": "processed"}, K.SENT, False, None),
        ({"event": "deferred"}, K.SENT, False, None),
        ({"event": "delivered"}, K.DELIVERED, False, None),
        ({"event": "bounce", "type": "bounce"}, K.BOUNCED, True, None),
        ({"event": "bounce", "type": "blocked"}, K.BOUNCED, False, None),
        ({"event": "dropped", "reason": "Bounced Address"}, K.FAILED, True, None),
        ({"event": "dropped", "reason": "Spam Content"}, K.FAILED, False, None),
        ({"event": "spamreport"}, K.COMPLAINED, False, None),
        ({"event": "group_unsubscribe"}, K.UNSUBSCRIBED, False, None),
        ({"event": "open", "sg_machine_open": True}, K.OPENED, False, Agent.MACHINE),
        ({"event": "open", "useragent": "Googlebot/2.1"}, K.OPENED, False, Agent.MACHINE),
        ({"event": "click", "url": "https://x.example"}, K.CLICKED, False, Agent.SUSPECT),
    ],
)
def test_each_event_has_its_meaning(
    raw: dict[str, Any], kind: K, dead: bool, agent: Agent | None
) -> None:
    (event,) = one(**raw)
    assert (event.kind, event.dead_address, event.agent) == (kind, dead, agent)
    assert (event.delivery_id, event.at) == (7, NOW)


def test_an_event_sent_again_under_another_id_has_the_same_key() -> None:
    (first,), (again,) = (one(event="delivered", sg_event_id=i) for i in ("a", "b"))
    assert first.key == again.key


def test_an_address_on_sendgrids_own_list_is_an_opt_out() -> None:
    kinds = [e.kind for e in one(event="dropped", reason="Unsubscribed Address")]
    assert kinds == [K.FAILED, K.UNSUBSCRIBED]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)
NAMES = ("event", "timestamp", "delivery_id", "email", "reason", "type", "url", "useragent")


@given(
    st.lists(
        st.dictionaries(st.sampled_from(NAMES), json_values)
        | st.fixed_dictionaries({"event": st.sampled_from(["click", "bounce", "dropped"])})
    )
    | json_values
)
def test_whatever_is_posted_is_read_or_left_out(raw: Any) -> None:
    for event in parse(orjson.dumps(raw), now=NOW):
        assert len(event.key) <= 80
        assert "\0" not in event.key + (event.address or "")


def test_what_is_no_json_gives_no_events() -> None:
    assert parse(b"\xff{", now=NOW) == []


def mail(**fields: str) -> Any:
    return inbound.parse({"from": "Ana <ana@example.com>", "text": "Hi!", **fields}, now=NOW)


def test_a_mail_is_a_reply_of_its_sender() -> None:
    event = mail(subject="Re: Spring", headers="Message-ID: <1@example.com>\nDate: nonsense")
    assert (event.kind, event.address, event.at) == (K.REPLIED, "ana@example.com", NOW)
    told = {"text": "Hi!", "subject": "Re: Spring", "message_id": "<1@example.com>"}
    assert event.data == told
    again = mail(subject="Re: Spring", headers="Message-ID: <1@example.com>", SPF="pass")
    assert again.key == event.key != mail(headers="Message-ID: <2@example.com>").key


@pytest.mark.parametrize(
    "line", ["Auto-Submitted: auto-replied", "Precedence: bulk", "X-Autoreply: yes"]
)
def test_an_absence_note_is_no_answer_of_a_person(line: str) -> None:
    assert mail(headers=f"Subject: Away\n{line}\n").agent is Agent.MACHINE
    assert mail(headers="Auto-Submitted: no\n").agent is None


def test_a_mail_without_text_is_read_from_its_html() -> None:
    event = mail(text="", html="<style>p {}</style><p>Yes &amp; no</p>")
    assert event.data["text"] == "Yes & no"


@given(st.dictionaries(st.sampled_from(["from", "text", "html", "headers", "subject"]), st.text()))
def test_whatever_a_mail_holds_it_is_read(fields: dict[str, str]) -> None:
    event = inbound.parse(fields, now=NOW)
    assert event is None or "\0" not in str(event.data.values())
