"""Two databases' worth of nothing: one world with customers to merge, for the contract tests."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from campaigns.domain.consent import Purpose, permits
from campaigns.domain.identity import IdentityKind
from campaigns.store import carrying, identifying, schema
from campaigns.store.engine import Database
from campaigns.store.hashing import AddressHash
from campaigns.store.persons import SqlPersons
from tests.contract.profiles_world import Importing
from tests.contract.store_world import World, release
from tests.files import NOW

HEADER = (
    "id,email,phone,x,name,surname,lang,land,points,tier,offers,news,all,sms,said_on,clicks,seen\n"
)
ANA = "1,ana@example.com,600000001,,Ana,Puig,ca,ES,120,,yes,,,,2024-05-06,2,2025-01-02\n"
ANNA = "2,anna@shop.example,,@demo_ana,Anna,,es,ES,,gold,no,yes,,,2024-01-01,3,2025-02-03\n"
LATER = NOW + timedelta(hours=1)
#: What everybody may get: who gets it is then about merging alone.
RECALL = release("recall", purpose=Purpose.SERVICE)
#: Everything that a merge may touch. What it leaves behind on purpose is compared elsewhere.
TOUCHED = (schema.customers, *carrying.CARRIED, *carrying.JOINED, schema.deliveries)


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

    def sending(self, customers: list[int]) -> Any:
        """A run of RECALL to these."""
        return self.world.sending(customers, of=RECALL)

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


def two_customers(database: Database, folder: Path) -> Persons:
    """Two who may be one: `a` by mail and phone, `b` by mail and on X."""
    made = Persons(database, folder)
    made(HEADER + ANA + ANNA)
    made.a, made.b = (made.number(who) for who in ("1", "2"))
    return made


def identify(
    database: Database, customer: int, device: str, source: str = "", now: datetime = NOW
) -> None:
    """A device finds this customer from now on, unless it finds another."""
    with database.write() as connection:
        key = AddressHash.load(connection).key(IdentityKind.DEVICE, device)
        identifying.note(
            connection, [(str(IdentityKind.DEVICE), key, customer)], source=source, now=now
        )


def whose(database: Database, device: str) -> int | None:
    """The number of the customer whom a device finds."""
    i = schema.identities.c
    with database.read() as connection:
        key = AddressHash.load(connection).key(IdentityKind.DEVICE, device)
        query = select(i.customer_id).where(i.kind == IdentityKind.DEVICE, i.key == key)
        return connection.execute(query).scalar_one_or_none()
