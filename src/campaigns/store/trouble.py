"""Database failures in plain words: what happened, where, and the way out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import URL
from sqlalchemy.exc import DatabaseError as SqlDatabaseError
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from campaigns.errors import DatabaseError

_SETTING = "CAMPAIGNS_DATABASE_URL"

#: What SQLite says → what we say of `{place}`.
_SQLITE = {
    "disk is full": "The disk is full: {place} cannot grow. What was committed is kept; free some "
    "space and run the same command again.",
    "disk i/o error": "The disk under {place} failed while reading or writing. What was committed "
    "is kept; check the disk and its free space, then run the same command again.",
    "is locked": "The database {place} is held by another program. Close that program, then run "
    "the same command again.",
    "readonly database": "The database {place} may not be written. Give yourself the right to "
    "write it and its folder, or set CAMPAIGNS_HOME.",
    "unable to open": "The database {place} cannot be opened. Check that its folder exists and "
    "may be written, or set CAMPAIGNS_HOME.",
    "not a database": "The file {place} is no campaigns database. Move it away, or set "
    "CAMPAIGNS_HOME or {setting} to the right place.",
    "malformed": "The database {place} is damaged. Restore it from a backup.",
}
#: PostgreSQL's SQLSTATE, or its class → what we say.
_POSTGRES = {
    "53100": "The disk of the PostgreSQL server at {place} is full. What was committed is kept; "
    "free some space there and run the same command again.",
    "25006": "The PostgreSQL server at {place} is read-only. Point {setting} at the primary.",
    "42501": "The user in {setting} may not do this at {place}: {said}. Grant it the right to "
    "create and change tables there.",
    "28": "The PostgreSQL server at {place} refuses the user or password in {setting}. Mend them.",
    "3D": "There is no database at {place}. Create it, or mend {setting}.",
    "40": "PostgreSQL at {place} broke off this transaction in favour of another: {said}. Nothing "
    "of it was kept; run the same command again.",
}


@contextmanager
def translated(url: URL) -> Iterator[None]:
    """Turn the driver's failures into DatabaseError. Mistakes of ours (a broken statement, a key
    written twice) pass through unchanged."""
    try:
        yield
    except IntegrityError:
        raise
    except (DBAPIError, PoolTimeoutError) as error:
        sentence = explain(url, error)
        if sentence is None:
            raise
        raise DatabaseError(sentence) from error


def place(url: URL) -> str:
    """A file, or host, port and name; never the user or the password."""
    if url.get_backend_name() == "sqlite":
        return str(url.database)
    return f"{url.host or 'the local socket'}:{url.port or 5432}/{url.database or ''}"


def explain(url: URL, error: DBAPIError | PoolTimeoutError) -> str | None:
    """One sentence for the user; None where it is no trouble of the database's."""
    if isinstance(error, PoolTimeoutError):
        return f"All connections to {place(url)} are busy. Lower CAMPAIGNS_WORKERS."
    said = str(error.orig).strip().splitlines()[0] if str(error.orig).strip() else "no reason given"
    if url.get_backend_name() == "sqlite":
        return _explain_sqlite(url, error, said)
    return _explain_postgres(url, error, said)


def _explain_sqlite(url: URL, error: DBAPIError, said: str) -> str | None:
    for words, sentence in _SQLITE.items():
        if words in said.lower():
            return sentence.format(place=place(url), setting=_SETTING)
    if type(error) is SqlDatabaseError:
        return f"The database {place(url)} failed: {said}."
    return None  # "no such table" and its like are OperationalError too, and mistakes of ours


def _explain_postgres(url: URL, error: DBAPIError, said: str) -> str | None:
    state = getattr(error.orig, "sqlstate", None) or ""
    sentence = _POSTGRES.get(state) or _POSTGRES.get(state[:2])
    if sentence is not None:
        return sentence.format(place=place(url), setting=_SETTING, said=said)
    if isinstance(error, ProgrammingError) or state[:2] in {"21", "22", "42"}:
        return None
    return _unreachable(url, said)


def _unreachable(url: URL, said: str) -> str:
    for words, key in (("does not exist", "3D"), ("authentication failed", "28")):
        if words in said:
            return _POSTGRES[key].format(place=place(url), setting=_SETTING, said=said)
    return (
        f"The PostgreSQL server at {place(url)} cannot be used: {said}. "
        f"Check that it runs and that {_SETTING} is right."
    )
