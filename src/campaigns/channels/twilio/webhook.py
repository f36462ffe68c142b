"""Twilio's webhooks, read: status callbacks and customers' messages (SMS, WhatsApp). Pure.

Twilio signs the public URL, query included, and the sorted form fields: HMAC-SHA1 under the
account's token, or HMAC-SHA256 under a SharedKey where X-Twilio-Webhooks-Signature-Settings says
so (twilio 9.13, November 2026). The SDK verifies; it is given the configured URL, never the one
that a proxy made of it. There is no moment in the signature, so a replay is told by its key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from campaigns.channels.twilio.errors import Verdict, meaning_of
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.provider_event import ProviderEvent, clean, delivery_id_of

SIGNATURE = "X-Twilio-Signature"
SETTINGS = "X-Twilio-Webhooks-Signature-Settings"
#: The query parameter that payload.callback_fields adds.
DELIVERY = "delivery"

_K = InteractionKind
_KINDS = {
    "accepted": _K.SENT,
    "scheduled": _K.SENT,
    "queued": _K.SENT,
    "sending": _K.SENT,
    "sent": _K.SENT,
    "delivered": _K.DELIVERED,
    "read": _K.OPENED,
    "undelivered": _K.BOUNCED,
    "failed": _K.FAILED,
    "canceled": _K.FAILED,
}
#: What Twilio itself acts on, whatever we do: https://help.twilio.com/articles/223134027. The
#: opt-out words of other languages are read where replies are (domain).
STOP = frozenset(["STOP", "STOPALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT", "REVOKE", "OPTOUT"])
#: Twilio takes YES too. Said in a conversation it means anything, so it lifts nothing here.
START = frozenset(["START", "UNSTOP"])
_WHATSAPP = "whatsapp:"
_LONGEST = 4_000

#: Form fields in the order they came; a name may come twice.
Form = Sequence[tuple[str, str]]


class CallbackSignature:
    """Verifies Twilio's signatures. `shared_key` is the SharedKey's secret, or empty."""

    def __init__(self, auth_token: str, shared_key: str = "") -> None:
        self._secrets = {"HMAC_SHA1": auth_token, "HMAC_SHA256": shared_key}

    def verify(self, headers: Mapping[str, str], url: str, form: Form) -> bool:
        """Whether Twilio sent this form to this public URL."""
        # The SDK's own imports nothing but the standard library.
        from twilio.request_validator import RequestValidator, get_signature_algorithm

        algorithm = get_signature_algorithm(headers.get(SETTINGS)).upper()
        secret = self._secrets.get(algorithm, "")
        if not secret:
            return False
        signature = headers.get(SIGNATURE, "")
        valid: bool = RequestValidator(secret).validate(url, _Fields(form), signature, algorithm)
        return valid


class _Fields(dict[str, Any]):
    """A form as the SDK reads one: a name may have several values."""

    def __init__(self, form: Form) -> None:
        super().__init__()
        for name, value in form:
            self.setdefault(name, []).append(value)

    def getlist(self, name: str) -> list[str]:
        """All values of a name."""
        values: list[str] = self[name]
        return values


def parse(form: Form, query: Mapping[str, str], *, now: datetime) -> list[ProviderEvent]:
    """The events of a verified form. Twilio tells no moment: `now` is when it reached us."""
    fields = dict(form)
    sid = clean(fields.get("MessageSid") or fields.get("SmsSid") or "", 40)
    if not sid:
        return []
    status = (fields.get("MessageStatus") or "").lower()
    if status in _KINDS:
        return _status(sid, status, fields, delivery_id_of(query.get(DELIVERY)), now)
    if "Body" in fields and fields.get("From"):
        return [_message(sid, fields, now)]
    return []


def _status(
    sid: str, status: str, fields: Mapping[str, str], delivery_id: int | None, now: datetime
) -> list[ProviderEvent]:
    channel, to = _channel_and_number(fields.get("To", ""))
    data: dict[str, str | int] = {}
    verdict = None
    code = fields.get("ErrorCode", "")
    kind = _KINDS[status]
    if kind in (_K.BOUNCED, _K.FAILED):
        data["status"] = status
        if code.isascii() and code.isdecimal() and int(code[:9]) > 0:
            meaning = meaning_of(int(code[:9]))
            data |= {"code": f"twilio:{int(code[:9])}", "reason": meaning.reason}
            verdict = meaning.verdict
    event = ProviderEvent(
        key=f"twilio:{sid}:{status}",
        kind=kind,
        at=now,
        channel=channel,
        delivery_id=delivery_id,
        provider_id=sid,
        address=to,
        dead_address=verdict is Verdict.INVALID_ADDRESS,
        data=data,
    )
    if verdict is not Verdict.OPTED_OUT:
        return [event]
    said = {"reason": meaning_of(21610).reason}
    opted_out = ProviderEvent(
        f"{event.key}:optout", _K.UNSUBSCRIBED, now, channel, delivery_id, sid, to, data=said
    )
    return [event, opted_out]


def _message(sid: str, fields: Mapping[str, str], now: datetime) -> ProviderEvent:
    channel, sender = _channel_and_number(fields["From"])
    text = clean(fields["Body"], _LONGEST)
    word = text.strip().upper()
    told = fields.get("OptOutType", "").upper()
    kind = _K.REPLIED
    if told == "STOP" or word in STOP:
        kind = _K.UNSUBSCRIBED
    elif told == "START" or word in START:
        kind = _K.RESUBSCRIBED
    data: dict[str, str | bool] = {"text": text}
    if told or (kind is _K.UNSUBSCRIBED and channel is Channel.SMS):
        data["answered"] = True  # Twilio has, and delivers nothing more
    return ProviderEvent(
        key=f"twilio:{sid}:received",
        kind=kind,
        at=now,
        channel=channel,
        provider_id=sid,
        address=sender,
        data=data,
    )


def _channel_and_number(address: str) -> tuple[Channel, str | None]:
    channel = Channel.WHATSAPP if address.startswith(_WHATSAPP) else Channel.SMS
    return channel, clean(address.removeprefix(_WHATSAPP), 40) or None
