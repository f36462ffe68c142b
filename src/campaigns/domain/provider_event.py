"""What a provider reports of a message, or brings from a person, in one form for all vendors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Agent, InteractionKind

#: Ids that are none of ours are refused before a database sees them.
_LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event, verified and parsed by its vendor's `webhook.py`.

    Attributes:
        key: unique in its source whatever is retried, e.g. `sendgrid:<delivery>:<event>:<time>`.
        delivery_id: our own id where the event carries it: positive evidence that it was sent.
        kind: SENT says no more than that the provider has the message (queued, deferred).
        provider_id: the provider's name for the message (a Twilio SID).
        address: whom it concerns as the provider writes it; the only lead where no id is known.
        dead_address: a hard bounce, or a number that no text reaches: do not write there again.
        agent: who clicked or opened, where that can be told from the event alone.
        data: small facts: code, reason, url, text of a reply.
    """

    key: str
    kind: InteractionKind
    at: datetime
    channel: Channel
    delivery_id: int | None = None
    provider_id: str | None = None
    address: str | None = None
    dead_address: bool = False
    agent: Agent | None = None
    data: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of events: new on a profile, told before (or saying no more than that the
    provider has a message), or about messages and people we do not know."""

    new: int = 0
    known: int = 0
    unmatched: int = 0

    def __add__(self, other: Recorded) -> Recorded:
        return Recorded(
            self.new + other.new, self.known + other.known, self.unmatched + other.unmatched
        )


def delivery_id_of(text: object) -> int | None:
    """Our delivery id as a provider quotes it back; None when this is none.

    Below zero it is an answer's (domain.answer): both go through the same channels.
    """
    if not isinstance(text, str):
        return None
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) < 20:
        number = int(digits)
        return int(text) if 0 < number <= _LARGEST_ID else None
    return None


def clean(text: object, most: int) -> str:
    """A provider's words, for keeping: no NUL (PostgreSQL stores none), and not without end."""
    return str(text).replace("\0", "")[:most]
