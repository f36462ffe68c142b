"""Fixtures for all: a migrated database of one's own, on SQLite and on PostgreSQL.

PostgreSQL comes by CAMPAIGNS_TEST_POSTGRES_URL (see tests/postgres_server.py). Without it those
tests skip, or fail where CAMPAIGNS_REQUIRE_POSTGRES=1.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import make_url

from campaigns.store.engine import Database, open_database
from tests.databases import PostgresDatabases, SqliteFiles

# How long an example takes depends on what else the machine does: no reason to fail. A submission
# is judged by the same examples each time; elsewhere they are new ones, which may find something.
settings.register_profile(
    "ours",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=os.environ.get("CI") == "true",
)
settings.load_profile("ours")

# Tests run at any hour of the day. Those about quiet hours bring a clock and heed them.
os.environ.setdefault("CAMPAIGNS_SANDBOX_QUIET_HOURS", "false")

BOTH = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]


def pytest_collection_finish() -> None:
    """Thousands of tests stay for good: looking through them again and again for garbage would stop
    everything for seconds at a time, in the middle of a test that has a deadline."""
    gc.collect()
    gc.freeze()


def pytest_report_header() -> str:
    """Said once, and not with each of the tests that skip for it."""
    there = "CAMPAIGNS_TEST_POSTGRES_URL" in os.environ
    return "PostgreSQL: " + ("yes" if there else "none, its tests skip (see CONTRIBUTING.md)")


@pytest.fixture(scope="session")
def sqlite_files() -> Iterator[SqliteFiles]:
    """Copies of a migrated file."""
    files = SqliteFiles()
    yield files
    files.close()


@pytest.fixture(scope="session")
def postgres_databases() -> Iterator[PostgresDatabases]:
    """Databases on the server for the tests, or skip."""
    url = os.environ.get("CAMPAIGNS_TEST_POSTGRES_URL")
    if not url:
        reason = "CAMPAIGNS_TEST_POSTGRES_URL is not set: no PostgreSQL to test on"
        if os.environ.get("CAMPAIGNS_REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    databases = PostgresDatabases(make_url(url).set(drivername="postgresql+psycopg"))
    yield databases
    databases.close()


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a migrated, empty database that no other test sees."""
    with ExitStack() as stack:
        yield _new(request, stack)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """A migrated, empty database, open."""
    opened = open_database(database_url, Path())
    yield opened
    opened.close()


@pytest.fixture
def sqlite_database(sqlite_files: SqliteFiles, tmp_path: Path) -> Iterator[Database]:
    """`campaigns.db` in tmp_path, open: where the test is about SQLite, or one kind will do."""
    sqlite_files.copy(tmp_path / "campaigns.db")
    opened = open_database("", tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def another_database(
    request: pytest.FixtureRequest, database: Database
) -> Iterator[Callable[[], Database]]:
    """Makes more databases, empty and of the same kind as `database`."""
    with ExitStack() as stack:

        def make() -> Database:
            opened = open_database(_new(request, stack), Path())
            stack.callback(opened.close)
            return opened

        yield make


def _new(request: pytest.FixtureRequest, stack: ExitStack) -> str:
    if request.node.callspec.params["database_url"] == "sqlite":
        files: SqliteFiles = request.getfixturevalue("sqlite_files")
        return f"sqlite:///{files.copy()}"
    databases: PostgresDatabases = request.getfixturevalue("postgres_databases")
    name = databases.take()
    stack.callback(databases.give_back, name)
    return databases.url(name)
