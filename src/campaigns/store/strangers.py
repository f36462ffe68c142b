"""People who wrote to us and are not known here.

Where replies and answers name a customer by number, a stranger is called by their own, below zero:
one inbox, one outbox of answers (decision 31).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from campaigns.domain.answer import Said
from campaigns.domain.channel import Channel
from campaigns.domain.interaction import InteractionKind
from campaigns.store import bulk
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.event_matching import Match, Why
from campaigns.store.schema import answers, inbox, strangers, unmatched_events

#: What a stranger may say.
_SAID = tuple(map(str, (InteractionKind.REPLIED, InteractionKind.UNSUBSCRIBED)))


def number_of(connection: Connection, match: Match) -> int | None:
    """The number below zero of a stranger who writes; None for everybody else."""
    event = match.event
    if match.why is not Why.NO_CUSTOMER or match.key is None or event.address is None:
        return None
    values = {
        "channel": str(event.channel),
        "address_key": match.key,
        "address": event.address[:254],
        "last_at": to_ms(event.at),
    }
    later = func.max if bulk.dialect_of(connection) == "sqlite" else func.greatest
    statement = (
        bulk.upsert(connection, strangers)
        .values(values)
        .on_conflict_do_update(
            index_elements=["channel", "address_key"],
            set_={"last_at": later(strangers.c.last_at, to_ms(event.at))},
        )
        .returning(strangers.c.id)
    )
    return -int(connection.execute(statement).scalar_one())


def find(connection: Connection, number: int) -> Row[Any] | None:
    """The row of a stranger, by the number below zero."""
    query = select(strangers).where(strangers.c.id == -number)
    return connection.execute(query).one_or_none()


def talk(connection: Connection, number: int) -> list[Said]:
    """What a stranger wrote and what was answered, the newest first."""
    row = find(connection, number)
    if row is None:
        return []
    u, a = unmatched_events.c, answers.c
    wrote = select(u.at, u.data).where(
        u.address_key == row.address_key, u.channel == row.channel, u.kind.in_(_SAID)
    )
    said = [
        Said(from_ms(at), str(data["text"]), subject=data.get("subject"))
        for at, data in connection.execute(wrote)
        if data and "text" in data
    ]
    answered = select(a.created_at, a.text, a.by, a.state, a.outcome).where(
        a.customer_id == number, a.text.is_not(None)
    )
    said += [
        Said(from_ms(at), text, by=by, state=state, outcome=outcome)
        for at, text, by, state, outcome in connection.execute(answered)
    ]
    return sorted(said, key=lambda s: s.at, reverse=True)


def newest(connection: Connection, number: int, channel: Channel, upto: int) -> dict[str, Any]:
    """The data of the last message of theirs."""
    u = unmatched_events.c
    key = select(strangers.c.address_key).where(strangers.c.id == -number).scalar_subquery()
    query = (
        select(u.data)
        .where(
            u.address_key == key,
            u.channel == str(channel),
            u.kind == str(InteractionKind.REPLIED),
            u.at <= upto,
        )
        .order_by(u.at.desc(), u.key)
        .limit(1)
    )
    return connection.execute(query).scalar_one_or_none() or {}


def forget(connection: Connection, keys: Collection[str]) -> None:
    """Whoever has one of these addresses, with their replies and our answers."""
    found = select(strangers.c.id).where(strangers.c.address_key.in_(sorted(keys)))
    numbers = [-number for number in connection.execute(found).scalars()]
    for table in (inbox, answers):
        connection.execute(delete(table).where(table.c.customer_id.in_(numbers)))
    connection.execute(delete(strangers).where(strangers.c.id.in_([-n for n in numbers])))
