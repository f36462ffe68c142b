"""Fixtures for all: a migrated database of one's own, on SQLite and on PostgreSQL.

PostgreSQL comes by CAMPAIGNS_TEST_POSTGRES_URL (see tests/postgres_server.py). Without it those
tests skip, or fail where CAMPAIGNS_REQUIRE_POSTGRES=1.
"""

from __future__ import annotations

import itertools
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, Connection, create_engine, make_url, text

from campaigns.store.engine import Database, open_database

_names = itertools.count()
BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


@pytest.fixture(scope="session")
def postgres_url() -> URL:
    """The server for the tests, or skip."""
    url = os.environ.get("CAMPAIGNS_TEST_POSTGRES_URL")
    if url:
        return make_url(url).set(drivername="postgresql+psycopg")
    reason = "CAMPAIGNS_TEST_POSTGRES_URL is not set: no PostgreSQL to test on"
    if os.environ.get("CAMPAIGNS_REQUIRE_POSTGRES") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty database file to copy: migrating takes half a second, copying nothing."""
    home = tmp_path_factory.mktemp("template")
    open_database("", home).close()
    return home / "campaigns.db"


@pytest.fixture(scope="session")
def postgres_template(postgres_url: URL) -> Iterator[str]:
    """The name of a migrated, empty database on the server, to copy."""
    name = f"campaigns_template_{os.getpid()}"
    with _scratch(postgres_url, f"CREATE DATABASE {name}", name):
        open_database(_text(postgres_url.set(database=name)), Path()).close()
        yield name


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a migrated, empty database that no other test sees."""
    with ExitStack() as stack:
        yield _new(request, tmp_path, stack)


@pytest.fixture
def database(database_url: str, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty database, open."""
    opened = open_database(database_url, tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """The same where the test is about SQLite, or where one kind of database will do."""
    shutil.copy(sqlite_template, tmp_path / "campaigns.db")
    opened = open_database("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def another_database(
    request: pytest.FixtureRequest, database: Database, tmp_path: Path
) -> Iterator[Callable[[], Database]]:
    """Makes more databases, empty and of the same kind as `database`."""
    with ExitStack() as stack:

        def make() -> Database:
            opened = open_database(_new(request, tmp_path, stack), tmp_path)
            stack.callback(opened.close)
            return opened

        yield make


def _new(request: pytest.FixtureRequest, folder: Path, stack: ExitStack) -> str:
    kind = request.node.callspec.params["database_url"]
    if kind == "sqlite":
        file = folder / f"campaigns_{next(_names)}.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), file)
        return f"sqlite:///{file}"
    server: URL = request.getfixturevalue("postgres_url")
    template = request.getfixturevalue("postgres_template")
    name = f"campaigns_test_{os.getpid()}_{next(_names)}"
    make = f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"
    stack.enter_context(_scratch(server, make, name))
    return _text(server.set(database=name))


@contextmanager
def _scratch(server: URL, make: str, name: str) -> Iterator[None]:
    """A database on the server for as long as the block lasts."""
    with _admin(server) as connection:
        connection.execute(text(make))
    try:
        yield
    finally:
        with _admin(server) as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _admin(server: URL) -> Iterator[Connection]:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
