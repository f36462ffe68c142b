"""What a customer was told by campaigns that are still on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Row, ScalarSelect, func, select

from campaigns.domain.channel import Channel
from campaigns.domain.customer import Profile
from campaigns.domain.delivery import DeliveryState
from campaigns.domain.identity import IdentityKind
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.journey import MAX_STEPS
from campaigns.domain.onsite import CURRENT_FOR, Told, expiry
from campaigns.domain.release import Release
from campaigns.domain.run import RunState
from campaigns.errors import NotFoundError
from campaigns.store import interactions as recording
from campaigns.store.candidates import profiles_of
from campaigns.store.clock import from_ms, from_ms_or_none, to_ms
from campaigns.store.engine import Database
from campaigns.store.interactions import EventRow
from campaigns.store.schema import (
    campaigns,
    customers,
    deliveries,
    identities,
    interactions,
    messages,
    runs,
)

_LEFT = (DeliveryState.ACCEPTED, DeliveryState.IN_DOUBT)


class SqlOnsite:
    """Reading what was told, and writing that it was seen."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def customer(self, ref: str) -> int:
        """The number of the customer with this ref, of today or before a merge; by nothing else,
        since what stands in a web address ends in the logs of proxies. Raises NotFoundError."""
        other = select(identities.c.customer_id).where(
            identities.c.kind == IdentityKind.REF, identities.c.key == ref
        )
        with self._database.read() as connection:
            for query in (select(customers.c.id).where(customers.c.ref == ref), other):
                if (found := connection.execute(query).scalar_one_or_none()) is not None:
                    return int(found)
        raise NotFoundError("there is no customer with this ref.")

    def told(self, customer_id: int, *, now: datetime) -> list[Told]:
        """Of each live campaign the newest message that left, the newest campaign first."""
        d, r, seen = deliveries.c, runs.c, _seen(customer_id)
        query = (
            select(deliveries, campaigns.c.name, campaigns.c.edition, r.release_hash)
            .add_columns(r.expires_at, messages.c.slot_values, messages.c.hash, seen.label("seen"))
            .join(runs, r.id == d.run_id)
            .join(campaigns, campaigns.c.id == d.campaign_id)
            .join(messages, messages.c.delivery_id == d.id)
            .where(
                d.campaign_id.in_(select(campaigns.c.id)),  # with step: the unique index is used
                d.step.in_(range(MAX_STEPS)),
                d.customer_id == customer_id,
                ~d.replaced,
                d.state.in_(_LEFT),
                r.state != RunState.CANCELLED,
                (r.expires_at > to_ms(now))
                | (r.expires_at.is_(None) & (d.settled_at > to_ms(now - CURRENT_FOR))),
            )
            .order_by(d.step.desc(), d.id.desc())
        )
        with self._database.read() as connection:
            rows = connection.execute(query).all()
        newest: dict[int, Told] = {}
        for row in rows:
            newest.setdefault(row.campaign_id, _told(row))
        return sorted(newest.values(), key=lambda told: -told.delivery_id)

    def profile(self, customer_id: int, release: Release, *, now: datetime) -> Profile | None:
        """The customer as planning would see them now; None once they are erased."""
        with self._database.read() as connection:
            return profiles_of(connection, release, [customer_id], now).get(customer_id)

    def see(self, customer_id: int, delivery_id: int, source: str, *, now: datetime) -> bool:
        """Note that a source showed a message; False when it had said so before."""
        key = f"seen:{delivery_id}:{source}"
        data = orjson.dumps({"source": source}).decode()
        kind = str(InteractionKind.SEEN)
        row = EventRow(customer_id, to_ms(now), kind, None, delivery_id, key, data)
        with self._database.write() as connection:
            return bool(recording.record(connection, [row]))


def _seen(customer_id: int) -> ScalarSelect[int]:
    """When the customer was first shown a delivery."""
    i = interactions.c
    return (
        select(func.min(i.at))
        .where(
            i.customer_id == customer_id,
            i.delivery_id == deliveries.c.id,
            i.kind == InteractionKind.SEEN,
        )
        .scalar_subquery()
    )


def _told(row: Row[Any]) -> Told:
    at = from_ms(row.settled_at)
    return Told(
        delivery_id=row.id,
        campaign=row.name,
        edition=row.edition,
        release_hash=row.release_hash,
        skeleton_id=row.skeleton_id,
        channel=Channel(row.channel),
        at=at,
        expires_at=expiry(from_ms_or_none(row.expires_at), at),
        values=orjson.loads(row.slot_values),
        message_hash=row.hash,
        seen_at=from_ms_or_none(row.seen),
    )
