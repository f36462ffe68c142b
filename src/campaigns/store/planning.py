"""The plan: profiles in, rows of the outbox out. Writing a shard's plan is one transaction."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import Connection, func, select, text, update
from sqlalchemy.exc import IntegrityError

from campaigns.domain.audience import Audience
from campaigns.domain.channel import PUBLIC
from campaigns.domain.customer import Profile
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.journey import Due
from campaigns.domain.plan import PlannedDelivery, PlannedSkip, Sifted
from campaigns.domain.release import Release
from campaigns.domain.run import Run, Shard
from campaigns.store import audience as audience_sql
from campaigns.store import bulk
from campaigns.store.candidates import (
    PAGE,
    has_delivery,
    in_audience,
    profiles_of,
    read_profiles,
    read_profiles_of,
)
from campaigns.store.clock import to_ms
from campaigns.store.engine import Database
from campaigns.store.intending import KEPT_BACK
from campaigns.store.journey_sql import Told
from campaigns.store.journeys import due
from campaigns.store.locking import Locking
from campaigns.store.releases import load_skeleton_ids
from campaigns.store.runs import find_campaign
from campaigns.store.schema import customers, deliveries, shards
from campaigns.store.skipping import insert_skips, skip_all
from campaigns.store.standing_skips import sift
from campaigns.store.steps import step_numbers

#: The shard of what is for everyone and not for the customers of a range: the public post.
POST_SHARD = -1

_COLUMNS = (
    "campaign_id",
    "step",
    "customer_id",
    "run_id",
    "shard",
    "channel",
    "skeleton_id",
    "reason",
    "state",
    "attempts",
    "not_before",
    "outcome",
)

#: Values of `_COLUMNS`.
_Row: TypeAlias = tuple[Any, ...]

_NOBODY: Mapping[str, Sequence[int]] = {}

#: The promise: one delivery per campaign, step and customer. Only one that was cancelled or expired
#: before it left, or that a cap or a pause kept back, is planned again, and belongs to the new run
#: from then on.
_UNLESS_IT_HAS_ONE = (
    "ON CONFLICT (campaign_id, step, customer_id) WHERE NOT replaced DO UPDATE SET "
    "run_id = excluded.run_id, shard = excluded.shard, channel = excluded.channel, "
    "skeleton_id = excluded.skeleton_id, reason = excluded.reason, state = excluded.state, "
    "not_before = excluded.not_before, attempts = 0, batch_id = NULL, settled_at = NULL, "
    "outcome = excluded.outcome "
    "WHERE deliveries.state IN ('cancelled', 'expired') OR "
    f"(deliveries.state = 'suppressed' AND deliveries.outcome IN {KEPT_BACK})"
)


class SqlPlanning:
    """Implements services.ports.PlanStore."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def audience_size(self, audience: Audience, *, now: datetime) -> int:
        """How many customers the filter matches."""
        clause = audience_sql.where(audience, now=now, dialect=self._database.dialect)
        with self._database.read() as connection:
            query = select(func.count()).select_from(customers).where(clause)
            return connection.execute(query).scalar_one()

    def anybody_in(self, audience: Audience, *, now: datetime) -> bool:
        """Whether the filter matches a customer."""
        clause = audience_sql.where(audience, now=now, dialect=self._database.dialect)
        with self._database.read() as connection:
            query = select(customers.c.id).where(clause).limit(1)
            return connection.execute(query).first() is not None

    def customer_range(self) -> tuple[int, int]:
        """Smallest and largest customer id; (0, -1) when there are none."""
        with self._database.read() as connection:
            low, high = connection.execute(
                select(func.min(customers.c.id), func.max(customers.c.id))
            ).one()
        return (0, -1) if low is None else (low, high)

    def profiles(
        self, release: Release, *, first_customer: int, last_customer: int, now: datetime
    ) -> Iterator[Profile]:
        """Customers of the audience in this id range who have no delivery of this campaign and
        edition yet, by id, in bounded memory."""
        return read_profiles(
            self._database, release, first=first_customer, last=last_customer, now=now
        )

    def sift(self, release: Release, run: Run, *, first: int, last: int, now: datetime) -> Sifted:
        """See store.standing_skips."""
        with self._database.moment() as connection:
            return sift(connection, release, run.id, first=first, last=last, now=now)

    def each_of(self, release: Release, ids: Sequence[int], *, now: datetime) -> Iterator[Profile]:
        """These customers as planning sees them, by id, in bounded memory."""
        return read_profiles_of(self._database, release, ids, now=now)

    def due(
        self, release: Release, step: str, *, first: int, last: int, now: datetime
    ) -> Iterator[Due]:
        """Customers in this id range who are due for a later step of the journey, by id."""
        within = in_audience(
            release, first=first, last=last, now=now, dialect=self._database.dialect
        )
        told = Told(release.campaign, within)
        with self._database.read() as connection:
            found = connection.execute(find_campaign(release.campaign, release.edition)).scalar()
            if found is not None:
                yield from due(
                    connection, found, step, release.policy.journey,
                    told=told, first=first, last=last, now=now,
                )  # fmt: skip

    def profiles_of(
        self, release: Release, ids: Sequence[int], *, now: datetime
    ) -> dict[int, Profile]:
        """These customers as planning sees them, by id."""
        found: dict[int, Profile] = {}
        with self._database.read() as connection:
            for start in range(0, len(ids), PAGE):
                found |= profiles_of(connection, release, ids[start : start + PAGE], now=now)
        return found

    def already(self, release: Release, *, first: int, last: int, now: datetime) -> int:
        """Customers of the audience in this id range who have a delivery of this campaign."""
        within = in_audience(
            release, first=first, last=last, now=now, dialect=self._database.dialect
        )
        campaign_id = find_campaign(release.campaign, release.edition).scalar_subquery()
        had = has_delivery(campaign_id, release.policy.journey)
        query = select(func.count()).select_from(customers).where(within, had)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one()

    def write_plan(
        self,
        run: Run,
        shard: Shard,
        deliveries: Sequence[PlannedDelivery],
        skips: Sequence[PlannedSkip],
        *,
        barred: Mapping[str, Sequence[int]] = _NOBODY,
        already: int,
        now: datetime,
    ) -> int:
        """One transaction: rows in, shard marked planned. A shard planned before is left alone.

        Rows go in ordered by channel and skeleton, so that a batch is a stretch of the table. A
        customer whom another run has planned meanwhile counts as `already`. Returns the
        deliveries written.
        """
        with self._database.write() as connection:
            if not _mark_planned(connection, run, shard, already, now):
                return 0
            written = 0
            if deliveries:
                written = _insert_deliveries(connection, run, shard.no, deliveries)
            insert_skips(connection, run, skips, now)
            for reason, customer_ids in barred.items():
                skip_all(connection, run, reason, customer_ids)
            if written < len(deliveries):
                _add_already(connection, run, shard, len(deliveries) - written)
        return written

    def write_post(
        self,
        run: Run,
        delivery: PlannedDelivery,
        *,
        now: datetime,  # noqa: ARG002  of the port; a delivery's row has no time of its own
    ) -> bool:
        """The run's public post as a delivery to PUBLIC (shard -1); False if the campaign has
        one already."""
        if delivery.customer_id != PUBLIC:
            raise ValueError(f"a post is for everyone, not for customer {delivery.customer_id}")
        with self._database.write() as connection:
            return _insert_deliveries(connection, run, POST_SHARD, [delivery]) == 1


def _mark_planned(
    connection: Connection, run: Run, shard: Shard, already: int, now: datetime
) -> bool:
    statement = (
        update(shards)
        .where(shards.c.run_id == run.id, shards.c.no == shard.no, shards.c.planned_at.is_(None))
        .values(planned_at=to_ms(now), already=already)
    )
    return connection.execute(statement).rowcount == 1


def _add_already(connection: Connection, run: Run, shard: Shard, more: int) -> None:
    connection.execute(
        update(shards)
        .where(shards.c.run_id == run.id, shards.c.no == shard.no)
        .values(already=shards.c.already + more)
    )


def _insert_deliveries(
    connection: Connection, run: Run, shard: int, planned: Sequence[PlannedDelivery]
) -> int:
    campaign_id = connection.execute(find_campaign(run.campaign, run.edition)).scalar_one()
    ids = load_skeleton_ids(connection, run.release_hash)
    numbers = {"": 0, **step_numbers(connection, campaign_id)}
    ordered = sorted(planned, key=lambda d: (d.channel, ids[d.skeleton_hash], d.customer_id))
    pending = str(DeliveryState.PENDING)
    return _write(
        connection,
        [
            (
                campaign_id,
                numbers[d.step],
                d.customer_id,
                run.id,
                shard,
                str(d.channel),
                ids[d.skeleton_hash],
                d.reason,
                pending,
                0,
                0 if d.not_before is None else to_ms(d.not_before),
                d.waits or None,
            )
            for d in ordered
        ],
    )


def _write(connection: Connection, rows: Sequence[_Row]) -> int:
    """Where none of these customers has a delivery of the campaign, as in its first run, rows are
    written without asking each time: by COPY on PostgreSQL. If another run comes in between, the
    unique key says so, and the plain way is taken."""
    if not _anybody_has_one(connection, rows):
        try:
            with connection.begin_nested():
                return bulk.insert(connection, deliveries, _COLUMNS, rows)
        except IntegrityError:
            pass
    return bulk.insert(connection, deliveries, _COLUMNS, rows, on_conflict=_UNLESS_IT_HAS_ONE)


def _anybody_has_one(connection: Connection, rows: Sequence[_Row]) -> bool:
    """Of the customers from the first to the last of these: a range of the unique index for each
    step."""
    campaigns, steps, among = ({row[at] for row in rows} for at in range(3))
    d = deliveries.c
    Locking(bulk.dialect_of(connection)).by_index(connection)
    query = select(d.id).where(
        d.campaign_id.in_(campaigns),
        d.step.in_(steps),
        d.customer_id.between(min(among, default=0), max(among, default=-1)),
        text("NOT deliveries.replaced"),  # as the partial index says it
    )
    return connection.execute(query.limit(1)).first() is not None
