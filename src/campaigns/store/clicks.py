"""Requests on click links: kept as they came, and told apart by what surrounds them."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlalchemy import Connection, text

from campaigns.domain.agent import (
    AT_ONCE,
    MANY_LINKS,
    MANY_PEOPLE,
    TOO_SOON,
    Surroundings,
    agent_of_click,
)
from campaigns.domain.channel import Channel
from campaigns.domain.click import Click
from campaigns.domain.interaction import Agent, InteractionKind
from campaigns.store import bulk, interactions
from campaigns.store.clock import from_ms_or_none, to_ms
from campaigns.store.engine import Database
from campaigns.store.interactions import EventRow

_AT_ONCE_MS = round(AT_ONCE.total_seconds() * 1000)
_TOO_SOON_MS = round(TOO_SOON.total_seconds() * 1000)


class SqlClicks:
    """Implements services.follow_link.Clicks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def url(self, delivery_id: int, link: str) -> str | None:
        """See services.follow_link.Clicks."""
        with self._database.read() as connection:
            found = connection.execute(text(_URL), {"delivery": delivery_id, "link": link})
            url: str | None = found.scalar()
        return url

    def record(self, click: Click) -> Agent | None:
        """See services.follow_link.Clicks."""
        with self._database.read() as connection:
            if connection.execute(text(_KNOWN), {"key": click.source_key}).scalar():
                return None  # a program that hammers on a link never holds up who writes
        with self._database.write() as connection:
            row = connection.execute(text(_WHOSE), {"delivery": click.delivery_id}).one_or_none()
            if row is None or not _keep(connection, click, row.customer_id):
                return None
            agent = click.agent
            if agent is None:
                around = _surroundings(connection, click, row.customer_id, row.settled_at)
                agent = agent_of_click(click.at, around)
                _doubt_others(connection, click, around)
            interactions.record(connection, [_event(click, row.customer_id, agent)])
            return agent


def doubt_too_soon(connection: Connection, arrivals: Sequence[tuple[int, int]]) -> None:
    """Deliveries and when they arrived, told after the fact: no reader is that quick."""
    if not arrivals:
        return
    rows = [(delivery, at + _TOO_SOON_MS) for delivery, at in arrivals]
    found = bulk.over(connection, _BEFORE, {"id": "bigint", "until": "bigint"}, rows)
    interactions.doubt(connection, list(found.scalars()))


def _keep(connection: Connection, click: Click, customer_id: int) -> bool:
    """The raw request; False when it is known already."""
    written = connection.execute(
        text(_KEEP),
        {
            "key": click.source_key,
            "at": to_ms(click.at),
            "customer": customer_id,
            "delivery": click.delivery_id,
            "link": click.link,
            "origin": click.origin,
            "machine": click.agent is Agent.MACHINE,
        },
    )
    return written.rowcount == 1


def _surroundings(
    connection: Connection, click: Click, customer_id: int, settled_at: int | None
) -> Surroundings:
    given = {"customer": customer_id, "delivery": click.delivery_id}
    arrived = connection.execute(text(_ARRIVED), given).scalar()
    links = connection.execute(text(_LINKS), _around(click)).scalar_one()
    people = connection.execute(text(_PEOPLE), {"origin": click.origin}).scalar_one()
    return Surroundings(
        arrived_at=from_ms_or_none(settled_at if arrived is None else arrived),
        links=links,
        people=people,
    )


def _doubt_others(connection: Connection, click: Click, around: Surroundings) -> None:
    """The clicks that seemed a person's until this one came."""
    if around.links >= MANY_LINKS:
        found = connection.execute(text(_KEYS_AROUND), _around(click))
        interactions.doubt(connection, list(found.scalars()))
    if around.people == MANY_PEOPLE:  # those that come after are doubted as they come
        found = connection.execute(text(_KEYS_OF_ORIGIN), {"origin": click.origin})
        interactions.doubt(connection, list(found.scalars()))


def _around(click: Click) -> dict[str, object]:
    at = to_ms(click.at)
    return {"delivery": click.delivery_id, "since": at - _AT_ONCE_MS, "until": at + _AT_ONCE_MS}


def _event(click: Click, customer_id: int, agent: Agent) -> EventRow:
    return EventRow(
        customer_id,
        to_ms(click.at),
        str(InteractionKind.CLICKED),
        str(Channel.EMAIL),
        click.delivery_id,
        click.source_key,
        orjson.dumps({"link": click.link}).decode(),
        str(agent),
    )


_URL = """
SELECT l.url FROM deliveries d JOIN runs r ON r.id = d.run_id
  JOIN links l ON l.release_hash = r.release_hash AND l.id = :link
 WHERE d.id = :delivery
"""
_KNOWN = "SELECT 1 FROM clicks WHERE source_key = :key"
_WHOSE = """
SELECT COALESCE(c.id, i.customer_id) AS customer_id, d.settled_at
  FROM deliveries d LEFT JOIN customers c ON c.id = d.customer_id
  LEFT JOIN identities i ON c.id IS NULL AND i.kind = 'number'
   AND i.key = CAST(d.customer_id AS text)
 WHERE d.id = :delivery AND COALESCE(c.id, i.customer_id) IS NOT NULL
"""
_KEEP = """
INSERT INTO clicks (source_key, at, customer_id, delivery_id, link, origin, machine)
VALUES (:key, :at, :customer, :delivery, :link, :origin, :machine)
    ON CONFLICT (source_key) DO NOTHING
"""
_ARRIVED = """
SELECT min(at) FROM interactions
 WHERE customer_id = :customer AND delivery_id = :delivery AND kind = 'delivered'
"""
_LINKS = """
SELECT count(DISTINCT link) FROM clicks
 WHERE delivery_id = :delivery AND at BETWEEN :since AND :until AND NOT machine
"""
_KEYS_AROUND = """
SELECT source_key FROM clicks
 WHERE delivery_id = :delivery AND at BETWEEN :since AND :until AND NOT machine
"""
#: One more than the rule asks for tells "now" from "already".
_PEOPLE = f"""
SELECT count(*) FROM (
  SELECT DISTINCT customer_id FROM clicks WHERE origin = :origin AND NOT machine
   LIMIT {MANY_PEOPLE + 1}) AS people
"""  # noqa: S608 - our own number
_KEYS_OF_ORIGIN = "SELECT source_key FROM clicks WHERE origin = :origin AND NOT machine"
_BEFORE = """
SELECT c.source_key FROM {given} AS given
  JOIN clicks c ON c.delivery_id = given.id AND c.at < given.until AND NOT c.machine
"""
