"""What a provider reports of a message, or brings from a person, in one form for all vendors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Agent, InteractionKind


@dataclass(frozen=True, slots=True)
class ProviderEvent:
    """One event, verified and parsed by its vendor's `webhook.py`.

    Attributes:
        key: unique in its source whatever is retried, e.g. `sendgrid:<delivery>:<event>:<time>`.
        delivery_id: our own id where the event carries it: positive evidence that it was sent.
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
