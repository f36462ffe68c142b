"""Looking for a message in the vendor's own list: the evidence about what is in doubt.

Nothing here sends. A lookup answers for as many messages as there is time for; the rest is asked
about another time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Protocol

from campaigns.channels.deadline import Deadline
from campaigns.channels.wire import Answer as HttpAnswer
from campaigns.channels.wire import Interrupted, NotConnected
from campaigns.domain.channel import Channel
from campaigns.domain.evidence import Answer, Authority, NoAnswer, Sought

#: For one question, pages included.
QUESTION = timedelta(seconds=20)
#: For one call of `look`.
TOTAL = timedelta(minutes=2)


class Lookup(Protocol):
    """One vendor's list.

    Attributes:
        authority: what the list is worth as evidence.
    """

    channel: ClassVar[Channel]
    authority: ClassVar[Authority]

    def look(self, sought: Sequence[Sought]) -> Mapping[int, Answer]:
        """Delivery id → answer, for those there was time for. Never raises for anything the
        vendor or the network does."""

    def close(self) -> None:
        """Give connections back."""


class CannotAskError(Exception):
    """The list cannot be read now; the next question would meet the same. Its words say why."""


def one_after_another(
    sought: Sequence[Sought], ask: Callable[[Sought, Deadline], Answer], *, most: int | None = None
) -> dict[int, Answer]:
    """A question each, in order, until time or `most` is up or the vendor cannot be asked."""
    total = Deadline(TOTAL.total_seconds())
    answers: dict[int, Answer] = {}
    for one in sought[:most]:
        if total.left < QUESTION.total_seconds():
            break
        try:
            answers[one.delivery_id] = ask(one, total.part(QUESTION.total_seconds()))
        except CannotAskError as error:
            answers[one.delivery_id] = NoAnswer(str(error))
            break
    return answers


def broken_off(vendor: str, error: NotConnected | Interrupted) -> CannotAskError:
    """The connection's word on why a list cannot be read."""
    reached = (
        "could not be reached" if isinstance(error, NotConnected) else "did not answer in time"
    )
    return CannotAskError(f"{vendor} {reached}: {error}")


def unreadable(vendor: str, answer: HttpAnswer, *, keys: str) -> CannotAskError:
    """A status's word on why a list cannot be read; `keys` are the settings to look at."""
    match answer.status:
        case 401 | 403:
            why = f"{vendor} does not let these keys read the list ({keys})"
        case 429:
            why = f"{vendor} asks to slow down"
        case status if status >= 500:
            why = f"{vendor} answered {status}"
        case status:
            why = f"{vendor} answered {status} to the question"
    return CannotAskError(why)
