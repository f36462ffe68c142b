"""The outbox: one message, once. Each method is one transaction; the rules are in its modules.

claiming → intending → settling, and the sweep for workers that died in between. The batch's id is
the fence: a newer claim overwrites it on the row, so what an older worker says finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, exists, func, literal, literal_column, or_, select, text

from campaigns.domain.batch import Batch, Written
from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.delivery import DeliveryState, Outcome, ProviderState
from campaigns.domain.pressure import Cap
from campaigns.domain.reason import Rule, Skip
from campaigns.domain.run import Wait
from campaigns.store.claiming import Claiming
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database
from campaigns.store.figures import counts
from campaigns.store.intending import QUIET, Intending
from campaigns.store.schema import batches, customers, deliveries, interactions, shards, skips
from campaigns.store.settling import Settling
from campaigns.store.sweeping import sweep


class SqlOutbox:
    """Implements services.ports.Outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._claiming = Claiming(database.dialect)
        self._intending = Intending(database.dialect)
        self._settling = Settling(database.dialect)

    def claim(
        self,
        run_id: int,
        shard: int,
        *,
        owner: str,
        limits: Mapping[Channel, int],
        now: datetime,
        lease: timedelta,
    ) -> Batch | None:
        """Claim up to limits[channel] due deliveries of one channel and skeleton of the shard;
        channels not in `limits` are left. None when nothing is due or the run is not running."""
        with self._database.write() as connection:
            return self._claiming.claim(
                connection, run_id, shard, owner=owner, limits=limits, now=now, lease=lease
            )

    def intend(
        self,
        batch: Batch,
        written: Sequence[Written],
        *,
        now: datetime,
        margin: timedelta,
        caps: Sequence[Cap] = (),
    ) -> set[int]:
        """Store what will be said and move claimed → sending, on disk before this returns, for
        those still permitted (see `intending.VERDICTS`). Returns their ids. The rest is settled
        or given back with its reason; what was not written stays claimed, to be settled."""
        with self._database.write() as connection:
            return self._intending.intend(
                connection, batch, written, now=now, margin=margin, caps=caps
            )

    def settle(
        self,
        batch: Batch,
        outcomes: Mapping[int, Outcome],
        *,
        now: datetime,
        request_id: str | None = None,
    ) -> None:
        """Write outcomes and, in the same transaction, the `sent` interactions of the accepted.

        Accepted is unfenced and always wins; everything else only where the batch still holds the
        row. Rejected with invalid_address marks the address, with opted_out suppresses it and
        appends a denial to the ledger.
        """
        with self._database.write() as connection:
            self._settling.settle(connection, batch, outcomes, now=now, request_id=request_id)

    def sweep(self, *, now: datetime) -> Mapping[DeliveryState, int]:
        """Expired leases: claimed → pending, sending → in_doubt; and what is pending in a run
        that was cancelled, or whose offer is over, ends. Returns how many went where."""
        with self._database.write() as connection:
            return sweep(connection, now)

    def counts(self, run_id: int) -> Mapping[tuple[Channel, DeliveryState], int]:
        """See services.ports.Outbox.counts: what was replaced by a next hop is not counted."""
        with self._database.read() as connection:
            return counts(connection, run_id)

    def next_due(self, run_id: int, shard: int) -> Mapping[Channel, datetime]:
        """When the shard's earliest pending delivery of each channel may be tried; channels
        without pending deliveries are left out."""
        query = (
            select(deliveries.c.channel, func.min(deliveries.c.not_before))
            .where(
                deliveries.c.run_id == run_id,
                deliveries.c.shard == shard,
                deliveries.c.state == literal_column("'pending'"),  # literal: the index is partial
            )
            .group_by(deliveries.c.channel)
        )
        with self._database.read() as connection:
            return {Channel(c): from_ms(earliest) for c, earliest in connection.execute(query)}

    def shards_left(self, run_id: int) -> frozenset[int]:
        """The shards of which something is pending, or in the hands of a worker that may die."""
        held = select(batches.c.shard).where(text("batches.open"), batches.c.run_id == run_id)
        pending = _pending(run_id).where(deliveries.c.shard == shards.c.no).exists()
        query = select(shards.c.no).where(
            shards.c.run_id == run_id, or_(pending, shards.c.no.in_(held))
        )
        with self._database.read() as connection:
            return frozenset(connection.execute(query).scalars())

    def pending(self, run_id: int, most: int) -> int:
        """How many deliveries of the run are pending, counted up to so many."""
        some = _pending(run_id).limit(most).subquery()
        with self._database.read() as connection:
            return connection.execute(select(func.count()).select_from(some)).scalar_one()

    def waits(self, run_id: int, *, now: datetime) -> list[Wait]:
        """What of the run waits for its time, and why; the most first."""
        number, first = func.count().label("number"), func.min(deliveries.c.not_before)
        # Planning writes no more than the time. (Literal: PostgreSQL has to see it grouped by.)
        why = func.coalesce(deliveries.c.outcome, literal_column(f"'{QUIET}'"))
        query = (
            select(why.label("why"), number, first.label("first"))
            .where(
                deliveries.c.run_id == run_id,
                deliveries.c.state == literal_column("'pending'"),
                deliveries.c.not_before > to_ms(now),
            )
            .group_by(why)
            .order_by(number.desc())
        )
        with self._database.read() as connection:
            return [
                Wait(row.why, row.number, from_ms(row.first)) for row in connection.execute(query)
            ]

    def outcomes(self, run_id: int) -> Mapping[str, int]:
        """See services.ports.Outbox.outcomes."""
        told = (DeliveryState.PENDING, DeliveryState.CLAIMED, DeliveryState.SENDING)
        number = func.count().label("number")
        query = (
            select(deliveries.c.outcome, number)
            .where(
                deliveries.c.run_id == run_id,
                deliveries.c.customer_id != PUBLIC,
                ~deliveries.c.replaced,
                deliveries.c.outcome.is_not(None),
                deliveries.c.state.not_in([*told, DeliveryState.ACCEPTED]),
            )
            .group_by(deliveries.c.outcome)
            .order_by(number.desc(), deliveries.c.outcome)
        )
        with self._database.read() as connection:
            return {row.outcome: row.number for row in connection.execute(query)}

    def recorded(self, run_id: int) -> int:
        """See services.ports.Outbox.recorded."""
        sent = exists().where(
            interactions.c.delivery_id == deliveries.c.id,
            interactions.c.kind == literal_column("'sent'"),  # literal: the index is partial
        )
        erased = and_(
            deliveries.c.state == DeliveryState.ACCEPTED,
            ~exists().where(customers.c.id == deliveries.c.customer_id),
        )
        query = select(func.count()).where(
            deliveries.c.run_id == run_id,
            ~deliveries.c.replaced,
            deliveries.c.customer_id != PUBLIC,
            or_(sent, erased),
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def fallbacks(self, run_id: int) -> Mapping[tuple[Channel, str], int]:
        """See services.ports.Outbox.fallbacks."""
        query = (
            select(deliveries.c.channel, deliveries.c.reason, func.count())
            .where(deliveries.c.run_id == run_id, ~deliveries.c.replaced, deliveries.c.hop > 0)
            .group_by(deliveries.c.channel, deliveries.c.reason)
        )
        with self._database.read() as connection:
            return {(Channel(c), reason): n for c, reason, n in connection.execute(query)}

    def exploring(self, run_id: int) -> int:
        """See services.ports.Outbox.exploring."""
        query = select(func.count()).where(
            deliveries.c.run_id == run_id,
            ~deliveries.c.replaced,
            deliveries.c.reason.startswith(Rule.EXPLORING),
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def reached_twice(self, run_id: int) -> int:
        """See services.ports.Outbox.reached_twice."""
        query = select(func.count()).where(
            deliveries.c.run_id == run_id,
            deliveries.c.replaced,
            deliveries.c.state == DeliveryState.ACCEPTED,
            deliveries.c.provider_state.is_(None)
            | deliveries.c.provider_state.not_in([ProviderState.BOUNCED, ProviderState.FAILED]),
        )
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def skip_counts(self, run_id: int) -> Mapping[str, int]:
        """Skips of the run by SkipReason value."""
        query = (
            select(skips.c.reason, func.count())
            .where(skips.c.run_id == run_id)
            .group_by(skips.c.reason)
        )
        counts: dict[str, int] = {}
        with self._database.read() as connection:
            for encoded, count in connection.execute(query):
                reason = str(Skip.decode(encoded).reason)
                counts[reason] = counts.get(reason, 0) + count
        return counts


def _pending(run_id: int) -> Select[tuple[int]]:
    """A row for each pending delivery of the run. The state is literal: the index is partial."""
    return select(literal(1)).where(
        deliveries.c.run_id == run_id, deliveries.c.state == literal_column("'pending'")
    )
