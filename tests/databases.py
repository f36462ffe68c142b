"""Databases for tests: migrated, empty, one's own, and quick to get.

Migrating takes half a second, so SQLite files are copies of a migrated one, in memory where the
system has a folder for that (waiting for a disk would be most of the time), and PostgreSQL
databases are used again after they have been emptied.
"""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, create_engine, select, text

from campaigns.store.append_only import close_ledger, open_ledger
from campaigns.store.engine import Database, open_database
from campaigns.store.migrations import HEAD
from campaigns.store.schema import consents, metadata

_MEMORY = Path("/dev/shm")
#: Sequences that have counted.
_COUNTED = (
    "SELECT sequencename FROM pg_sequences "
    "WHERE schemaname = current_schema() AND last_value IS NOT NULL"
)


class SqliteFiles:
    """Hands out copies of a migrated file."""

    def __init__(self) -> None:
        usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
        self._folder = Path(tempfile.mkdtemp("campaigns", dir=_MEMORY if usable else None))
        self._numbers = itertools.count()
        template = open_database("", self._folder)
        with template.write() as connection:  # a copy of it is a new database, not a restored one
            connection.execute(text("DELETE FROM meta WHERE key = 'identity'"))
        template.close()

    def copy(self, to: Path | None = None) -> Path:
        """A new file, or this one."""
        file = to or self._folder / f"campaigns_{next(self._numbers)}.db"
        shutil.copy(self._folder / "campaigns.db", file)
        return file

    def close(self) -> None:
        """Remove them all."""
        shutil.rmtree(self._folder)


class PostgresDatabases:
    """Hands out migrated databases of one server, made when needed, emptied when given back."""

    def __init__(self, server: URL) -> None:
        self.server = server
        self._made: list[str] = []
        self._free: list[str] = []

    def take(self) -> str:
        """The name of an empty database."""
        return self._free.pop() if self._free else self.fresh()

    def fresh(self) -> str:
        """The name of one that nobody has used: its statistics know of no other test."""
        name = f"campaigns_test_{os.getpid()}_{len(self._made)}"
        with _admin(self.server) as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        self._made.append(name)
        open_database(self.url(name), Path()).close()
        return name

    def url(self, name: str) -> str:
        """As the setting has it."""
        return self.server.set(database=name).render_as_string(hide_password=False)

    def give_back(self, name: str) -> None:
        """Empty it for the next test; what the test left open is closed."""
        with _admin(self.server.set(database=name)) as connection:
            connection.execute(
                text(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
            )
            # The ledger of consents refuses deletion; replicas fire no triggers.
            connection.execute(text("SET session_replication_role = replica"))
            for table in reversed(metadata.sorted_tables):
                kept = " WHERE key <> 'address_key'" if table.name == "meta" else ""
                connection.execute(text(f"DELETE FROM {table.name}{kept}"))
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{HEAD}'"))
            # Who is held out, tries a channel or waits goes by numbers: as many as in a new file.
            for sequence in connection.execute(text(_COUNTED)).scalars().all():
                connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))
        self._free.append(name)

    def close(self) -> None:
        """Drop them all."""
        with _admin(self.server) as connection:
            for name in self._made:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def _admin(url: URL) -> Iterator[Connection]:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def empty(database: Database) -> None:
    """Delete every row of a database that is used again, but for what it is itself."""
    with database.write() as connection:
        forget_consents(connection)
        for table in reversed(metadata.sorted_tables):
            if table.name != "meta":
                connection.execute(table.delete())


def forget_consents(connection: Connection) -> None:
    """Empty the ledger, which only grows, by the one way that there is: as erasure does."""
    customers = list(connection.execute(select(consents.c.customer_id).distinct()).scalars())
    for customer_id in customers:
        open_ledger(connection, customer_id)
    connection.execute(consents.delete())
    for customer_id in customers:
        close_ledger(connection, customer_id)
