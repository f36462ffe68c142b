"""Instants: aware datetimes outside the store, integers inside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

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
