"""Customers whose messages lead to their pages: an app, and messages in its outbox."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from campaigns.bootstrap.app import App
from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.delivery import Accepted
from campaigns.domain.run import Run
from campaigns.services.dispatch import Clock
from campaigns.settings import Settings
from campaigns.store import schema
from campaigns.store.consents import append
from campaigns.store.hashing import AddressHash
from campaigns.store.schema import addresses
from tests.contract.store_world import NOW, World, release

ROOT = Path(__file__).parents[1]
ADDRESSES = {
    Channel.EMAIL: "ada@example.com",
    Channel.SMS: "+447700900456",
    Channel.WHATSAPP: "+447700900456",
    Channel.X_DM: "demo_ada",
}


@dataclass
class Shop:
    """An app, the world beneath it, and a clock that tests may turn."""

    app: App
    world: World
    now: datetime = NOW

    def customer(
        self,
        *,
        channels: Sequence[Channel] = (Channel.EMAIL, Channel.SMS, Channel.WHATSAPP),
        topics: Sequence[str] = ("offers", "news"),
        at: dict[Channel, str] | None = None,
        **values: Any,
    ) -> int:
        """A customer who said yes to these topics on these channels, by a form long ago."""
        person = {"first_name": "Ada", "locale": "en_GB", **values}
        (number,) = self.world.customers(1, channels=(), consents=False, **person)
        known = {**ADDRESSES, **(at or {})}
        with self.app.database.write() as connection:
            hashing = AddressHash.load(connection)
            for channel in channels:
                key = hashing.key(channel.address_kind, known[channel].lower())
                connection.execute(
                    addresses.insert().values(
                        customer_id=number,
                        channel=channel,
                        address=known[channel],
                        address_key=key,
                        status="active",
                        updated_at=0,
                    )
                )
                append(
                    connection,
                    [
                        (number, str(channel), "marketing", t, True, 0, "import", "a form", "test")
                        for t in topics
                    ],
                )
        return number

    def delivery(self, customer: int, channel: Channel = Channel.EMAIL, name: str = "one") -> int:
        """A message to the customer that the provider took."""
        _, batch = self.claimed([customer], channel, name)
        self.world.intend(batch)
        self.world.settle(batch, Accepted("p"))
        return batch.items[0].delivery_id

    def claimed(
        self, customers: Sequence[int], channel: Channel = Channel.EMAIL, name: str = "one"
    ) -> tuple[Run, Batch]:
        """Messages that a worker is about to send."""
        run = self.world.planned(customers, of=release(name), channel=channel)
        return run, self.world.claim(run)

    def unsubscribe_path(self, delivery: int) -> str:
        """Of the message's unsubscribe link."""
        return self._path(delivery, "unsubscribe_url")

    def preferences_path(self, delivery: int) -> str:
        """Of the message's preference link."""
        return self._path(delivery, "preferences_url")

    def _path(self, delivery: int, name: str) -> str:
        return self.app.links.values(delivery)[name].removeprefix(
            str(self.app.settings.public_url).rstrip("/")
        )

    def rows(self, table: str, customer: int | None = None) -> list[Any]:
        """A table's rows, of one customer or all."""
        known = schema.metadata.tables[table]
        query = select(known)
        if customer is not None:
            query = query.where(known.c.customer_id == customer)
        return self.world.rows(query)

    def everything(self) -> dict[str, list[str]]:
        """The whole database, to compare."""
        return {name: sorted(map(repr, self.rows(name))) for name in schema.metadata.tables}

    def standings(self, customer: int) -> dict[str, bool]:
        """What stands: `email/offers` → yes or no."""
        return {f"{r.channel}/{r.topic}": r.granted for r in self.rows("standings", customer)}


@contextmanager
def shop(database_url: str, home: Path) -> Iterator[Shop]:
    """On the shipped brand."""
    settings = Settings(
        _env_file=None, home=home, database_url=database_url, templates=ROOT / "templates"
    )
    made: list[Shop] = []
    clock = Clock(now=lambda: made[0].now, monotonic=lambda: 0.0, sleep=lambda _: None)
    with App(settings, clock) as app:
        made.append(Shop(app, World(app.database)))
        yield made[0]
