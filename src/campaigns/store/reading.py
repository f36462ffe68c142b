"""Reading one customer whole, for people."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection, RowMapping, select

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Consent, ConsentSource, Purpose
from campaigns.domain.customer import AddressStatus, stated_order
from campaigns.domain.engagement import UNKNOWN, Prior
from campaigns.domain.interaction import InteractionKind
from campaigns.domain.reason import Skip
from campaigns.domain.views import (
    AddressView,
    CustomerView,
    SkipLine,
    StandingView,
    SuppressionView,
    UseView,
)
from campaigns.errors import NotFoundError
from campaigns.store.clock import from_ms, from_ms_or_none
from campaigns.store.delivery_reading import read_deliveries
from campaigns.store.learning import TENTHS, read_priors
from campaigns.store.preferences import read_preferences
from campaigns.store.schema import (
    addresses,
    campaigns,
    channel_uses,
    consents,
    customers,
    interactions,
    runs,
    skips,
    standings,
    suppressions,
)
from campaigns.store.timeline import all_rows, read_interactions


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
        interactions=read_interactions(connection, interactions.c.customer_id == customer_id),
        deliveries=read_deliveries(connection, customer_id),
        skips=_skips(connection, customer_id),
    )


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
        for row in all_rows(connection, query)
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
        for row in all_rows(connection, query.order_by(s.channel, s.purpose, s.topic))
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
        for row in all_rows(connection, query)
    )


def _uses(connection: Connection, customer_id: int) -> tuple[UseView, ...]:
    u = channel_uses.c
    query = select(channel_uses).where(u.customer_id == customer_id).order_by(u.channel)
    known = read_priors(connection)
    return tuple(_use(row, known) for row in all_rows(connection, query))


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
        for row in all_rows(connection, query)
    )
