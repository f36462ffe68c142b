"""How a customer, or a stranger who wrote, can be reached with an answer."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, select

from campaigns.domain.answer import AnswerKind, Reach
from campaigns.domain.customer import AddressStatus
from campaigns.domain.views import SuppressionView
from campaigns.store import strangers
from campaigns.store.clock import from_ms, from_ms_or_none
from campaigns.store.schema import addresses, channel_uses, suppressions


def read_reach(connection: Connection, customer_id: int, channel: str) -> Reach:
    """What is known of a customer on one channel; a number below zero is a stranger's."""
    if customer_id < 0:
        return _reach_of_stranger(connection, customer_id)
    a, s, u = addresses.c, suppressions.c, channel_uses.c
    query = (
        select(a.address, a.status, s.purpose, s.reason, s.at)
        .outerjoin(suppressions, s.address_key == a.address_key)
        .where(a.customer_id == customer_id, a.channel == channel)
    )
    row = connection.execute(query).one_or_none()
    used = select(u.last_inbound_at).where(u.customer_id == customer_id, u.channel == channel)
    inbound = from_ms_or_none(connection.execute(used).scalar_one_or_none())
    if row is None:
        return Reach(None, None, None, inbound)
    suppression = SuppressionView(row.purpose, row.reason, from_ms(row.at)) if row.purpose else None
    return Reach(row.address, AddressStatus(row.status), suppression, inbound)


def _reach_of_stranger(connection: Connection, number: int) -> Reach:
    row = strangers.find(connection, number)
    if row is None:
        return Reach(None, None, None, None)
    s = suppressions.c
    query = select(s.purpose, s.reason, s.at).where(s.address_key == row.address_key)
    barred = connection.execute(query).one_or_none()
    suppression = SuppressionView(barred[0], barred[1], from_ms(barred[2])) if barred else None
    return Reach(row.address, AddressStatus.ACTIVE, suppression, from_ms(row.last_at))


def with_own(reach: Reach, row: Row[Any]) -> Reach:
    """An automatic answer's own cause is a message of the customer too: STOP opens WhatsApp's
    window as any other."""
    if row.kind == AnswerKind.ANSWER:
        return reach
    caused = from_ms(row.created_at)
    last = reach.last_inbound_at
    later = caused if last is None or last < caused else last
    return Reach(reach.address, reach.status, reach.suppression, later)
