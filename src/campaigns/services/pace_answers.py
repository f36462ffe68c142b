"""Answers keep the pace of their sender: the same rate and the same breaker as campaigns.

A person waits for an answer, so a moment of the rate is waited for; what takes longer is kept for
later, and `campaigns inbox send` sends it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Envelope, NotSent, Outcome
from campaigns.domain.message import Skeleton
from campaigns.services.pacing import Pacer, Turn

#: How long an answer waits for its sender's rate while somebody looks on.
PATIENCE = timedelta(seconds=2)


class Sender(Protocol):
    """One channel, ready to send."""

    def units(self, skeleton: Skeleton, values: Mapping[str, str]) -> int:
        """How much of a rate one message takes."""

    def send(self, skeleton: Skeleton, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """One outcome each; never raises for what a provider does."""


@dataclass(frozen=True, slots=True)
class Paced:
    """A channel that sends one answer at a time, when its sender may. `pacer` has that one way."""

    channel: Channel
    sender: Sender
    pacer: Pacer
    now: Callable[[], datetime]
    sleep: Callable[[float], None]

    def send(self, skeleton: Skeleton, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """Send one; `NotSent` with the moment to try again while the sender may not."""
        turn = self._turn()
        if turn is None:
            because = self.pacer.because(self.channel)
            reason = f"the sender is left alone: {because}" if because else "its rate is used up"
            return [NotSent("pace", reason, self.pacer.opens(self.channel))] * len(envelopes)
        if turn.reserved:
            self.pacer.fit(self.channel, turn, [self.sender.units(skeleton, {})])
        outcomes = self.sender.send(skeleton, envelopes)
        self.pacer.learn(self.channel, outcomes, turn)
        return outcomes

    def _turn(self) -> Turn | None:
        give_up = self.now() + PATIENCE
        while True:
            turn = next(self.pacer.turns({}), None)
            opens = self.pacer.opens(self.channel)
            if turn is not None or opens > give_up or self.now() >= give_up:
                return turn
            self.sleep(max(0.05, (opens - self.now()).total_seconds()))
