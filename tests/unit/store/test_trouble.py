"""What database failures are told as; the sentences that a test server cannot bring about."""

from __future__ import annotations

import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from campaigns.store import trouble

SERVER = make_url("postgresql+psycopg://ada:canary-secret@db.example.com/shop?password=canary2")
FILE = make_url("sqlite:////home/ada/campaigns.db")


class DriverError(Exception):
    """What a driver raises: words, and PostgreSQL's code."""

    def __init__(self, words: str, sqlstate: str | None = None) -> None:
        super().__init__(words)
        self.sqlstate = sqlstate


def _error(
    words: str, sqlstate: str | None = None, kind: type[DBAPIError] = OperationalError
) -> DBAPIError:
    return kind("SELECT 1", {"name": "canary-value"}, DriverError(words, sqlstate))


@pytest.mark.parametrize(
    ("words", "sqlstate", "told"),
    [
        ("could not extend file", "53100", "disk of the PostgreSQL server at db.example.com:5432"),
        ("cannot execute INSERT", "25006", "is read-only"),
        ("permission denied for schema public", "42501", "permission denied for schema public"),
        ("no", "28P01", "refuses the user or password in CAMPAIGNS_DATABASE_URL"),
        ("password authentication failed for user", None, "refuses the user or password"),
        ('database "shop" does not exist', None, "Create it, or mend CAMPAIGNS_DATABASE_URL"),
        ("deadlock detected", "40P01", "Nothing of it was kept"),
        ("server closed the connection\nunexpectedly", None, "cannot be used: server closed"),
        ("", None, "no reason given"),
    ],
)
def test_a_servers_trouble_is_one_sentence_with_the_place(
    words: str, sqlstate: str | None, told: str
) -> None:
    sentence = trouble.explain(SERVER, _error(words, sqlstate))
    assert sentence is not None
    assert told in sentence
    assert "db.example.com:5432/shop" in sentence
    assert "canary" not in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("database or disk is full", "The disk is full"),
        ("disk I/O error", "What was committed is kept"),
        ("database disk image is malformed", "Restore it from a backup"),
        ("attempt to write a readonly database", "may not be written"),
        ("database is locked", "held by another program"),
    ],
)
def test_a_files_trouble_names_the_file(words: str, told: str) -> None:
    sentence = trouble.explain(FILE, _error(words))
    assert sentence is not None
    assert told in sentence
    assert "/home/ada/campaigns.db" in sentence


@pytest.mark.parametrize(
    ("url", "error"),
    [
        (FILE, _error("no such table: x")),
        (SERVER, _error("relation x does not exist", "42P01", ProgrammingError)),
        (SERVER, _error("division by zero", "22012")),
    ],
)
def test_a_mistake_of_ours_is_not_dressed_up(url: object, error: DBAPIError) -> None:
    assert trouble.explain(url, error) is None  # type: ignore[arg-type]


def test_too_few_connections_is_told_with_the_way_out() -> None:
    sentence = trouble.explain(SERVER, PoolTimeoutError("QueuePool limit"))
    assert sentence is not None
    assert "CAMPAIGNS_WORKERS" in sentence
