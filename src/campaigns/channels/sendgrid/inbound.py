"""Mails that customers write, as SendGrid's Inbound Parse posts them, read. Pure.

SendGrid tries again for 72 hours after a 5xx and **throws the mail away after a 3xx or 4xx**.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email import message_from_string
from email.errors import MessageError
from email.message import Message
from email.utils import parsedate_to_datetime
from hashlib import blake2b

from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.provider_event import ProviderEvent, clean

#: Characters of a mail that are kept.
LONGEST = 10_000
_TAG = re.compile(r"<(style|script)\b.*?</\1\s*>|<[^<>]*>", re.IGNORECASE | re.DOTALL)
_ADDRESS = re.compile(r"<([^<>\s]+@[^<>\s]+)>|([^\s<>,;:\"]+@[^\s<>,;:\"]+)")


def parse(fields: Mapping[str, str], *, now: datetime) -> ProviderEvent | None:
    """The mail as a reply; None when nobody wrote it (no sender: a bounce message)."""
    sender = _address(fields.get("from", "")) or _address(fields.get("envelope", ""))
    if sender is None:
        return None
    headers = _headers(fields.get("headers", ""))
    text = fields.get("text") or _plain(fields.get("html", ""))
    data: dict[str, str] = {"text": clean(text, LONGEST).strip()}
    if subject := fields.get("subject"):
        data["subject"] = clean(subject, 300)
    # For the answer, so that it stands below the question (RFC 5322, 3.6.4).
    for kept, name in (("message_id", "Message-ID"), ("references", "References")):
        if told := " ".join(str(headers.get(name, "")).split()):
            data[kept] = clean(told, 900)
    return ProviderEvent(
        key=_key(headers, sender, fields),
        kind=InteractionKind.REPLIED,
        at=_moment(headers, now),
        channel=Channel.EMAIL,
        address=sender,
        agent=Agent.MACHINE if _is_automatic(headers) else None,
        data=data,
    )


def _address(text: str) -> str | None:
    found = _ADDRESS.search(text[:2_000])
    return clean(found[1] or found[2], 254) if found else None


def _headers(text: str) -> Message:
    try:
        return message_from_string(text[:100_000])
    except (MessageError, ValueError):
        return Message()


def _is_automatic(headers: Message) -> bool:
    """An absence note is no customer's answer (RFC 3834, and what programs did before it)."""
    submitted = str(headers.get("Auto-Submitted", "no")).strip().lower()
    precedence = str(headers.get("Precedence", "")).strip().lower()
    return (
        submitted.partition(";")[0].strip() != "no"
        or precedence in {"auto_reply", "bulk", "junk", "list"}
        or any(headers.get(name) for name in ("X-Autoreply", "X-Autorespond"))
    )


def _key(headers: Message, sender: str, fields: Mapping[str, str]) -> str:
    """The mail's own id; SendGrid has none that stays the same when it tries again."""
    told = str(headers.get("Message-ID", "")).strip()
    if not told:
        told = "\0".join([sender, fields.get("subject", ""), fields.get("text", "")])
    digest = blake2b(f"{sender}\0{told}".encode(errors="replace"), digest_size=16)
    return f"mail:{digest.hexdigest()}"


def _moment(headers: Message, now: datetime) -> datetime:
    """When it was written, as far as that can be believed: within the days SendGrid tries."""
    try:
        written = parsedate_to_datetime(str(headers.get("Date", "")))
    except ValueError:
        return now
    if written.tzinfo is None:
        return now
    written = written.astimezone(UTC)
    return written if now - timedelta(days=4) <= written <= now else now


def _plain(html: str) -> str:
    from html import unescape

    return unescape(_TAG.sub(" ", html[: 4 * LONGEST]))
