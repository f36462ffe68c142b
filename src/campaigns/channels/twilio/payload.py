"""What we ask Twilio to send. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import orjson

from campaigns.channels.twilio.template import Template
from campaigns.domain.delivery import Envelope, Rejected
from campaigns.domain.message import Skeleton, fill_part

#: Twilio's limit of `Body`, in characters (not in its OpenAPI file).
LONGEST_BODY = 1600
#: Twilio's most for `ValidityPeriod`, in seconds.
LONGEST_VALIDITY = 36_000
#: WhatsApp's customer service window: after the customer's last message, anything may be said.
WINDOW = timedelta(hours=24)
#: The window closes while a message is on its way; the last minute counts as closed.
_WINDOW_MARGIN = timedelta(minutes=1)

Fields = dict[str, str | int]


def sender_fields(sender: Mapping[str, str], *, prefix: str = "") -> Fields:
    """Who it is from: a messaging service, or one number. `prefix` is `whatsapp:` there."""
    fields: Fields = {}
    if service := sender.get("messaging_service"):
        fields["messaging_service_sid"] = service
    elif number := sender.get("from"):
        fields["from_"] = _prefixed(number, prefix)
    return fields


def validity_fields(
    sender: Mapping[str, str], valid_until: datetime | None, now: datetime
) -> Fields:
    """How long Twilio may keep trying: until quiet hours begin or the offer ends, so that it drops
    the message rather than delivers it at night. Its own default, 10 h, can cross 21:00."""
    longest = int(sender.get("validity_seconds", LONGEST_VALIDITY))
    if valid_until is None:
        return {"validity_period": longest} if "validity_seconds" in sender else {}
    left = int((valid_until - now).total_seconds())
    return {"validity_period": max(1, min(left, longest))}


def callback_fields(callback_url: str | None, delivery_id: int) -> Fields:
    """Where Twilio reports to. It takes no key of ours, so the delivery's id travels in the query,
    which Twilio's signature covers."""
    if callback_url is None:
        return {}
    joint = "&" if "?" in callback_url else "?"
    return {"status_callback": f"{callback_url}{joint}delivery={delivery_id}"}


def text_fields(skeleton: Skeleton, envelope: Envelope) -> Fields | Rejected:
    """The text itself, or why it cannot go."""
    body = fill_part(skeleton.parts["body"], envelope.values)
    if len(body) > LONGEST_BODY:
        return Rejected(
            "twilio:length", f"the text has {len(body):,} characters; Twilio takes {LONGEST_BODY:,}"
        )
    return {"body": body}


def template_fields(template: Template, content_sid: str, envelope: Envelope) -> Fields:
    """An approved template and this customer's values for it."""
    fields: Fields = {"content_sid": content_sid}
    if template.holes:
        fields["content_variables"] = orjson.dumps(template.values(envelope.values)).decode()
    return fields


def to_whatsapp(number: str) -> str:
    """The address of a number on WhatsApp."""
    return _prefixed(number, "whatsapp:")


def in_window(last_inbound_at: datetime | None, now: datetime) -> bool:
    """Whether the customer wrote to us within WhatsApp's window."""
    return last_inbound_at is not None and now - last_inbound_at < WINDOW - _WINDOW_MARGIN


def _prefixed(number: str, prefix: str) -> str:
    return number if number.startswith(prefix) else prefix + number
