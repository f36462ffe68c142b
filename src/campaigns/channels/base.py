"""What every channel is: its limits as data, and one way to send.

A channel calls the vendor's official SDK and translates every answer into a typed outcome;
no vendor exception leaves its folder. Channels never retry: the outbox does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Protocol

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope as Envelope
from campaigns.domain.delivery import Outcome
from campaigns.domain.message import Skeleton


@dataclass(frozen=True, slots=True)
class Limits:
    """What the vendor allows.

    Attributes:
        batch: messages per provider request; they share the request's fate.
        deadline: total time for one request, drip included. The lease must outlive it.
    """

    batch: int
    deadline: timedelta


class Sender(Protocol):
    """A channel of one release, ready to send. One per worker thread."""

    channel: ClassVar[Channel]
    limits: ClassVar[Limits]

    def prepare(self, skeletons: Sequence[Skeleton]) -> None:
        """Before the first send: check configuration and content with the provider.

        Idempotent. Raises ConfigurationError naming the setting or the text to mend.
        """

    def send(self, skeleton: Skeleton, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Send at most `limits.batch` messages of one skeleton: one outcome each, in order.

        Never raises for anything the provider or the network does.
        """

    def close(self) -> None:
        """Give connections back."""
