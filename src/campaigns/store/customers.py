"""Customers: importing rows, recording interactions, finding, showing, exporting.

The one door to profiles; what is behind it is in the modules beside it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson
from sqlalchemy import select

from campaigns.domain.intake import (
    BatchResult,
    CustomerRow,
    PageRow,
    ReadyRow,
    SameRow,
    SeenCustomers,
    UnreadRow,
)
from campaigns.domain.interaction import Interaction
from campaigns.domain.views import CustomerView, DeliveryView
from campaigns.errors import NotFoundError
from campaigns.store import interactions, newcomers, portability, restoring, unchanged
from campaigns.store.clock import to_ms
from campaigns.store.delivery_reading import read_delivery
from campaigns.store.engine import Database, bar_imports, bar_intents
from campaigns.store.finding import find_customer
from campaigns.store.hashing import AddressHash
from campaigns.store.interactions import EventRow
from campaigns.store.locking import Locking
from campaigns.store.reading import read_customer
from campaigns.store.schema import standings
from campaigns.store.upserting import Upsert


class SqlProfiles:
    """Implements services.import_customers.Profiles and services.record_interactions.Timeline."""

    def __init__(self, database: Database) -> None:
        self._database = database

    @cached_property
    def _hashing(self) -> AddressHash:
        with self._database.read() as connection:
            return AddressHash.load(connection)

    def unchanged(self, rows: Sequence[UnreadRow]) -> list[UnreadRow | SameRow]:
        """See services.import_customers.Profiles."""
        if not rows:
            return []
        with self._database.moment() as connection:
            Locking(self._database.dialect).by_index(connection)
            return unchanged.unchanged(connection, self._hashing, rows)

    def upsert(
        self,
        rows: Sequence[PageRow],
        *,
        now: datetime,
        actor: str,
        seen: SeenCustomers,
    ) -> BatchResult:
        """Create and update customers: one transaction, all or nothing.

        See services.import_customers.Profiles.
        """
        same, others = unchanged.apart(self._hashing, rows, seen)
        seen.update(row.customer_id for row in same)
        kept = sum(row.kept_opt_out for row in same)
        result = BatchResult(unchanged=len(same), kept_opt_out=kept)
        if others:
            result.add(self._write(others, now=now, actor=actor, seen=seen))
        return result

    def _write(
        self,
        rows: Sequence[CustomerRow | ReadyRow],
        *,
        now: datetime,
        actor: str,
        seen: SeenCustomers,
    ) -> BatchResult:
        hashing = self._hashing
        with self._database.write() as connection:
            bar_imports(connection)
            new, rest = newcomers.sorted_out(connection, hashing, rows)
            if any(r.suppressions or not all(c.granted for c in r.consents) for r in rest):
                bar_intents(connection)  # a newcomer has no messages that could be under way
            created = newcomers.write(connection, new, seen)
            result = Upsert(connection, hashing, now=now, actor=actor, seen=seen).run(rest)
        result.add(created)
        return result

    def preparing(self, *, now: datetime, actor: str) -> newcomers.Preparing:
        """What works rows out ahead, for an import of this moment."""
        return newcomers.Preparing(self._hashing, now=now, actor=actor)

    def record_interactions(self, events: Sequence[Interaction]) -> int:
        """Write events that are not known by their source key yet, with what follows from them:
        uses of channels, the last message received, the last purchase. One transaction.

        Returns how many were new.
        """
        rows = [_event_row(e) for e in events]
        with self._database.write() as connection:
            return len(interactions.record(connection, rows))

    def find(self, who: str) -> int:
        """The number of the customer with this ref, e-mail address, phone or X handle.

        Raises NotFoundError when there is none, or when an address belongs to several.
        """
        hashing = self._hashing
        with self._database.read() as connection:
            return find_customer(connection, hashing, who)

    def show(self, customer_id: int) -> CustomerView:
        """Everything known of one customer. Raises NotFoundError."""
        with self._database.read() as connection:
            return read_customer(connection, customer_id)

    def delivery(self, delivery_id: int) -> DeliveryView:
        """One message: to whom, why there, what it said, what became of it.

        Raises NotFoundError.
        """
        with self._database.read() as connection:
            return read_delivery(connection, delivery_id)

    def export(self, customer_id: int) -> dict[str, Any]:
        """Everything known of one customer as a JSON document; `import_export` reads it.

        Raises NotFoundError.
        """
        with self._database.read() as connection:
            documents, following = portability.export_customers(connection, customer_id, 1)
        if following != customer_id + 1:
            raise NotFoundError(f"there is no customer number {customer_id}.")
        return documents[0]

    def export_all(self) -> Iterator[dict[str, Any]]:
        """Every customer's document, streamed."""
        return portability.export_all(self._database)

    def topics(self) -> list[str]:
        """Every topic that somebody said yes or no to, `*` among them if so."""
        query = select(standings.c.topic).distinct().order_by(standings.c.topic)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def import_export(self, document: Mapping[str, Any], *, now: datetime) -> int:
        """Bring an exported customer in again, here or in another database. Returns the number.

        A customer who is known keeps what is known: a no outlives a yes of the document.
        """
        hashing = self._hashing
        with self._database.write() as connection:
            bar_imports(connection)
            bar_intents(connection)
            return restoring.import_document(connection, hashing, document, now)


def _event_row(event: Interaction) -> EventRow:
    return EventRow(
        event.customer_id,
        to_ms(event.at),
        str(event.kind),
        str(event.channel) if event.channel else None,
        event.delivery_id,
        event.source_key,
        orjson.dumps(event.data).decode() if event.data else None,
    )
