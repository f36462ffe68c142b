"""What people are shown of a customer and of a delivery: all that is known, in plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from campaigns.domain.audit import AuditEntry
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Consent, Purpose, Standing, permits
from campaigns.domain.customer import AddressStatus, AttributeValue
from campaigns.domain.delivery import DeliveryState, ProviderState
from campaigns.domain.engagement import Tally
from campaigns.domain.interaction import Agent, InteractionKind


@dataclass(frozen=True, slots=True)
class SuppressionView:
    """Why an address is not written to: `purpose` is `marketing` or `all`."""

    purpose: str
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True)
class AddressView:
    """One address, and whether it may be written to."""

    channel: Channel
    address: str
    status: AddressStatus
    updated_at: datetime
    suppression: SuppressionView | None


@dataclass(frozen=True, slots=True)
class StandingView:
    """What the ledger says now on one matter."""

    channel: Channel
    purpose: Purpose
    topic: str
    granted: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class UseView:
    """What was learnt of a channel, and when the customer last wrote to us there.

    Attributes:
        messages, answers: what was counted; `kind` of the answers, where all are of one kind.
        expected: the share of messages there that this customer is expected to answer.
        low: it is larger than this with a probability of about 0.8.
        learned_at: None: not yet.
    """

    channel: Channel
    messages: int
    answers: int
    kind: InteractionKind | None
    expected: float
    low: float
    last_inbound_at: datetime | None
    learned_at: datetime | None

    @property
    def in_words(self) -> str:
        """`SMS: 3 replies in 5 messages`."""
        return Tally(self.answers, self.messages, self.kind).in_words(self.channel)


@dataclass(frozen=True, slots=True)
class InteractionView:
    """One event; `campaign` is that of the delivery it is about, `agent` who clicked or opened."""

    at: datetime
    kind: InteractionKind
    channel: Channel | None
    delivery_id: int | None
    campaign: str | None
    data: Mapping[str, AttributeValue]
    agent: Agent | None = None


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """One delivery to the customer, in short.

    Attributes:
        why: the reason in words.
        hop: 0 as planned; 1 and more are fallbacks.
        replaced: by the next hop, since it failed.
        no_fallback: of one that failed and has no next hop: why, in words.
        step: of a journey, by name; None where the campaign has one message.
    """

    delivery_id: int
    run_id: int
    campaign: str
    edition: str
    channel: Channel
    reason: str
    why: str
    state: DeliveryState
    provider_state: ProviderState | None
    outcome: str | None
    settled_at: datetime | None
    hop: int
    replaced: bool
    no_fallback: str | None
    step: str | None = None


@dataclass(frozen=True, slots=True)
class DoubtLine:
    """What is known of a message that is, or was, in doubt.

    Attributes:
        looks, looked_at, finding, told: of the last look at the provider's list.
        resolved: what a person decided.
    """

    looks: int
    looked_at: datetime | None
    finding: str | None
    told: str | None
    resolved: str | None


@dataclass(frozen=True, slots=True)
class SkipLine:
    """A run that had the customer in its audience and sent nothing; `why` in words."""

    run_id: int
    campaign: str
    edition: str
    reason: str
    why: str


@dataclass(frozen=True, slots=True)
class CustomerView:
    """Everything known of one customer. Interactions and deliveries are newest first.

    Attributes:
        stated: the channels that the customer asked for, in their order.
    """

    customer_id: int
    ref: str
    first_name: str | None
    last_name: str | None
    locale: str
    country: str | None
    time_zone: str | None
    preferred_channel: Channel | None
    stated: tuple[Channel, ...]
    attributes: Mapping[str, AttributeValue]
    last_purchase_at: datetime | None
    created_at: datetime
    updated_at: datetime
    addresses: tuple[AddressView, ...]
    standings: tuple[StandingView, ...]
    consents: tuple[Consent, ...]
    uses: tuple[UseView, ...]
    interactions: tuple[InteractionView, ...]
    deliveries: tuple[DeliveryLine, ...]
    skips: tuple[SkipLine, ...]

    @property
    def in_force(self) -> tuple[StandingView, ...]:
        """The standings that decide: a yes to offers is none beside a later no to everything."""
        return tuple(s for s in self.standings if s.granted == self._permits(s))

    def _permits(self, matter: StandingView) -> bool:
        near = [
            Standing(s.topic, s.granted, s.at)
            for s in self.standings
            if (s.channel, s.purpose) == (matter.channel, matter.purpose)
        ]
        return permits(near, matter.purpose, matter.topic)

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values, instants in ISO 8601."""
        return {name: plain_values(value) for name, value in asdict(self).items()}


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """One message: to whom, on which channel and why, what was said, what became of it.

    Attributes:
        ref: the customer's; None for the public post.
        address, values, message_hash: as stored before the message left; None before that.
        provider_id: the provider's name for the message; request_id: for the request it was in.
        chain: this delivery and those it replaced or was replaced by, in order.
        audit: what people, and the engine in their stead, did about it, the newest first.
    """

    delivery_id: int
    customer_id: int
    ref: str | None
    campaign: str
    edition: str
    run_id: int
    release_hash: str
    skeleton_id: int
    skeleton_hash: str
    channel: Channel
    reason: str
    why: str
    state: DeliveryState
    attempts: int
    outcome: str | None
    settled_at: datetime | None
    provider_id: str | None
    provider_state: ProviderState | None
    request_id: str | None
    address: str | None
    values: Mapping[str, str] | None
    message_hash: str | None
    interactions: tuple[InteractionView, ...]
    chain: tuple[DeliveryLine, ...]
    doubt: DoubtLine | None
    audit: tuple[AuditEntry, ...]

    def as_json(self) -> dict[str, Any]:
        """The same as JSON values, instants in ISO 8601."""
        return {name: plain_values(value) for name, value in asdict(self).items()}


def plain_values(value: Any) -> Any:
    """The same in JSON values: instants in ISO 8601, words as text."""
    match value:
        case dict():
            return {key: plain_values(item) for key, item in value.items()}
        case list() | tuple():
            return [plain_values(item) for item in value]
        case datetime():
            return value.isoformat()
        case str():
            return str(value)
        case _:
            return value
