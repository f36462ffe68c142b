"""Who has a campaign, by the unique index alone where all its deliveries count but a few.

Whether a delivery counts (it may have been cancelled, or kept back by a cap) stands in its row, and
reading a million rows costs five times what the index does. Those that may not count are found by
the index of what is settled: they are few, or else every row is read after all.
"""

from __future__ import annotations

from sqlalchemy import Connection, Select, and_, select, text

from campaigns.domain.channel import PERSONAL_CHANNELS
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.journey import Journey
from campaigns.store import bulk
from campaigns.store.candidates import counts, standing_of, who_has
from campaigns.store.schema import SETTLED, deliveries, runs

#: So many are looked up one by one, for each shard.
FEW = 1_000
#: States of deliveries of which some do not count: see `candidates.counts`.
_MAY_NOT_COUNT = (DeliveryState.CANCELLED, DeliveryState.EXPIRED, DeliveryState.SUPPRESSED)


class Having:
    """Who has one campaign, as of one moment."""

    def __init__(self, connection: Connection, campaign_id: int, journey: Journey) -> None:
        self._campaign_id = campaign_id
        self._journey = journey
        self._dialect = bulk.dialect_of(connection)
        # Of a journey one step may count where another does not.
        self._but = None if journey.goes_on else _who_do_not_count(connection, campaign_id)

    def within(self, first: int, last: int) -> Select[tuple[int]]:
        """The customers of this range of ids who have it, in order of their ids."""
        if self._but is None:
            return who_has(self._campaign_id, self._journey, first=first, last=last)
        customer = deliveries.c.customer_id
        standing = and_(standing_of(self._campaign_id), customer.between(first, last))
        but = [customer_id for customer_id in self._but if first <= customer_id <= last]
        if but:
            standing = and_(standing, ~bulk.among(customer, but, self._dialect))
        return select(customer).where(standing)


def _who_do_not_count(connection: Connection, campaign_id: int) -> list[int] | None:
    """The customers whose delivery does not count; None where there may be more than a few."""
    d = deliveries.c
    query = (
        select(d.customer_id, counts())
        .where(
            d.run_id.in_(select(runs.c.id).where(runs.c.campaign_id == campaign_id)),
            d.channel.in_(PERSONAL_CHANNELS),
            d.state.in_(_MAY_NOT_COUNT),
            d.step == 0,
            text(SETTLED),
        )
        .limit(FEW + 1)
    )
    found = connection.execute(query).all()
    return None if len(found) > FEW else [customer_id for customer_id, yes in found if not yes]
