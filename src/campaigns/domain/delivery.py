"""A delivery: one message to one customer, and the states it may pass through.

The transition table is the whole rule; the store's statements follow it and a contract test
compares them. No provider has an idempotency key, so a message that may have left is never
sent again by itself: it is `in_doubt` until evidence says otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias


class DeliveryState(StrEnum):
    """Where one delivery stands."""

    PENDING = "pending"
    CLAIMED = "claimed"
    SENDING = "sending"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    IN_DOUBT = "in_doubt"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


_S = DeliveryState
#: From → to. `accepted` can be reached from anywhere: positive evidence always wins.
TRANSITIONS: dict[DeliveryState, frozenset[DeliveryState]] = {
    _S.PENDING: frozenset({_S.CLAIMED, _S.CANCELLED, _S.EXPIRED, _S.ACCEPTED}),
    _S.CLAIMED: frozenset(
        {_S.SENDING, _S.PENDING, _S.SUPPRESSED, _S.EXPIRED, _S.CANCELLED, _S.REJECTED, _S.ACCEPTED}
    ),
    _S.SENDING: frozenset({_S.ACCEPTED, _S.REJECTED, _S.IN_DOUBT, _S.PENDING}),
    _S.IN_DOUBT: frozenset({_S.ACCEPTED, _S.REJECTED, _S.PENDING}),
    _S.REJECTED: frozenset({_S.ACCEPTED}),
    # Expired or cancelled before it left, or kept back by a cap or a pause: the next run of the
    # campaign may plan it again.
    _S.SUPPRESSED: frozenset({_S.ACCEPTED, _S.PENDING}),
    _S.EXPIRED: frozenset({_S.ACCEPTED, _S.PENDING}),
    _S.CANCELLED: frozenset({_S.ACCEPTED, _S.PENDING}),
    _S.ACCEPTED: frozenset(),
}

#: States from which the delivery will not move by itself.
FINAL_STATES = frozenset({_S.ACCEPTED, _S.REJECTED, _S.SUPPRESSED, _S.EXPIRED, _S.CANCELLED})


class ProviderState(StrEnum):
    """What the provider reported after accepting: the delivery's second field."""

    DELIVERED = "delivered"
    BOUNCED = "bounced"
    FAILED = "failed"
    COMPLAINED = "complained"


#: The order in which a provider's reports may follow each other. Events come late, twice and in
#: any order: a state only ever gives way to one further on. A bounce can follow a delivery (the
#: mailbox's server takes a mail and returns it later), never the other way round.
PROVIDER_ORDER = (
    ProviderState.DELIVERED,
    ProviderState.FAILED,
    ProviderState.BOUNCED,
    ProviderState.COMPLAINED,
)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A 2xx status line was read: the provider has the message."""

    provider_id: str | None


@dataclass(frozen=True, slots=True)
class Rejected:
    """The provider refused this message for good.

    Attributes:
        code: the provider's code, e.g. `twilio:21610`.
        reason: one sentence for people.
        invalid_address: the address cannot be reached and should not be tried again.
        opted_out: the provider says this person opted out there.
    """

    code: str
    reason: str
    invalid_address: bool = False
    opted_out: bool = False


class Holds(StrEnum):
    """What a message that surely did not leave says about those after it."""

    MESSAGE = "message"  # nothing: only this one waits
    PACE = "pace"  # the provider asks to slow down: all of the sender's messages wait
    CONNECTION = "connection"  # the provider cannot be reached: one failed request


@dataclass(frozen=True, slots=True)
class NotSent:
    """The message surely did not leave (no connection, 429): it may be tried again.

    `retry_at` is when the provider may be asked again.
    """

    code: str
    reason: str
    retry_at: datetime
    holds: Holds = Holds.MESSAGE


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message may have left (time-out, dropped connection, 5xx): never sent again by itself."""

    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The campaign's configuration or content is wrong for the provider (a wrong key or sender,
    a template not approved): surely not sent, and the run must stop rather than burn the audience.
    """

    code: str
    reason: str


Outcome: TypeAlias = Accepted | Rejected | NotSent | Unknown | Refused

#: Asked between the messages of a batch: whether the rest of it shall not leave, since its run was
#: paused or cancelled meanwhile.
Halted: TypeAlias = Callable[[], bool]


def never_halted() -> bool:
    """For what belongs to no run."""
    return False


@dataclass(frozen=True, slots=True)
class Envelope:
    """One message on its way: the delivery, where to, and its written slot values.

    `headers` are per-message e-mail headers (List-Unsubscribe); empty elsewhere. `valid_until` is
    when quiet hours begin or the offer ends: a provider that can, drops it then.
    """

    delivery_id: int
    address: str
    values: Mapping[str, str]
    headers: Mapping[str, str]
    last_inbound_at: datetime | None = None
    valid_until: datetime | None = None
