"""What customers got lately and what waits for them, by ranges of customers: for the calendar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import select

from campaigns.domain.calendar import Contact
from campaigns.domain.channel import Channel
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database
from campaigns.store.schema import contacts, deliveries

_CHANNELS = {str(c): c for c in Channel}


class SqlCalendar:
    """Implements services.calendar.Contacts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def contacts(self, first: int, last: int, *, since: datetime) -> dict[int, list[Contact]]:
        """Contacts after a moment, by customer of an id range."""
        k, d = contacts.c, deliveries.c
        query = (
            select(k.customer_id, k.at, d.channel)
            .join_from(contacts, deliveries, d.id == k.delivery_id)
            .where(k.customer_id.between(first, last), k.at > to_ms(since))
        )
        found: dict[int, list[Contact]] = defaultdict(list)
        with self._database.read() as connection:
            for customer, at, channel in connection.execute(query):
                found[customer].append((from_ms(at), _CHANNELS[channel]))
        return dict(found)

    def waiting(
        self, run_id: int, first: int, last: int
    ) -> Iterator[tuple[int, datetime, Channel]]:
        """Messages of a run that are still to go: customer, not before when, channel."""
        d = deliveries.c
        query = select(d.customer_id, d.not_before, d.channel).where(
            d.run_id == run_id,
            d.state == "pending",
            d.customer_id.between(max(first, 1), last),
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        for customer, not_before, channel in rows:
            yield customer, from_ms(not_before), _CHANNELS[channel]
