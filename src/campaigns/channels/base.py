"""What every channel is: its limits as data, and one way to send.

A channel calls the vendor's official SDK and translates every answer into a typed outcome;
no vendor exception leaves its folder. Channels never retry: the outbox does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Protocol

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope, Halted, Outcome, never_halted
from campaigns.domain.pace import Rate

if TYPE_CHECKING:
    from campaigns.domain.message import Skeleton

__all__ = ["Envelope", "Limits", "Rate", "Sender"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the vendor allows.

    Attributes:
        batch: messages for one call of `send`. Where the vendor takes many in one request they
            share its fate; elsewhere they go one after another, each with a fate of its own.
        deadline: total time for one call of `send`, drip included. The lease must outlive it.
        rates: what the vendor lets through before it answers 'too many'.
        one_request: the vendor takes the whole batch in one request, which they then share.
    """

    batch: int
    deadline: timedelta
    rates: tuple[Rate, ...] = ()
    one_request: bool = False


class Sender(Protocol):
    """A channel of one release, ready to send. One per worker thread."""

    channel: ClassVar[Channel]
    limits: ClassVar[Limits]

    def prepare(self, skeletons: Sequence[Skeleton]) -> None:
        """Before the first send: check configuration and content with the provider.

        Idempotent. Raises ConfigurationError naming the setting or the text to mend.
        """

    def units(self, skeleton: Skeleton, values: Mapping[str, str]) -> int:
        """How much of the sender's rate one message takes: 1, or a text's segments."""

    def send(
        self, skeleton: Skeleton, envelopes: Sequence[Envelope], halted: Halted = never_halted
    ) -> list[Outcome]:
        """Send at most `limits.batch` messages of one skeleton: one outcome each, in order. Where
        they go one after another, those left over when the run is `halted` go back unsent.

        Never raises for anything the provider or the network does.
        """

    def close(self) -> None:
        """Give connections back."""
