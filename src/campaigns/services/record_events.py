"""Record what providers report: evidence for deliveries, interactions, opt-outs, dead addresses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Protocol

from campaigns.domain.provider_event import ProviderEvent, Recorded
from campaigns.domain.reply_event import read_event

#: Events per transaction.
BATCH = 2_000


class Evidence(Protocol):
    """Where providers' events are kept."""

    def record(self, events: Sequence[ProviderEvent], *, now: datetime) -> Recorded:
        """Write them and what follows from them in one transaction, on disk when this returns.

        Whatever is told twice counts once, and the end is the same in any order: an event with our
        delivery id proves that the provider has the message, whatever we thought; the provider's
        state only moves forward (domain.delivery.PROVIDER_ORDER); of opt-out and opt-in the later
        stands, and of two at one moment the no. Raises DatabaseError, and then nothing is written.
        """


def record_events(
    events: Iterable[ProviderEvent], evidence: Evidence, *, now: datetime
) -> Recorded:
    """Record events, in any order and told any number of times."""
    total = Recorded()
    remaining = (read for event in events for read in read_event(event))
    while batch := list(islice(remaining, BATCH)):
        total += evidence.record(batch, now=now)
    return total
