"""Record: what the rest of the business tells goes to the customers' profiles, and whoever tells it
hears what became of each event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from campaigns.domain.business_event import BusinessEvent, EventResult, read_event


class EventLog(Protocol):
    """Where events are kept."""

    def record(
        self, source: str, events: Sequence[BusinessEvent], *, now: datetime
    ) -> list[EventResult]:
        """Write events, in one transaction; what became of each, in order. One that is known by
        source and id is a duplicate, or refused where it says something else. One of a device that
        nobody is known to use waits for who does."""


def record_business_events(
    told: Sequence[object], source: str, log: EventLog, *, now: datetime
) -> list[EventResult]:
    """What became of each event, in order. A wrong one keeps no other out."""
    read = [read_event(raw, now) for raw in told]
    kept = iter(log.record(source, [e for e in read if isinstance(e, BusinessEvent)], now=now))
    return [next(kept) if isinstance(e, BusinessEvent) else e for e in read]
