"""The hour at which each customer answers: reading what they did, keeping what was learnt."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Connection, null, select

from campaigns.domain.best_hour import TELLING, Answered
from campaigns.domain.interaction import Agent
from campaigns.domain.release import Policy
from campaigns.domain.schedule import BestHour
from campaigns.store import bulk
from campaigns.store.clock import from_ms, to_ms
from campaigns.store.engine import Database, bar_imports
from campaigns.store.packed import UNIT, beside
from campaigns.store.schema import best_hours, customers

_KINDS = ", ".join(f"'{kind}'" for kind in sorted(TELLING))
_ANSWERED = f"""
SELECT i.customer_id, c.time_zone, c.country, i.at
  FROM {{given}} AS given
  JOIN customers c ON c.id = given.id
  JOIN interactions i ON i.customer_id = c.id AND i.at > :since
 WHERE i.kind IN ({_KINDS}) AND coalesce(i.agent, '{Agent.HUMAN}') = '{Agent.HUMAN}'
 ORDER BY i.customer_id
"""  # noqa: S608 - our own words
_ID = {"id": "bigint"}
_FORGET = "DELETE FROM best_hours WHERE customer_id IN (SELECT id FROM {given} AS given)"
_KNOWN = """
SELECT given.id FROM {given} AS given JOIN customers c ON c.id = given.id
"""
_COLUMNS = ("customer_id", "hour", "near", "answers", "learned_at")


class SqlHours:
    """Implements services.learn_hours.Hours."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def none(self) -> bool:
        """Whether nothing was learnt yet."""
        with self._database.read() as connection:
            return connection.execute(select(best_hours.c.customer_id).limit(1)).first() is None

    def of(self, customer_id: int) -> BestHour | None:
        """One customer's best hour."""
        b = best_hours.c
        query = select(b.hour, b.near, b.answers).where(b.customer_id == customer_id)
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else BestHour(*row)

    def answered(self, ids: Sequence[int], *, since: datetime) -> Iterator[Answered]:
        """See services.learn_hours.Hours."""
        with self._database.read() as connection:
            rows = _given(connection, _ANSWERED, ids, since=to_ms(since))
        for (customer, zone, country), own in groupby(rows, key=lambda row: row[:3]):
            yield customer, zone, country, [from_ms(row[3]) for row in own]

    def write(
        self, ids: Sequence[int], found: Sequence[tuple[int, BestHour]], *, now: datetime
    ) -> None:
        """See services.learn_hours.Hours. Nothing is written of who was erased meanwhile."""
        with self._database.write() as connection:
            bar_imports(connection)
            bulk.over(connection, _FORGET, _ID, [(i,) for i in ids])
            known = {row[0] for row in _given(connection, _KNOWN, [i for i, _ in found])}
            moment = to_ms(now)
            rows = [(i, b.hour, b.near, b.answers, moment) for i, b in found if i in known]
            bulk.insert(connection, best_hours, _COLUMNS, rows)


def _given(
    connection: Connection, statement: str, ids: Sequence[int], **values: int
) -> list[tuple[int, ...]]:
    rows = [(i,) for i in ids]
    return list(bulk.tuples(bulk.over(connection, statement, _ID, rows, **values))) if ids else []


def hour_text(policy: Policy) -> ColumnElement[Any]:
    """The best hour, as planning reads it; nothing where the campaign does not ask for it."""
    send_at, b = policy.schedule.send_at, best_hours.c
    if send_at is None or not send_at.best_hour:
        return null()
    return (
        select(beside(b.hour, b.near, b.answers))
        .where(b.customer_id == customers.c.id)
        .scalar_subquery()
    )


def read_hour(records: list[str]) -> BestHour | None:
    """Takes `hour_text` apart."""
    return BestHour(*map(int, records[0].split(UNIT))) if records else None
