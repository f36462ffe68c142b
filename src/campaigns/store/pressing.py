"""What presses on a customer, as planning reads it: their wishes, and their latest contacts.

What is decided from it is domain.pressure's.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, ScalarSelect, Text, and_, case, cast, func, select, true

from campaigns.domain.channel import Channel
from campaigns.domain.consent import Purpose
from campaigns.domain.pressure import WEEK, Wishes, capped
from campaigns.domain.release import Policy
from campaigns.store.clock import to_ms
from campaigns.store.packed import RECORD, UNIT, beside
from campaigns.store.schema import contacts, customers, deliveries, preferences


def pressed_text(policy: Policy, now: datetime) -> ColumnElement[str]:
    """The customer's wishes, and how many contacts each cap and the last week count. For a service
    message nothing is counted."""
    if policy.purpose is not Purpose.MARKETING:
        return _wishes_text(now)
    return (
        func.coalesce(_wishes_text(now), "")
        .op("||")(RECORD)
        .op("||")(func.coalesce(_counts_text(policy, now), ""))
    )


def _wishes_text(now: datetime) -> ScalarSelect[str]:
    p = preferences.c
    wishes = (
        case((p.paused_until > to_ms(now), "1"), else_=""),
        *(func.coalesce(cast(c, Text()), "") for c in (p.weekly_most, p.quiet_from, p.quiet_until)),
        func.coalesce(p.channels, ""),
    )
    return select(beside(*wishes)).where(p.customer_id == customers.c.id).scalar_subquery()


def _counts_text(policy: Policy, now: datetime) -> ScalarSelect[str]:
    """One count per cap, and last that of a week. No contact, no row: NULL."""
    k, caps = contacts.c, policy.pressure.caps
    channel = select(deliveries.c.channel).where(deliveries.c.id == k.delivery_id).scalar_subquery()
    since = [to_ms(cap.since(now)) for cap in caps]
    counted = [
        and_(k.at > at, true() if cap.channel is None else channel == cap.channel)
        for cap, at in zip(caps, since, strict=True)
    ]
    week = to_ms(now - WEEK)
    sums = [
        cast(func.sum(case((clause, 1), else_=0)), Text()) for clause in [*counted, k.at > week]
    ]
    return (
        select(beside(*sums))
        .where(k.customer_id == customers.c.id, k.at > min([*since, week]))
        .scalar_subquery()
    )


class Pressed:
    """Takes `pressed_text` apart."""

    def __init__(self, policy: Policy) -> None:
        self._caps = policy.pressure.caps

    def __call__(self, records: list[str]) -> tuple[Wishes, frozenset[Channel]]:
        said, counted = (*records, "", "")[:2]
        paused, most, start, end, order = said.split(UNIT) if said else ("", "", "", "", "")
        wishes = Wishes(
            paused=bool(paused),
            weekly_most=int(most) if most else None,
            quiet=(int(start), int(end)) if start and end else None,
            order=tuple(map(Channel, order.split(","))) if order else (),
        )
        *counts, in_week = map(int, counted.split(UNIT)) if counted else [0] * (len(self._caps) + 1)
        full = capped(self._caps, counts, weekly_most=wishes.weekly_most, in_week=in_week)
        return wishes, full
