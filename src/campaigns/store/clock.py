"""Instants: aware datetimes outside the store, integers inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import text

if TYPE_CHECKING:
    from campaigns.store.engine import Database

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01 UTC, rounded down. Naive datetimes are refused.

    Raises ValueError: without a zone a datetime is no instant.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone, so it names no instant")
    return (moment - _EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The instant in UTC."""
    return _EPOCH + _MS * ms  # exact, where a float of seconds is not


def from_ms_or_none(ms: int | None) -> datetime | None:
    """The instant in UTC, where the column may be empty."""
    return None if ms is None else from_ms(ms)


def to_ms_or_none(moment: datetime | None) -> int | None:
    """Milliseconds, where the value may be absent."""
    return None if moment is None else to_ms(moment)


def clock_of(database: Database) -> datetime | None:
    """What the database's own machine has; None of a file, which has the clock of whoever asks."""
    if database.dialect != "postgresql":
        return None
    query = text("SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint")
    with database.read() as connection:
        return from_ms(connection.execute(query).scalar_one())
