"""What Twilio refuses at once when a message is created."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import urlsplit

import orjson

from campaigns.sandbox import phones
from campaigns.sandbox.config import SandboxConfig
from campaigns.sandbox.twilio_content import Content
from campaigns.sandbox.twilio_errors import refuse

MAX_BODY = 1600
WHATSAPP = "whatsapp:"
_MAX_VALIDITY = 36_000
_SENDER_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 +&_-]{1,11}")
_SHORT_CODE = re.compile(r"[0-9]{3,8}")
_SERVICE = re.compile(r"MG[0-9a-fA-F]{32}")
# WhatsApp allows neither line breaks, tabs nor long runs of spaces in a template's values.
_BAD_VALUE = re.compile(r"[\n\r\t]| {5}")


class Rules:
    """The checks of one account. Each raises RefusedError."""

    def __init__(self, config: SandboxConfig) -> None:
        self._numbers = frozenset(config.twilio_numbers)
        self._services = frozenset(config.twilio_messaging_services)

    def check(self, form: dict[str, str], channel: str, number: str) -> None:
        """Recipient, sender, text and options of a message to create."""
        if not number:
            raise refuse(21604)
        code = phones.fault_of(number)
        if channel == "whatsapp" and code == 21614:
            code = None  # WhatsApp also lives on landlines
        if code in (21211, 21614):
            raise refuse(code, to=form["To"])
        self._check_sender(form, channel)
        if code:
            raise refuse(code, to=number, sender=form.get("From", ""))
        if not (form.get("Body") or form.get("MediaUrl") or form.get("ContentSid")):
            raise refuse(21619)
        if len(form.get("Body", "")) > MAX_BODY:
            raise refuse(21617)
        _check_options(form)

    def _check_sender(self, form: dict[str, str], channel: str) -> None:
        service = form.get("MessagingServiceSid")
        if service is not None:
            known = service in self._services or not self._services
            if not (_SERVICE.fullmatch(service) and known):
                raise refuse(21701)
        sender = form.get("From", "")
        if not sender:
            if not service:
                raise refuse(21603)
            return
        if sender.startswith(WHATSAPP) is not (channel == "whatsapp"):
            raise refuse(21910)
        name = sender.removeprefix(WHATSAPP)
        if name in phones.MAGIC_FROM:
            raise refuse(phones.MAGIC_FROM[name], sender=sender)
        if not _is_sender(name, channel):
            raise refuse(21212, sender=sender)
        if self._numbers and name not in self._numbers:
            raise refuse(21606, sender=sender)


def variables(form: dict[str, str], content: Content | None) -> dict[str, str]:
    """The values of ContentVariables. Raises RefusedError when they do not fit the template."""
    raw = form.get("ContentVariables")
    if raw is None:
        return {}
    try:
        values = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise refuse(21656) from None
    if content is None or not isinstance(values, dict) or values.keys() - content.variables:
        raise refuse(21656)
    for value in values.values():
        if not isinstance(value, str) or not value or _BAD_VALUE.search(value):
            raise refuse(21656)
        if len(value) > MAX_BODY:
            raise refuse(21658)
    return values


def _is_sender(name: str, channel: str) -> bool:
    if phones.is_e164(name):
        return True
    named = _SENDER_NAME.fullmatch(name) or _SHORT_CODE.fullmatch(name)
    return channel == "sms" and named is not None


@lru_cache(maxsize=64)
def _is_url(address: str) -> bool:
    parts = urlsplit(address)
    return (
        parts.scheme in ("http", "https")
        and bool(parts.hostname)
        and "_" not in str(parts.hostname)
    )


def _check_options(form: dict[str, str]) -> None:
    period = form.get("ValidityPeriod")
    if period is not None and not (period.isdecimal() and 1 <= int(period) <= _MAX_VALIDITY):
        raise refuse(21624)
    callback = form.get("StatusCallback")
    if callback is not None and not _is_url(callback.partition("?")[0]):
        raise refuse(21609, detail=callback)
    if "ScheduleType" in form or "SendAt" in form:
        raise refuse(20001, detail="the sandbox sends at once: it does not schedule messages")
