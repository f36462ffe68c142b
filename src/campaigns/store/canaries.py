"""Canaries: the first few of a run, and what is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select, text, update

from campaigns.domain.canary import CANARY_SHARD, CanaryState, Seen
from campaigns.domain.channel import PUBLIC
from campaigns.domain.delivery import DeliveryState
from campaigns.store import bulk
from campaigns.store.clock import from_ms, from_ms_or_none, to_ms
from campaigns.store.engine import Database
from campaigns.store.schema import canaries, canary_deliveries, deliveries

# A message that was replaced by a fallback has failed; its next hop is the same customer's.
_SEEN = text(
    """
    SELECT count(*) AS people, max(settled_at) AS settled_at,
           count(CASE WHEN state IN ('pending', 'claimed', 'sending') THEN 1 END) AS remaining,
           min(CASE WHEN state = 'pending' THEN not_before END) AS due_at,
           count(provider_state) AS reported,
           count(CASE WHEN state = 'rejected' OR provider_state IN ('bounced', 'failed')
                      THEN 1 END) AS bounced,
           count(CASE WHEN provider_state = 'complained' OR EXISTS (
               SELECT 1 FROM interactions i WHERE i.customer_id = d.customer_id
                  AND i.at >= :began AND i.kind = 'complained') THEN 1 END) AS complained,
           count(CASE WHEN EXISTS (
               SELECT 1 FROM interactions i WHERE i.customer_id = d.customer_id
                  AND i.at >= :began AND i.kind = 'unsubscribed') THEN 1 END) AS opted_out
      FROM canary_deliveries c JOIN deliveries d ON d.id = c.delivery_id
     WHERE c.run_id = :run
    """
)


@dataclass(frozen=True, slots=True)
class Canary:
    """A run's canary as it is kept: `because` is of the decision."""

    state: CanaryState
    began_at: datetime
    decided_at: datetime | None
    because: str | None

    @property
    def decided(self) -> bool:
        """Whether the rest goes on, or never will."""
        return self.decided_at is not None


class SqlCanaries:
    """The canaries of runs."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of_run(self, run_id: int) -> Canary | None:
        """None where the run has none."""
        query = select(canaries).where(canaries.c.run_id == run_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            return None
        decided_at = from_ms_or_none(row.decided_at)
        return Canary(CanaryState(row.state), from_ms(row.began_at), decided_at, row.because)

    def customers(self, run_id: int) -> list[int]:
        """Everybody whom the run has a message for that is still to go."""
        d = deliveries.c
        query = select(d.customer_id).where(
            d.run_id == run_id, d.customer_id != PUBLIC, d.state == DeliveryState.PENDING
        )
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def begin(self, run_id: int, customers: Sequence[int], *, now: datetime) -> None:
        """These go first: their messages make a shard of their own. In one transaction."""
        with self._database.write() as connection:
            row = {"run_id": run_id, "state": CanaryState.SENDING, "began_at": to_ms(now)}
            new = bulk.upsert(connection, canaries).values(row).on_conflict_do_nothing()
            if connection.execute(new.returning(canaries.c.run_id)).scalar() is None:
                return  # another command of the same run was quicker
            for start in range(0, len(customers), 500):
                _move(connection, run_id, customers[start : start + 500])

    def seen(self, run_id: int, began_at: datetime) -> Seen:
        """What is known of the few now."""
        with self._database.read() as connection:
            row = connection.execute(_SEEN, {"run": run_id, "began": to_ms(began_at)}).one()
        left = row.remaining
        return Seen(
            people=row.people,
            left=left,
            settled_at=None if left else from_ms_or_none(row.settled_at),
            reported=row.reported,
            bounced=row.bounced,
            complained=row.complained,
            opted_out=row.opted_out,
            due_at=from_ms_or_none(row.due_at),
        )

    def decide(self, run_id: int, state: CanaryState, because: str, *, now: datetime) -> bool:
        """Note the decision; False where it was made already."""
        change = (
            update(canaries)
            .where(canaries.c.run_id == run_id, canaries.c.decided_at.is_(None))
            .values(state=state, because=because, decided_at=to_ms(now))
        )
        with self._database.write() as connection:
            return connection.execute(change).rowcount == 1


def _move(connection: Connection, run_id: int, customers: Sequence[int]) -> None:
    d = deliveries.c
    chosen = (
        d.run_id == run_id,
        d.customer_id.in_(customers),
        d.state == DeliveryState.PENDING,
        ~d.replaced,
    )
    ids = connection.execute(
        update(deliveries).where(*chosen).values(shard=CANARY_SHARD).returning(d.id)
    ).scalars()
    rows = [(run_id, number) for number in ids]
    bulk.insert(connection, canary_deliveries, ("run_id", "delivery_id"), rows)
