"""Reading interactions, for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from campaigns.domain.channel import Channel
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.domain.views import InteractionView
from campaigns.store.clock import from_ms
from campaigns.store.schema import campaigns, deliveries, interactions


def all_rows(connection: Connection, query: Select[Any]) -> Sequence[RowMapping]:
    """Rows by the names of their columns."""
    return connection.execute(query).mappings().all()


def read_interactions(connection: Connection, which: Any) -> tuple[InteractionView, ...]:
    """The newest first, with the campaign that each belongs to."""
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
        for row in all_rows(connection, query)
    )
