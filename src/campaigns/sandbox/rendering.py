"""A message as its reader sees it, made from what was accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from email.policy import SMTP
from email.utils import parseaddr
from typing import Any

import orjson

from campaigns.sandbox.twilio_content import Content
from campaigns.sandbox.twilio_resources import form_of
from campaigns.sandbox.twilio_rules import WHATSAPP, variables

Templates = Callable[[str], Content | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the recipient sees.

    Attributes:
        sender: address, number or handle it comes from; `sender_name` where it has one.
        text: the plain text of a mail, or the whole of a text message or post.
        html: the HTML of a mail; None elsewhere.
        headers: extra headers of a mail.
        buttons: titles of a WhatsApp template's buttons.
        send_at: when SendGrid was asked to deliver, seconds since 1970; None: at once.
    """

    sender: str
    text: str
    sender_name: str = ""
    reply_to: str = ""
    subject: str | None = None
    html: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    buttons: tuple[str, ...] = ()
    send_at: int | None = None


def mail(document: dict[str, Any], part: int) -> Seen:
    """A mail of a SendGrid request: the shared text with one personalization's substitutions."""
    own = document["personalizations"][part]
    fill = _filler(own.get("substitutions", {}))
    sender = own.get("from") or document["from"]
    contents = {c["type"].partition(";")[0].strip(): c["value"] for c in document["content"]}
    html = contents.get("text/html")
    return Seen(
        sender=sender["email"],
        sender_name=sender.get("name", ""),
        reply_to=fill(document.get("reply_to", {}).get("email", "")),
        subject=fill(own.get("subject") or document.get("subject", "")),
        text=fill(contents.get("text/plain", "")),
        html=None if html is None else fill(html),
        headers={**document.get("headers", {}), **own.get("headers", {})},
        send_at=own.get("send_at") or document.get("send_at"),
    )


#: Headers that every mail has; the others are shown.
_USUAL = {
    *("from", "to", "reply-to", "subject", "date", "message-id", "mime-version"),
    *("content-type", "content-transfer-encoding"),
}


def letter(body: bytes) -> Seen:
    """A mail as it came over SMTP, read by the standard library's parser."""
    message = BytesParser(policy=SMTP).parsebytes(body)
    parts = {p.get_content_type(): p for p in message.walk() if not p.is_multipart()}
    plain, html = parts.get("text/plain"), parts.get("text/html")
    name, sender = parseaddr(str(message["From"] or ""))
    return Seen(
        sender=sender,
        sender_name=name,
        reply_to=parseaddr(str(message["Reply-To"] or ""))[1],
        subject=str(message["Subject"] or ""),
        text=_words(plain) if plain is not None else "",
        html=None if html is None else _words(html),
        headers={k: str(v) for k, v in message.items() if k.lower() not in _USUAL},
    )


def _words(part: Message) -> str:
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode("utf-8", "replace").replace("\r\n", "\n")


def text(body: bytes, template: Templates) -> Seen:
    """An SMS or WhatsApp message of a Twilio request."""
    form = form_of(body)
    sender = form.get("From", "").removeprefix(WHATSAPP) or form.get("MessagingServiceSid", "")
    content = template(form["ContentSid"]) if form.get("ContentSid") else None
    if content is None:
        return Seen(sender=sender, text=form.get("Body", ""))
    filled = content.fill(variables(form, content))
    return Seen(sender=sender, text=filled, buttons=tuple(content.buttons))


def post(body: bytes, sender: str) -> Seen:
    """A post or direct message on X."""
    return Seen(sender=sender, text=orjson.loads(body)["text"])


def _filler(tags: dict[str, str]) -> Callable[[str], str]:
    """One tag after another, raw: so a value that holds a later tag is replaced again, and a tag
    that another begins with is cut short. What the vendor does with either is not documented;
    this is the reading that shows the mistake."""

    def fill(value: str) -> str:
        for tag, given in tags.items():
            value = value.replace(tag, given)
        return value

    return fill
