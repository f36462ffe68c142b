"""An SMTP server's replies as outcomes (RFC 5321, and RFC 3463's enhanced codes). Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from campaigns.channels.answers import RATE_PAUSE, without_addresses
from campaigns.channels.smtp.session import Reply, Stage
from campaigns.domain.delivery import Accepted, Holds, NotSent, Outcome, Refused, Rejected

#: A mailbox that is busy, or a server that greylists, is tried again after this.
LATER = timedelta(minutes=5)
_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_QUEUED = re.compile(r"\b(?:queued as|id=?)[:\s]*([\w.@+-]{4,100})", re.IGNORECASE)
#: Words about us where the code could also be about the recipient.
_ABOUT_US = re.compile(r"relay|authenticat|sender|not permitted|spf|dkim|dmarc", re.IGNORECASE)


def outcome_of(stage: Stage, reply: Reply, address: str, now: datetime) -> Outcome:
    """What the deciding reply says about the message to this address."""
    if reply.ok:
        queued = _QUEUED.search(reply.text)
        return Accepted(queued[1] if queued else None)
    code = f"smtp:{reply.code}"
    reason = f"the mail server said {reply.code} {without_addresses(reply.text, [address])}"
    if reply.code < 500:
        return _later(code, reason, reply, now)
    if _concerns_all(stage, reply):
        return Refused(code, reason)
    unknown = stage is Stage.RCPT and _class(reply) in (None, 1)
    return Rejected(code, reason, invalid_address=unknown and reply.code in (550, 551, 553))


def _later(code: str, reason: str, reply: Reply, now: datetime) -> NotSent:
    """4xx: surely not sent. Trouble of the server or with our pace (4.3, 4.4, 4.7, 421) holds
    everybody's; anything else is this mailbox's."""
    if reply.code == 421 or _class(reply) in (3, 4, 7):
        return NotSent(code, reason, now + RATE_PAUSE, Holds.PACE)
    return NotSent(code, reason, now + LATER)


def _concerns_all(stage: Stage, reply: Reply) -> bool:
    """Whether everyone would get the same answer: about the account or the sender, or about what
    the message says (5.6 and 5.7 after the content)."""
    if reply.code in (530, 534, 535, 538) or stage in (Stage.LOGIN, Stage.MAIL, Stage.DATA):
        return True
    if stage is Stage.CONTENT:
        return _class(reply) in (6, 7)
    return _class(reply) in (None, 7) and bool(_ABOUT_US.search(reply.text))


def _class(reply: Reply) -> int | None:
    """The subject of the enhanced code: 1 address, 2 mailbox, 3 system, 4 network, 5 protocol,
    6 content, 7 policy."""
    found = _ENHANCED.search(reply.text)
    return int(found[2]) if found else None
