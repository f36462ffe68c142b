"""Sending a batch where the vendor takes one message a request."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import TypeVar

from campaigns.channels.config import Clock
from campaigns.channels.deadline import Deadline
from campaigns.domain.delivery import (
    Halted,
    Holds,
    NotSent,
    Outcome,
    Refused,
    Unknown,
    never_halted,
)
from campaigns.domain.pace import FAILURES

Message = TypeVar("Message")


def one_by_one(
    messages: Sequence[Message],
    send_one: Callable[[Message, Deadline], Outcome],
    *,
    total: timedelta,
    clock: Clock,
    halted: Halted = never_halted,
) -> list[Outcome]:
    """One outcome each, in order, within `total`.

    A request may take half the total, and none is begun in the second half: what is left over
    goes back unsent. So does the rest once one message meets what they would all meet: no
    connection, a rate limit, a configuration the provider refuses; and after so many failures in a
    row as close the breaker (domain.pace), so that few messages end in doubt; and once the run is
    `halted`, which is asked before each message but the first.
    """
    deadline = Deadline(total.total_seconds())
    share = total.total_seconds() / 2
    outcomes: list[Outcome] = []
    for message in messages:
        if deadline.left < share:
            outcomes.append(NotSent("time", "the batch took too long; nothing was sent", clock()))
            break
        if outcomes and halted():
            outcomes.append(NotSent("halted", "the run was stopped meanwhile", clock()))
            break
        outcomes.append(send_one(message, deadline.part(share)))
        if _concerns_all(outcomes[-1]):
            break
        if all(isinstance(o, Unknown) for o in outcomes[-FAILURES:]) and len(outcomes) >= FAILURES:
            return outcomes + [_left(clock)] * (len(messages) - len(outcomes))
    rest = len(messages) - len(outcomes)
    return outcomes + outcomes[-1:] * rest


def _concerns_all(outcome: Outcome) -> bool:
    if isinstance(outcome, NotSent):
        return outcome.holds is not Holds.MESSAGE
    return isinstance(outcome, Refused)


def _left(clock: Clock) -> NotSent:
    return NotSent("failing", "the requests before this one failed; nothing was sent", clock())
