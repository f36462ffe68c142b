"""Interactions: what happened between a customer and the brand, in one vocabulary."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from campaigns.domain.channel import Channel


class InteractionKind(StrEnum):
    """Event names, the same in code, tables, pages and exports."""

    SENT = "sent"
    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    COMPLAINED = "complained"
    OPENED = "opened"
    CLICKED = "clicked"
    REPLIED = "replied"
    ANSWERED = "answered"
    UNSUBSCRIBED = "unsubscribed"
    RESUBSCRIBED = "resubscribed"
    PURCHASED = "purchased"
    VISITED = "visited"
    CALLED = "called"
    ASKED = "asked"  # a ticket or question put to service
    SEEN = "seen"  # a message was shown to the customer on the web site, in the app, at the till
    PREFERENCE_CHANGED = "preference_changed"


class Agent(StrEnum):
    """Who clicked or opened, as far as can be told (docs/glossary.md)."""

    HUMAN = "human"
    SUSPECT = "suspect"
    MACHINE = "machine"


#: What shows that a customer answers on a channel; a preference changed is a form posted from the
#: link in a message. Opens weigh nothing: machines open mail too (Apple Mail Privacy Protection),
#: and tracking them needs consent of its own.
ANSWERS = frozenset(
    {
        InteractionKind.CLICKED,
        InteractionKind.REPLIED,
        InteractionKind.PURCHASED,
        InteractionKind.PREFERENCE_CHANGED,
    }
)


@dataclass(frozen=True, slots=True)
class Interaction:
    """One event on a customer's timeline.

    Attributes:
        channel: the channel it happened on; None for the shop, the web site, the telephone.
        source_key: unique in its source, so that the same event told twice is stored once.
        data: small facts about the event (amount, currency, text of a reply).
    """

    customer_id: int
    kind: InteractionKind
    at: datetime
    channel: Channel | None
    source_key: str
    delivery_id: int | None = None
    data: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
