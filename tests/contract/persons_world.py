"""Two databases' worth of nothing: one world with customers to merge, for the contract tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from campaigns.domain.consent import Purpose, permits
from campaigns.domain.identity import IdentityKind
from campaigns.store import carrying, identifying, schema
from campaigns.store.engine import Database
from campaigns.store.hashing import AddressHash
from campaigns.store.persons import SqlPersons
from tests.contract.profiles_world import Importing
from tests.contract.store_world import World
from tests.files import NOW

#: Everything that a merge may touch. What it leaves behind on purpose is compared elsewhere.
TOUCHED = (schema.customers, *carrying.CARRIED, *carrying.JOINED, schema.deliveries)


def note_device(database: Database, customer_id: int, device: str, source: str = "") -> None:
    """Let a device find a customer, as one that tells events of theirs does."""
    with database.write() as connection:
        key = AddressHash.load(connection).key(IdentityKind.DEVICE, device)
        row = (str(IdentityKind.DEVICE), key, customer_id)
        identifying.note(connection, [row], source=source, now=NOW)


def found_by_device(database: Database, device: str) -> int | None:
    """The number of the customer whom a device finds."""
    i = schema.identities.c
    with database.read() as connection:
        key = AddressHash.load(connection).key(IdentityKind.DEVICE, device)
        query = select(i.customer_id).where(i.kind == IdentityKind.DEVICE, i.key == key)
        return connection.execute(query).scalar_one_or_none()


@dataclass
class Persons(Importing):
    """Imports, runs and merges on one database."""

    a: int = 0
    b: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        self.world = World(self.database)
        self.persons = SqlPersons(self.database)

    def number(self, who: str) -> int:
        """The number of a customer."""
        return self.profiles.find(who)

    def merge(self, kept: str, merged: str, *, minutes: int = 1) -> int:
        """Merge two customers by what finds them."""
        ids = (self.profiles.find(who) for who in (kept, merged))
        now = NOW + timedelta(minutes=minutes)
        return self.persons.merge(*ids, by="Ana", why="seen at the till", now=now)

    def unmerge(self, merge_id: int, *, minutes: int = 2) -> tuple[int, int]:
        """Part them again."""
        now = NOW + timedelta(minutes=minutes)
        return self.persons.unmerge(merge_id, by="Ana", why="twins", now=now)

    def state(self) -> dict[str, list[Any]]:
        """Every row of every table that a merge touches."""
        return {
            t.name: [tuple(r) for r in self.world.rows(select(t).order_by(*t.primary_key.columns))]
            for t in TOUCHED
        }

    def permitted(self, who: str) -> set[tuple[str, str]]:
        """Channel and topic of every marketing message that may be sent."""
        standings = self.show(who).standings
        return {
            (str(channel), topic)
            for channel in {s.channel for s in standings}
            for topic in ("offers", "news", "anything")
            if permits(
                [s for s in standings if s.channel is channel],  # type: ignore[misc]
                Purpose.MARKETING,
                topic,
            )
        }
