"""A message as its reader sees it, made from what was accepted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
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
