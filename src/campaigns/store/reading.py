"""Reading one customer or one delivery whole, for people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, RowMapping, Select, and_, select

from campaigns.domain.channel import PUBLIC, Channel
from campaigns.domain.consent import Consent, ConsentSource, Purpose
from campaigns.domain.customer import AddressStatus, stated_order
from campaigns.domain.delivery import DeliveryState, ProviderState
from campaigns.domain.engagement import UNKNOWN, Prior
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.routing import Reason, Skip
from campaigns.domain.views import (
    AddressView,
    CustomerView,
    DeliveryLine,
    DeliveryView,
    DoubtLine,
    InteractionView,
    SkipLine,
    StandingView,
    SuppressionView,
    UseView,
)
from campaigns.errors import NotFoundError
from campaigns.store.audit import entries
from campaigns.store.clock import from_ms, from_ms_or_none
from campaigns.store.learning import TENTHS, read_priors
from campaigns.store.preferences import read_preferences
from campaigns.store.schema import (
    addresses,
    batches,
    campaigns,
    channel_uses,
    consents,
    customers,
    deliveries,
    doubts,
    interactions,
    messages,
    runs,
    skeletons,
    skips,
    standings,
    steps,
    suppressions,
)

#: The unique key of deliveries begins with campaign and step; naming both lets it be used.
STEPS = tuple(range(10))


def read_customer(connection: Connection, customer_id: int) -> CustomerView:
    """Everything known of one customer. Raises NotFoundError."""
    row = connection.execute(select(customers).where(customers.c.id == customer_id)).mappings()
    found = row.one_or_none()
    if found is None:
        raise NotFoundError(f"there is no customer number {customer_id}.")
    first = Channel(found["preferred_channel"]) if found["preferred_channel"] else None
    return CustomerView(
        customer_id=customer_id,
        ref=found["ref"],
        first_name=found["first_name"],
        last_name=found["last_name"],
        locale=found["locale"],
        country=found["country"],
        time_zone=found["time_zone"],
        preferred_channel=first,
        stated=stated_order(first, read_preferences(connection, customer_id).channels),
        attributes=found["attributes"],
        last_purchase_at=from_ms_or_none(found["last_purchase_at"]),
        created_at=from_ms(found["created_at"]),
        updated_at=from_ms(found["updated_at"]),
        addresses=_addresses(connection, customer_id),
        standings=_standings(connection, customer_id),
        consents=_consents(connection, customer_id),
        uses=_uses(connection, customer_id),
        interactions=_interactions(connection, interactions.c.customer_id == customer_id),
        deliveries=_deliveries(connection, customer_id),
        skips=_skips(connection, customer_id),
    )


def _all(connection: Connection, query: Select[Any]) -> Sequence[RowMapping]:
    return connection.execute(query).mappings().all()


def _addresses(connection: Connection, customer_id: int) -> tuple[AddressView, ...]:
    query = (
        select(
            addresses,
            suppressions.c.purpose.label("suppressed_for"),
            suppressions.c.reason,
            suppressions.c.at,
        )
        .outerjoin(suppressions, suppressions.c.address_key == addresses.c.address_key)
        .where(addresses.c.customer_id == customer_id)
    )
    found = [
        AddressView(
            Channel(row["channel"]),
            row["address"],
            AddressStatus(row["status"]),
            from_ms(row["updated_at"]),
            SuppressionView(row["suppressed_for"], row["reason"], from_ms(row["at"]))
            if row["suppressed_for"]
            else None,
        )
        for row in _all(connection, query)
    ]
    return tuple(sorted(found, key=lambda a: list(Channel).index(a.channel)))


def _standings(connection: Connection, customer_id: int) -> tuple[StandingView, ...]:
    s = standings.c
    query = select(standings).where(s.customer_id == customer_id)
    return tuple(
        StandingView(
            Channel(row["channel"]),
            Purpose(row["purpose"]),
            row["topic"],
            row["granted"],
            from_ms(row["at"]),
        )
        for row in _all(connection, query.order_by(s.channel, s.purpose, s.topic))
    )


def _consents(connection: Connection, customer_id: int) -> tuple[Consent, ...]:
    query = select(consents).where(consents.c.customer_id == customer_id).order_by(consents.c.id)
    return tuple(
        Consent(
            Channel(row["channel"]),
            Purpose(row["purpose"]),
            row["topic"],
            row["granted"],
            from_ms(row["at"]),
            ConsentSource(row["source"]),
            row["proof"],
            row["actor"],
        )
        for row in _all(connection, query)
    )


def _uses(connection: Connection, customer_id: int) -> tuple[UseView, ...]:
    u = channel_uses.c
    query = select(channel_uses).where(u.customer_id == customer_id).order_by(u.channel)
    known = read_priors(connection)
    return tuple(_use(row, known) for row in _all(connection, query))


def _use(row: RowMapping, known: Mapping[Channel, Prior]) -> UseView:
    channel = Channel(row["channel"])
    seen = row["recent_answers"] / TENTHS, row["recent_messages"] / TENTHS
    belief = known.get(channel, UNKNOWN).updated(*seen)
    return UseView(
        channel,
        row["messages"],
        row["answers"],
        InteractionKind(row["kind"]) if row["kind"] else None,
        round(belief.mean, 4),
        round(belief.low, 4),
        from_ms_or_none(row["last_inbound_at"]),
        from_ms_or_none(row["learned_at"]),
    )


def _interactions(connection: Connection, which: Any) -> tuple[InteractionView, ...]:
    i = interactions.c
    query = (
        select(i.at, i.kind, i.channel, i.delivery_id, i.data, i.agent, campaigns.c.name)
        .select_from(
            interactions.outerjoin(deliveries, deliveries.c.id == i.delivery_id).outerjoin(
                campaigns, campaigns.c.id == deliveries.c.campaign_id
            )
        )
        .where(which)
        .order_by(i.at.desc(), i.id.desc())
    )
    return tuple(
        InteractionView(
            from_ms(row["at"]),
            InteractionKind(row["kind"]),
            Channel(row["channel"]) if row["channel"] else None,
            row["delivery_id"],
            row["name"],
            row["data"] or {},
            Agent(row["agent"]) if row["agent"] else None,
        )
        for row in _all(connection, query)
    )


def _deliveries(connection: Connection, customer_id: int) -> tuple[DeliveryLine, ...]:
    d = deliveries.c
    standing = _lines().where(
        d.campaign_id.in_(select(campaigns.c.id)),
        d.step.in_(STEPS),
        d.customer_id == customer_id,
        ~d.replaced,
    )
    replaced = _lines().where(d.replaced, d.customer_id == customer_id)
    rows = [*_all(connection, standing), *_all(connection, replaced)]
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
    found = _deliveries(connection, row["customer_id"])
    same = (row["name"], row["edition"])
    hops = [line for line in found if (line.campaign, line.edition) == same]
    return tuple(sorted(hops, key=lambda line: (line.hop, line.delivery_id)))


def _doubt(connection: Connection, delivery_id: int) -> DoubtLine | None:
    rows = _all(connection, select(doubts).where(doubts.c.delivery_id == delivery_id))
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


def _skips(connection: Connection, customer_id: int) -> tuple[SkipLine, ...]:
    query = (
        select(skips, campaigns.c.name, campaigns.c.edition)
        .join(runs, runs.c.id == skips.c.run_id)
        .join(campaigns, campaigns.c.id == runs.c.campaign_id)
        .where(skips.c.run_id.in_(select(runs.c.id)), skips.c.customer_id == customer_id)
        .order_by(skips.c.run_id.desc())
    )
    return tuple(
        SkipLine(
            row["run_id"],
            row["name"],
            row["edition"],
            row["reason"],
            Skip.decode(row["reason"]).explain(),
        )
        for row in _all(connection, query)
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
        interactions=_interactions(connection, about),
        chain=_chain(connection, row),
        doubt=_doubt(connection, line.delivery_id),
        audit=tuple(entries(connection, f"delivery:{line.delivery_id}", most=100)),
    )
