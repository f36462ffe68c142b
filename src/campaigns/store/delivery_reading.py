"""Reading one delivery whole, and the deliveries of one customer, for people."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Select, and_, select

from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.delivery import DeliveryState, ProviderState
from campaigns.domain.journey import MAX_STEPS
from campaigns.domain.reason import Reason, Skip
from campaigns.domain.views import DeliveryLine, DeliveryView, DoubtLine
from campaigns.errors import NotFoundError
from campaigns.store.audit import entries
from campaigns.store.clock import from_ms_or_none
from campaigns.store.schema import (
    batches,
    campaigns,
    customers,
    deliveries,
    doubts,
    interactions,
    messages,
    runs,
    skeletons,
    steps,
)
from campaigns.store.timeline import all_rows, read_interactions


def read_deliveries(connection: Connection, customer_id: int) -> tuple[DeliveryLine, ...]:
    """The customer's deliveries, the replaced ones too; the newest first."""
    d = deliveries.c
    standing = _lines().where(
        d.campaign_id.in_(select(campaigns.c.id)),
        d.step.in_(range(MAX_STEPS)),  # the unique index begins with both
        d.customer_id == customer_id,
        ~d.replaced,
    )
    replaced = _lines().where(d.replaced, d.customer_id == customer_id)
    rows = [*all_rows(connection, standing), *all_rows(connection, replaced)]
    return tuple(_line(row) for row in sorted(rows, key=lambda row: -row["id"]))


def _lines() -> Select[Any]:
    d = deliveries.c
    of_step = and_(steps.c.campaign_id == d.campaign_id, steps.c.number == d.step)
    return (
        select(deliveries, campaigns.c.name, campaigns.c.edition, steps.c.name.label("step_name"))
        .join(campaigns, campaigns.c.id == d.campaign_id)
        .outerjoin(steps, of_step)
    )


def _chain(connection: Connection, row: RowMapping) -> tuple[DeliveryLine, ...]:
    """A delivery and those it replaced or was replaced by."""
    if row["customer_id"] == PUBLIC:
        return (_line(row),)
    found = read_deliveries(connection, row["customer_id"])
    same = (row["name"], row["edition"])
    hops = [line for line in found if (line.campaign, line.edition) == same]
    return tuple(sorted(hops, key=lambda line: (line.hop, line.delivery_id)))


def _doubt(connection: Connection, delivery_id: int) -> DoubtLine | None:
    rows = all_rows(connection, select(doubts).where(doubts.c.delivery_id == delivery_id))
    if not rows:
        return None
    row = rows[0]
    looked_at = from_ms_or_none(row["looked_at"])
    return DoubtLine(row["looks"], looked_at, row["finding"], row["told"], row["resolved"])


def _line(row: RowMapping) -> DeliveryLine:
    channel = Channel(row["channel"])
    return DeliveryLine(
        row["id"],
        row["run_id"],
        row["name"],
        row["edition"],
        channel,
        row["reason"],
        Reason.decode(row["reason"]).explain(channel),
        DeliveryState(row["state"]),
        ProviderState(row["provider_state"]) if row["provider_state"] else None,
        row["outcome"],
        from_ms_or_none(row["settled_at"]),
        row["hop"],
        row["replaced"],
        Skip.decode(row["no_fallback"]).explain() if row["no_fallback"] else None,
        row.get("step_name"),
    )


def read_delivery(connection: Connection, delivery_id: int) -> DeliveryView:
    """One message whole. Raises NotFoundError."""
    d = deliveries.c
    query = (
        select(
            deliveries,
            campaigns.c.name,
            campaigns.c.edition,
            runs.c.release_hash,
            skeletons.c.hash.label("skeleton_hash"),
            customers.c.ref,
            messages.c.address,
            messages.c.slot_values,
            messages.c.hash.label("message_hash"),
            batches.c.request_id,
        )
        .join(campaigns, campaigns.c.id == d.campaign_id)
        .join(runs, runs.c.id == d.run_id)
        .join(skeletons, skeletons.c.id == d.skeleton_id)
        .outerjoin(customers, customers.c.id == d.customer_id)
        .outerjoin(messages, messages.c.delivery_id == d.id)
        .outerjoin(batches, batches.c.id == d.batch_id)
        .where(d.id == delivery_id)
    )
    row = connection.execute(query).mappings().one_or_none()
    if row is None:
        told = f"there is no delivery {delivery_id}; `campaigns show customer WHO` lists theirs."
        raise NotFoundError(told)
    return _view(connection, row)


def _view(connection: Connection, row: RowMapping) -> DeliveryView:
    line = _line(row)
    about = interactions.c.delivery_id == line.delivery_id
    values = row["slot_values"]
    return DeliveryView(
        delivery_id=line.delivery_id,
        customer_id=row["customer_id"],
        ref=None if row["customer_id"] == PUBLIC else row["ref"],
        campaign=line.campaign,
        edition=line.edition,
        run_id=line.run_id,
        release_hash=row["release_hash"],
        skeleton_id=row["skeleton_id"],
        skeleton_hash=row["skeleton_hash"],
        channel=line.channel,
        reason=line.reason,
        why=line.why,
        state=line.state,
        attempts=row["attempts"],
        outcome=line.outcome,
        settled_at=line.settled_at,
        provider_id=row["provider_id"],
        provider_state=line.provider_state,
        request_id=row["request_id"],
        address=row["address"],
        values=None if values is None else orjson.loads(values),
        message_hash=row["message_hash"],
        interactions=read_interactions(connection, about),
        chain=_chain(connection, row),
        doubt=_doubt(connection, line.delivery_id),
        audit=tuple(entries(connection, f"delivery:{line.delivery_id}", most=100)),
    )
