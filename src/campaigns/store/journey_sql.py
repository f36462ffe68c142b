"""A journey's conditions as SQL: listed kinds, bound values, no text from a file.

Every condition is true or false, never unknown. What programs do (clicks of scanners) is not
something that a customer did.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, ScalarSelect, and_, exists, func, not_, or_, select, text

from campaigns.domain.delivery import DeliveryState
from campaigns.domain.interaction import Agent
from campaigns.domain.journey import (
    ANY,
    OF_A_MESSAGE,
    Condition,
    EveryOf,
    Happened,
    Kind,
    NoneOf,
    SomeOf,
    Within,
)
from campaigns.store.clock import to_ms
from campaigns.store.schema import customers, deliveries, interactions


@dataclass(frozen=True, slots=True)
class Told:
    """What is read beside who is due: the campaign's name, and the audience as a clause."""

    campaign: str
    in_audience: ColumnElement[bool]


def where(
    node: Condition, campaign_id: int, numbers: Mapping[str, int], now: datetime
) -> ColumnElement[bool]:
    """The clause over `customers`. `numbers`: the steps' by name; one that is not there yet was
    sent to nobody."""
    match node:
        case EveryOf():
            return and_(*(where(n, campaign_id, numbers, now) for n in node.all))
        case SomeOf():
            return or_(*(where(n, campaign_id, numbers, now) for n in node.any))
        case NoneOf():
            return not_(where(node.not_, campaign_id, numbers, now))
        case Happened():
            return _happened(node, campaign_id, numbers, now)


def since(campaign_id: int, steps: Collection[int]) -> ScalarSelect[int]:
    """When the customer first got one of these steps; NULL when they got none."""
    return (
        select(func.min(deliveries.c.settled_at))
        .where(*_sent(campaign_id, steps))
        .correlate(customers)
        .scalar_subquery()
    )


def _sent(campaign_id: int, steps: Collection[int]) -> list[ColumnElement[bool]]:
    return [
        deliveries.c.campaign_id == campaign_id,
        deliveries.c.step.in_(sorted(steps)),
        deliveries.c.customer_id == customers.c.id,
        text("NOT deliveries.replaced"),  # type: ignore[list-item]  # as the partial index has it
        deliveries.c.state == DeliveryState.ACCEPTED,
    ]


def _happened(
    leaf: Happened, campaign_id: int, numbers: Mapping[str, int], now: datetime
) -> ColumnElement[bool]:
    kind, about = leaf.kind, leaf.about
    steps = _numbers(about, numbers)
    if kind is Kind.SENT:
        recent = []
        if isinstance(about, Within):
            recent = [deliveries.c.settled_at >= _ago(about, now)]
        return exists().where(*_sent(campaign_id, steps), *recent)
    i = interactions.c
    clauses = [i.customer_id == customers.c.id, i.kind == str(kind)]
    if kind is Kind.CLICKED:
        # An imported past has no class; it counts, as it does for channels' uses.
        clauses.append(or_(i.agent.is_(None), i.agent == Agent.HUMAN))
    if kind in OF_A_MESSAGE:
        ours = select(deliveries.c.id).where(*_sent(campaign_id, steps)).correlate(customers)
        clauses.append(i.delivery_id.in_(ours))
    if isinstance(about, Within):
        clauses.append(i.at >= _ago(about, now))
    elif kind not in OF_A_MESSAGE:
        clauses.append(i.at >= since(campaign_id, steps))
    return exists().where(*clauses)


def _numbers(about: str | Within, numbers: Mapping[str, int]) -> list[int]:
    if isinstance(about, Within) or about == ANY:
        return sorted(numbers.values())
    return [numbers[about]] if about in numbers else []


def _ago(about: Within, now: datetime) -> int:
    return to_ms(now - timedelta(days=about.within_days))
