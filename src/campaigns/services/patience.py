"""Patience with the database: what a worker does while it cannot be used.

A server that is restarted, or hands over to another, is gone for seconds or a minute. Meanwhile a
worker may hold what a provider has just said of a thousand messages: given up, they would all be
in doubt. So it asks again for a while. Nothing is done twice by that: every statement of the
outbox may be repeated, and each transaction has either happened or not.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from campaigns.errors import DatabaseError

if TYPE_CHECKING:
    from campaigns.services.dispatch import Clock

#: Seconds that one thing is tried again for; the errors after that end the run's sending.
OUTAGE = 300.0
#: Seconds between two tries.
AGAIN = 1.0

_T = TypeVar("_T")


#: Is told why nothing moves, at each try.
Tell: TypeAlias = Callable[[DatabaseError], object]


def insist(clock: Clock, tell: Tell, what: Callable[[], _T]) -> _T:
    """Do it; again and again while the database cannot be used. Raises DatabaseError after OUTAGE.

    `what` is one transaction, and does no harm when it is repeated.
    """
    began = clock.monotonic()
    while True:
        try:
            return what()
        except DatabaseError as error:
            if clock.monotonic() - began >= OUTAGE:
                raise
            tell(error)
        clock.sleep(AGAIN)
