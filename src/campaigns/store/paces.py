"""The paces of the senders, shared by all workers: one row each, changed in short transactions."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Row, select, update

from campaigns.domain.pace import Pace
from campaigns.store import bulk
from campaigns.store.clock import from_ms_or_none, to_ms, to_ms_or_none
from campaigns.store.engine import Database
from campaigns.store.schema import paces

_T = TypeVar("_T")


class SqlPaces:
    """Implements services.ports.Paces."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def look(self, keys: Collection[str] | None = None) -> dict[str, Pace]:
        """The paces of these senders, or of all; who never had trouble or a rate has none."""
        query = select(paces)
        if keys is not None:
            query = query.where(paces.c.key.in_(keys))
        with self._database.read() as connection:
            return {row.key: _pace(row) for row in connection.execute(query)}

    def change(
        self, key: str, how: Callable[[Pace], tuple[Pace, _T]], *, now: datetime
    ) -> tuple[Pace, _T]:
        """Decide on the pace as it is and store what comes of it, alone: others wait meanwhile."""
        one = paces.c.key == key
        with self._database.write() as connection:
            query = select(paces).where(one).with_for_update()
            row = connection.execute(query).first()
            if row is None:
                blank = {"key": key, "updated_at": to_ms(now)}
                made = bulk.upsert(connection, paces).values(blank).on_conflict_do_nothing()
                connection.execute(made)
                row = connection.execute(query).one()
            before = _pace(row)
            after, result = how(before)
            if after != before:
                connection.execute(update(paces).where(one).values(_values(after, now)))
        return after, result


def _pace(row: Row[Any]) -> Pace:
    return Pace(
        free_at=row.free_at_us,
        failures=row.failures,
        trips=row.trips,
        closed_until=from_ms_or_none(row.closed_until),
        because=row.because,
        learned_at=from_ms_or_none(row.learned_at),
    )


def _values(pace: Pace, now: datetime) -> dict[str, Any]:
    return {
        "free_at_us": pace.free_at,
        "failures": pace.failures,
        "trips": pace.trips,
        "closed_until": to_ms_or_none(pace.closed_until),
        "because": pace.because,
        "learned_at": to_ms_or_none(pace.learned_at),
        "updated_at": to_ms(now),
    }
