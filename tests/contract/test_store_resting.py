"""A PostgreSQL connection is asked whether it lives where it has rested, and only there."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from campaigns.errors import DatabaseError
from campaigns.store import asking_first
from campaigns.store.engine import Database, open_database
from tests.databases import PostgresDatabases

pytestmark = pytest.mark.postgres
_AN_HOUR = 3600.0


@pytest.fixture
def url(postgres_databases: PostgresDatabases) -> Iterator[str]:
    name = postgres_databases.take()
    yield postgres_databases.url(name)
    postgres_databases.give_back(name)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url, Path())
    yield opened
    opened.close()


def _number(database: Database) -> int:
    """The server's process behind the connection that is used next."""
    with database.read() as connection:
        return _behind(connection)


def _behind(connection: Connection) -> int:
    number: int = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
    return number


def _cut(url: str, number: int) -> None:
    admin = open_database(url, Path())
    with admin.read() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:number, 10000)"), {"number": number})
    admin.close()


def test_a_connection_that_was_cut_while_it_rested_is_replaced(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_first, "RESTED", -1.0)
    before = _number(database)
    assert _number(database) == before
    _cut(url, before)
    assert _number(database) != before


def test_all_that_rested_are_replaced_once_one_was_cut(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asking_first, "RESTED", -1.0)
    with database.read() as one, database.read() as other:
        numbers = {_behind(one), _behind(other)}
    for number in numbers:
        _cut(url, number)
    monkeypatch.setattr(asking_first, "RESTED", -1.0)
    with database.read() as one:
        monkeypatch.setattr(asking_first, "RESTED", _AN_HOUR)
        with database.read() as other:
            assert not numbers & {_behind(one), _behind(other)}


def test_one_that_was_of_use_a_moment_ago_is_not_asked(
    database: Database, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut in that moment it fails plainly, as in the middle of a transaction, and once."""
    monkeypatch.setattr(asking_first, "RESTED", _AN_HOUR)
    asked: list[object] = []
    monkeypatch.setattr(asking_first, "_lives", lambda _engine, raw: asked.append(raw) or True)
    before = _number(database)
    assert _number(database) == before
    assert not asked
    _cut(url, before)
    with pytest.raises(DatabaseError):
        _number(database)
    assert _number(database) != before
