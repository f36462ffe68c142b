"""A small world for the store's contract tests: customers, releases and runs, written directly."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from campaigns.domain.audience import Audience, Everyone
from campaigns.domain.batch import Batch, Written
from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.delivery import DeliveryState, Outcome
from campaigns.domain.engagement import Learning
from campaigns.domain.message import Escape, Hole, Part, Skeleton, Slot, SlotType, message_hash
from campaigns.domain.plan import PlannedDelivery
from campaigns.domain.release import Policy, Release
from campaigns.domain.run import Run, RunState
from campaigns.services.learn import learn
from campaigns.store import schema
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database, bar_intents
from campaigns.store.hashing import AddressHash
from campaigns.store.learning import SqlLearning
from campaigns.store.outbox import SqlOutbox
from campaigns.store.planning import SqlPlanning
from campaigns.store.releases import SqlReleases
from campaigns.store.runs import SqlRuns

NOW = datetime(2027, 3, 1, 9, 0, tzinfo=UTC)
LEASE = timedelta(minutes=2)
MARGIN = timedelta(seconds=30)
LIMITS = {Channel.EMAIL: 1000, Channel.SMS: 100, Channel.WHATSAPP: 100, Channel.X_POST: 1}
_names = itertools.count(1)


def skeleton(channel: Channel, locale: str = "en_GB", **traits: Any) -> Skeleton:
    """A skeleton with one slot."""
    return Skeleton(
        channel=channel,
        locale=locale,
        variant="a",
        traits=tuple(traits.items()),
        parts={"body": Part(("Hello ", f", {channel} {locale}."), (Hole("name", Escape.PLAIN),))},
        slots={"name": Slot("name", SlotType.TEXT, 40, "you")},
    )


def release(
    campaign: str = "spring_sale",
    *,
    audience: Audience | None = None,
    purpose: Purpose = Purpose.MARKETING,
    topic: str = "offers",
    traits: tuple[str, ...] = (),
    expires_at: datetime | None = None,
    edition: str = "",
    channels: Sequence[Channel] = (Channel.EMAIL, Channel.SMS, Channel.X_POST),
) -> Release:
    """A release with a skeleton per channel in two locales."""
    return Release(
        campaign=campaign,
        title="Spring sale",
        edition=edition,
        policy=Policy(
            channels=tuple(channels),
            purpose=purpose,
            topic=topic,
            audience=audience or Everyone("everyone"),
            locales=("en_GB", "ca_ES"),
            traits=traits,
            post_locale="en_GB",
            expires_at=expires_at,
        ),
        facts={"price": {"en_GB": "€20", "ca_ES": "20 €"}},
        senders={Channel.EMAIL: {"address": "news@shop.example"}},
        skeletons=tuple(skeleton(c, locale) for c in channels for locale in ("en_GB", "ca_ES")),
        manifest={"campaign": campaign, "purpose": str(purpose), "until": str(expires_at)},
    )


@dataclass
class World:
    """One database with verbs for tests."""

    database: Database
    releases: SqlReleases = field(init=False)
    runs: SqlRuns = field(init=False)
    planning: SqlPlanning = field(init=False)
    outbox: SqlOutbox = field(init=False)

    def __post_init__(self) -> None:
        self.releases = SqlReleases(self.database)
        self.runs = SqlRuns(self.database)
        self.planning = SqlPlanning(self.database)
        self.outbox = SqlOutbox(self.database)

    def execute(self, *statements: Any) -> None:
        """Write directly."""
        with self.database.write() as connection:
            for statement in statements:
                connection.execute(statement)

    def rows(self, statement: Any) -> list[Any]:
        """Read directly."""
        with self.database.read() as connection:
            return list(connection.execute(statement).all())

    # Customers ------------------------------------------------------------------------------

    def customer(
        self,
        *,
        consents: bool = True,
        channels: Sequence[Channel] = (Channel.EMAIL,),
        **values: Any,
    ) -> int:
        """A customer with an address, and a consent to marketing, on each channel."""
        return self.customers(1, consents=consents, channels=channels, **values)[0]

    def customers(
        self,
        count: int,
        *,
        consents: bool = True,
        channels: Sequence[Channel] = (Channel.EMAIL,),
        **values: Any,
    ) -> list[int]:
        """Several of them, in one transaction."""
        common = {"locale": "en_GB", "attributes": {}, "created_at": 0, "updated_at": 0}
        table = schema.customers
        made = []
        with self.database.write() as connection:
            hashing = AddressHash.load(connection)
            for _ in range(count):
                row = {"ref": f"c{next(_names)}", **common, **values}
                found = connection.execute(insert(table).values(row).returning(table.c.id))
                made.append(found.scalar_one())
                for channel in channels:
                    _address(connection, hashing, made[-1], channel)
                    if consents:
                        _standing(connection, made[-1], channel, granted=True)
        return made

    def address(
        self, customer_id: int, channel: Channel, address: str = "", status: str = "active"
    ) -> None:
        """Give the customer an address; customers with the same one share its suppression."""
        with self.database.write() as connection:
            hashing = AddressHash.load(connection)
            _address(connection, hashing, customer_id, channel, address, status)

    def standing(self, customer_id: int, channel: Channel, **said: Any) -> None:
        """What the ledger says (see `_standing`), written as whoever records consents does."""
        with self.database.write() as connection:
            bar_intents(connection)
            _standing(connection, customer_id, channel, **said)

    def suppress(self, customer_id: int, channel: Channel, purpose: str = "marketing") -> None:
        """Suppress the customer's live address."""
        found = select(schema.addresses.c.address_key).where(
            schema.addresses.c.customer_id == customer_id, schema.addresses.c.channel == channel
        )
        with self.database.write() as connection:
            bar_intents(connection)
            key = connection.execute(found).scalar_one()
            connection.execute(
                insert(schema.suppressions).values(
                    address_key=key, purpose=purpose, reason="test", at=0
                )
            )

    def answers(self) -> int:
        """Messages that people answered, by what is learnt from what is recorded now."""
        learn(SqlLearning(self.database), Learning(), now=NOW + timedelta(days=1))
        return sum(row.answers for row in self.rows(select(schema.channel_uses)))

    # Runs -----------------------------------------------------------------------------------

    def started(self, of: Release | None = None, *, running: bool = True) -> Run:
        """A run with its shards."""
        run, _ = self.runs.start(of or release(), now=NOW, shard_size=10_000, limit=None)
        if running:
            self.runs.move(run.id, RunState.RUNNING, now=NOW)
        return self.runs.get(run.id)

    def finished(self, run_id: int, *, now: datetime = NOW) -> None:
        """The run is over, as if all that was planned had left."""
        d = schema.deliveries.c
        pending = update(schema.deliveries).where(d.run_id == run_id, d.state == "pending")
        with self.database.write() as connection:
            bar_intents(connection)
            connection.execute(pending.values(state="accepted"))
        self.runs.move(run_id, RunState.RUNNING, now=now)
        assert self.runs.move(run_id, RunState.FINISHED, now=now)

    def planned(
        self,
        customers: Sequence[int],
        *,
        of: Release | None = None,
        channel: Channel = Channel.EMAIL,
        running: bool = True,
    ) -> Run:
        """A run whose first shard sends to these customers on this channel."""
        made = of or release()
        run = self.started(made, running=running)
        (shard,) = self.runs.shards(run.id)
        wanted = made.skeleton(channel, "en_GB").hash
        plan = [PlannedDelivery(c, channel, wanted, "campaign_order") for c in customers]
        self.planning.write_plan(run, shard, plan, [], already=0, now=NOW)
        return run

    def claim(
        self,
        run: Run,
        *,
        shard: int = 0,
        owner: str = "worker",
        limits: Mapping[Channel, int] = LIMITS,
        now: datetime = NOW,
        lease: timedelta = LEASE,
    ) -> Batch:
        """A batch that must be there."""
        batch = self.outbox.claim(run.id, shard, owner=owner, limits=limits, now=now, lease=lease)
        assert batch is not None
        return batch

    def written(self, batch: Batch) -> list[Written]:
        """A message for each delivery of the batch."""
        return [
            Written(i.delivery_id, i.address, {"name": i.ref}, message_hash("x", {"name": i.ref}))
            for i in batch.items
        ]

    def intend(self, batch: Batch, *, now: datetime = NOW, margin: timedelta = MARGIN) -> set[int]:
        """Intend the whole batch."""
        return self.outbox.intend(batch, self.written(batch), now=now, margin=margin)

    def settle(self, batch: Batch, outcome: Outcome, *, now: datetime = NOW) -> None:
        """The same outcome for the whole batch."""
        self.outbox.settle(batch, {i.delivery_id: outcome for i in batch.items}, now=now)

    def sending(self, customers: Sequence[int], **kwargs: Any) -> tuple[Run, Batch]:
        """A run whose deliveries to these customers are on their way."""
        run = self.planned(customers, **kwargs)
        batch = self.claim(run)
        assert len(self.intend(batch)) == len(customers)
        return run, batch

    def states(self, run: Run) -> list[DeliveryState]:
        """The states of the run's deliveries, by id."""
        found = self.rows(
            select(schema.deliveries.c.state)
            .where(schema.deliveries.c.run_id == run.id)
            .order_by(schema.deliveries.c.id)
        )
        return [DeliveryState(row.state) for row in found]

    def set_delivery(self, delivery_id: int, **values: Any) -> None:
        """Bring one delivery into a state directly."""
        self.execute(
            update(schema.deliveries).where(schema.deliveries.c.id == delivery_id).values(values)
        )

    def delivery(self, delivery_id: int) -> Any:
        """One delivery's row."""
        (row,) = self.rows(select(schema.deliveries).where(schema.deliveries.c.id == delivery_id))
        return row

    def sent(self) -> list[int]:
        """Deliveries with a `sent` interaction, by id, each as often as it is recorded."""
        query = select(schema.interactions.c.delivery_id).where(
            schema.interactions.c.kind == "sent"
        )
        return sorted(row.delivery_id for row in self.rows(query))


def _address(
    connection: Connection,
    hashing: AddressHash,
    customer_id: int,
    channel: Channel,
    address: str = "",
    status: str = "active",
) -> None:
    default = f"c{customer_id}@example.com" if channel is Channel.EMAIL else f"+1{customer_id}"
    value = address or default
    connection.execute(
        insert(schema.addresses).values(
            customer_id=customer_id,
            channel=channel,
            address=value,
            address_key=hashing.key(channel.address_kind, value),
            status=status,
            updated_at=0,
        )
    )


def _standing(
    connection: Connection,
    customer_id: int,
    channel: Channel,
    *,
    granted: bool,
    purpose: Purpose = Purpose.MARKETING,
    topic: str = "*",
    at: datetime = NOW - timedelta(days=30),
) -> None:
    table = schema.standings
    key = {"customer_id": customer_id, "channel": channel, "purpose": purpose, "topic": topic}
    found = [table.c[name] == value for name, value in key.items()]
    connection.execute(table.delete().where(*found))
    connection.execute(insert(table).values(**key, granted=granted, at=to_ms(at)))
