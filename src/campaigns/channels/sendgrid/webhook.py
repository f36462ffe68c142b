"""SendGrid's signed event webhook, read. Pure.

It posts arrays of events, at least once, in any order, and tries again for 24 hours. The signature
is ECDSA (P-256, SHA-256) over the timestamp and the body's bytes, the line break at its end
included; vendor's vectors: tests/unit/channels/test_sendgrid_webhook.py.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from campaigns.domain.agent import is_crawler
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.provider_event import ProviderEvent, clean, delivery_id_of
from campaigns.errors import ConfigurationError

SIGNATURE = "X-Twilio-Email-Event-Webhook-Signature"
TIMESTAMP = "X-Twilio-Email-Event-Webhook-Timestamp"
#: SendGrid tries again for 24 hours and does not say whether it signs anew, so a younger limit
#: could lose events for good. Within it, a replay changes nothing: every event has its key.
OLDEST = timedelta(hours=25)
#: Clocks differ.
AHEAD = timedelta(minutes=10)

_K = InteractionKind
_KINDS = {
    "processed": _K.SENT,
    "deferred": _K.SENT,
    "delivered": _K.DELIVERED,
    "bounce": _K.BOUNCED,
    "dropped": _K.FAILED,
    "open": _K.OPENED,
    "click": _K.CLICKED,
    "spamreport": _K.COMPLAINED,
    "unsubscribe": _K.UNSUBSCRIBED,
    "group_unsubscribe": _K.UNSUBSCRIBED,
    "group_resubscribe": _K.RESUBSCRIBED,
}
#: Why SendGrid sends nothing to an address on its own lists.
_DEAD = frozenset({"Bounced Address", "Invalid"})
_OPTED_OUT = frozenset({"Unsubscribed Address", "Spam Reporting Address"})
_LONGEST_WORDS = 300


class EventSignature:
    """Verifies SendGrid's signatures with the account's verification key (base64 of its DER).

    Raises ConfigurationError when that is no such key.
    """

    def __init__(self, public_key: str) -> None:
        try:
            key = load_der_public_key(b64decode(public_key, validate=True))
        except ValueError as error:
            raise ConfigurationError(
                "CAMPAIGNS_SENDGRID_WEBHOOK_KEY is no verification key. Copy it from SendGrid: "
                "Settings, Mail Settings, Event Webhook, Signature Verification."
            ) from error
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise ConfigurationError("CAMPAIGNS_SENDGRID_WEBHOOK_KEY is no elliptic curve key.")
        self._key = key

    def verify(self, headers: Mapping[str, str], body: bytes, *, now: datetime) -> bool:
        """Whether SendGrid sent these bytes, and not long ago."""
        stamp = headers.get(TIMESTAMP, "")
        if not (stamp.isascii() and stamp.isdecimal() and len(stamp) < 12):
            return False
        age = now - datetime.fromtimestamp(int(stamp), UTC)
        if not -AHEAD <= age <= OLDEST:
            return False
        try:
            signature = b64decode(headers.get(SIGNATURE, ""), validate=True)
            self._key.verify(signature, stamp.encode() + body, ec.ECDSA(SHA256()))
        except (InvalidSignature, NotBase64, ValueError):
            return False
        return True


def parse(body: bytes, *, now: datetime) -> list[ProviderEvent]:
    """The events of a verified body. What is no event, or of no kind that concerns us, is left
    out; a body that is no JSON gives none: SendGrid would only send it again."""
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError:
        return []
    events: list[ProviderEvent] = []
    for item in raw if isinstance(raw, list) else [raw]:
        if isinstance(item, dict):
            events += _events(item, now)
    return events


def _events(raw: dict[str, Any], now: datetime) -> Iterator[ProviderEvent]:
    name = raw.get("event")
    kind = _KINDS.get(name) if isinstance(name, str) else None
    if kind is None:
        return
    reason = raw.get("reason")
    event = ProviderEvent(
        key=_key(raw, name),
        kind=kind,
        at=_moment(raw.get("timestamp"), now),
        channel=Channel.EMAIL,
        delivery_id=delivery_id_of(raw.get("delivery_id")),
        address=_text(raw.get("email"), 254),
        dead_address=_is_dead(name, raw.get("type"), reason),
        agent=_agent(kind, raw),
        data=_data(kind, raw),
    )
    yield event
    if name == "dropped" and reason in _OPTED_OUT:
        yield ProviderEvent(
            key=f"{event.key}:optout"[:80],
            kind=_K.COMPLAINED if reason == "Spam Reporting Address" else _K.UNSUBSCRIBED,
            at=event.at,
            channel=Channel.EMAIL,
            delivery_id=event.delivery_id,
            address=event.address,
            data={"reason": "SendGrid has this opt-out on its list"},
        )


def _key(raw: Mapping[str, Any], name: str | None) -> str:
    """Delivery, event and second: `sg_event_id` may change when an event is sent again. A click
    is told apart by its address too, since one second may hold two."""
    delivery = delivery_id_of(raw.get("delivery_id"))
    if delivery is None:
        told = f"{raw.get('sg_event_id')}|{raw.get('email')}|{name}|{raw.get('timestamp')}"
        return f"sendgrid:{_short(told)}"
    key = f"sendgrid:{delivery}:{name}:{clean(raw.get('timestamp'), 12)}"
    return f"{key}:{_short(str(raw['url']))}" if "url" in raw else key


def _short(text: str) -> str:
    return blake2b(text.encode(errors="replace"), digest_size=8).hexdigest()


def _moment(stamp: object, now: datetime) -> datetime:
    """An event from the future, or from before e-mail, happened now."""
    if isinstance(stamp, int) and 0 < stamp <= now.timestamp() + AHEAD.total_seconds():
        return datetime.fromtimestamp(stamp, UTC)
    return now


def _is_dead(name: str | None, kind: object, reason: object) -> bool:
    """`blocked` is a bounce for now (a full mailbox, a filter); others are for good."""
    if name == "bounce":
        return kind != "blocked"
    return name == "dropped" and reason in _DEAD


def _agent(kind: InteractionKind, raw: Mapping[str, Any]) -> Agent | None:
    """Our mails ask SendGrid to track nothing and carry links of our own, so a click that only
    SendGrid saw is never taken for a person's."""
    if kind not in (_K.OPENED, _K.CLICKED):
        return None
    if raw.get("sg_machine_open") or is_crawler(str(raw.get("useragent", ""))):
        return Agent.MACHINE
    return Agent.SUSPECT


def _data(kind: InteractionKind, raw: Mapping[str, Any]) -> dict[str, str]:
    """The reason of a failure. Never who or where: SendGrid tells IP addresses too."""
    if kind in (_K.BOUNCED, _K.FAILED):
        names = ("reason", "status", "type", "bounce_classification")
        return {n: clean(raw[n], _LONGEST_WORDS) for n in names if raw.get(n)}
    return {}


def _text(value: object, most: int) -> str | None:
    return clean(value, most) if isinstance(value, str) and value else None
