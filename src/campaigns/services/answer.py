"""Answer customers: what a person writes and what is due by itself, each once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from campaigns.domain.answer import (
    AnswerKind,
    Draft,
    InboxLine,
    Intent,
    Reach,
    Sent,
    checked,
    delivery_number,
    refusal,
    skeleton_of,
)
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import DeliveryState, Envelope, NotSent, Outcome, Refused
from campaigns.domain.message import Skeleton
from campaigns.errors import ConfigurationError, UserError


class Answers(Protocol):
    """The outbox of answers."""

    def write(
        self, draft: Draft, customer_id: int, channel: Channel, *, now: datetime
    ) -> int | None:
        """Keep one for sending; None when this form has been sent already."""

    def reach(self, customer_id: int, channel: Channel) -> Reach:
        """What is known of a customer on one channel."""

    def due(self, *, now: datetime) -> list[int]:
        """Answers that wait to be sent."""

    def intend(
        self, answer_id: int, words: Callable[[AnswerKind, str], str], *, now: datetime
    ) -> Intent | DeliveryState | None:
        """Commit `sending`, or the state it ended in; None when somebody else has it."""

    def settle(self, intent: Intent, outcome: Outcome, *, now: datetime) -> DeliveryState:
        """Write what the provider said."""

    def sweep(self, *, now: datetime) -> int:
        """Put what died senders had in their hands in doubt."""


class Sender(Protocol):
    """One channel, ready to send."""

    def send(self, skeleton: Skeleton, envelopes: Sequence[Envelope]) -> list[Outcome]:
        """One outcome each; never raises for what a provider does."""


def write_answer(answers: Answers, line: InboxLine, draft: Draft, *, now: datetime) -> int | None:
    """Keep a person's answer for sending. Raises UserError when it cannot go there."""
    draft = checked(draft, line.channel)
    reach = answers.reach(line.customer_id, line.channel)
    if why := refusal(AnswerKind.ANSWER, line.channel, reach, now):
        raise UserError(f"this cannot be answered by {line.channel.label}: {why}.")
    return answers.write(draft, line.customer_id, line.channel, now=now)


def send_answers(
    answers: Answers,
    channel: Callable[[Channel], Sender],
    words: Callable[[AnswerKind, str], str],
    clock: Callable[[], datetime],
    only: int | None = None,
) -> Sent:
    """Send what is due (or one answer), each in a transaction of its own on either side of the
    request. Where a channel cannot be reached, its others wait."""
    answers.sweep(now=clock())
    sent, closed = Sent(), set[Channel]()
    for answer_id in answers.due(now=clock()) if only is None else [only]:
        intent = answers.intend(answer_id, words, now=clock())
        if intent is None:
            continue
        if isinstance(intent, DeliveryState):
            sent.add(intent)
            continue
        outcome = _send(channel, intent, closed, clock)
        sent.add(answers.settle(intent, outcome, now=clock()))
        if isinstance(outcome, NotSent):
            closed.add(intent.channel)
    return sent


def _send(
    channel: Callable[[Channel], Sender],
    intent: Intent,
    closed: set[Channel],
    clock: Callable[[], datetime],
) -> Outcome:
    if intent.channel in closed:
        return NotSent("waits", "the channel cannot be reached now", clock())
    envelope = Envelope(
        delivery_id=delivery_number(intent.answer_id),
        address=intent.address,
        values={},
        headers=intent.headers,
        last_inbound_at=intent.last_inbound_at,
    )
    skeleton = skeleton_of(intent.channel, intent.text, intent.subject)
    try:
        sender = channel(intent.channel)
    except ConfigurationError as error:  # no key, no sender: nothing left
        return Refused("settings", str(error))
    return sender.send(skeleton, [envelope])[0]
