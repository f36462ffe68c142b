"""Opening the database: SQLite in a file or PostgreSQL, migrated, with plain errors."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.exc import ArgumentError

from campaigns.errors import DatabaseError
from campaigns.store import trouble
from campaigns.store.asking_first import ask_the_rested
from campaigns.store.bulk import Dialect
from campaigns.store.migrate import migrate

SETTING = "CAMPAIGNS_DATABASE_URL"
#: How long a writer waits for another one on SQLite before it gives up, in milliseconds.
BUSY_TIMEOUT = 30_000
_OLDEST_SQLITE = (3, 35)  # the first with RETURNING
#: Held shared by every intent, exclusively by whoever bars messages: see `Database.bar_intents`.
_INTENT_LOCK = 4_801_237
#: Held by an import while it writes a batch: two at once could make one customer twice.
_IMPORT_LOCK = 4_801_238


class Database:
    """One open database. Safe to share between the threads of a process, not between processes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writer = engine.execution_options(campaigns_write=True)

    @property
    def dialect(self) -> Dialect:
        """Which of the two it is, for the few statements that differ."""
        return "sqlite" if self.engine.dialect.name == "sqlite" else "postgresql"

    @property
    def place(self) -> str:
        """Where it is, without user and password: a file, or host, port and name."""
        return trouble.place(self.engine.url)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection for reading; on SQLite all its statements see one moment."""
        with trouble.translated(self.engine.url), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def moment(self) -> Iterator[Connection]:
        """The same, and all its statements see one moment on PostgreSQL as well."""
        with self.read() as connection:
            if self.dialect == "postgresql":
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One write transaction: committed at the end, rolled back on any exception.

        Raises DatabaseError where the database cannot do it (full, locked, gone).
        """
        with trouble.translated(self._writer.url), self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Give all connections back."""
        self.engine.dispose()


def open_database(url: str, home: Path) -> Database:
    """Open the database at `url`, or the SQLite file in `home` when it is empty, and bring its
    tables to the newest migration.

    Raises DatabaseError naming CAMPAIGNS_DATABASE_URL or the file, and the way out.
    """
    target = _parse(url, home)
    database = Database(_engine(target))
    try:
        with trouble.translated(target):
            migrate(database)
    except BaseException:
        database.close()
        raise
    return database


def bar_intents(connection: Connection) -> None:
    """To be called in a write transaction before it writes a denial, a suppression, or a pause.

    It waits for the intents now being written and holds new ones back until this transaction
    ends, so that no intent can commit after an opt-out did. SQLite has one writer at a time, which
    is the same; PostgreSQL needs the lock.
    """
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_INTENT_LOCK})")


def bar_imports(connection: Connection) -> None:
    """One import's batch at a time, and none while a customer is erased. Before `bar_intents`,
    where both are wanted: an import takes them in this order."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_IMPORT_LOCK})")


def hold_imports(connection: Connection) -> None:
    """As `bar_imports`, for those that do not disturb one another: each with its own customers."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_IMPORT_LOCK})")


def hold_intent(connection: Connection) -> None:
    """The other side of `bar_intents`, taken by the outbox for each batch of intents; and before
    it reads, by whoever gives a run something more to send: a run that ends meanwhile would not
    see it."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock_shared({_INTENT_LOCK})")


def _parse(url: str, home: Path) -> URL:
    if not url:
        _make_folder(home)
        return URL.create("sqlite", database=str(home / "campaigns.db"))
    from sqlalchemy import make_url

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise DatabaseError(f"{SETTING} is no database address. {_ALLOWED}") from error
    match parsed.drivername:
        case "postgresql" | "postgres" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case "sqlite" if parsed.database and parsed.database != ":memory:":
            if not parsed.database.startswith("file:"):  # SQLite's own addresses, as for mode=ro
                _make_folder(Path(parsed.database).parent)
            return parsed
        case name:
            raise DatabaseError(f"{SETTING} asks for `{name}`. {_ALLOWED}")


_ALLOWED = (
    "Write postgresql://user:password@host:5432/name or sqlite:///path/to/file.db, "
    "or leave it empty for a file in CAMPAIGNS_HOME."
)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseError(
            f"The folder {folder} for the database cannot be made ({error.strerror}). "
            f"Set CAMPAIGNS_HOME to a folder that can be written, or {SETTING}."
        ) from error


def _engine(url: URL) -> Engine:
    sqlite = url.get_backend_name() == "sqlite"
    if sqlite and sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise DatabaseError(
            f"This Python brings SQLite {sqlite3.sqlite_version}; 3.35 or newer is needed. "
            f"Use a newer Python, or PostgreSQL by {SETTING}."
        )
    engine = create_engine(
        url,
        hide_parameters=True,  # no personal data in exceptions
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        connect_args={"timeout": BUSY_TIMEOUT / 1000} if sqlite else _postgres_args(url),
        # The connection that was used last holds the pages; in turns each would hold them all, and
        # on SQLite read them anew after every commit of another.
        pool_use_lifo=True,
    )
    if sqlite:
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _prepare_postgres)
        ask_the_rested(engine)
    return engine


def _dumps(value: object) -> str:
    return orjson.dumps(value).decode()


def _postgres_args(url: URL) -> dict[str, object]:
    defaults: dict[str, object] = {"connect_timeout": 5, "application_name": "campaigns"}
    return {name: value for name, value in defaults.items() if name not in url.query}


def _prepare_postgres(raw: Any, _record: object) -> None:
    """Every PostgreSQL connection. Statements run as they are: compiling one to machine code, as
    the server does from some cost on, takes a second, and ours take a tenth of that (decision 41).

    Lists travel in the database's own format: written out as text and read back, the thousand
    rows of a batch cost four times as much.
    """
    from psycopg.types.array import ListBinaryDumper

    raw.adapters.register_dumper(list, ListBinaryDumper)
    raw.autocommit = True  # or a rollback would take the setting back
    raw.execute("SET jit = off")
    raw.autocommit = False


def _prepare_sqlite(raw: sqlite3.Connection, _record: object) -> None:
    """Every SQLite connection: we say BEGIN ourselves, and a commit is on disk when it returns."""
    raw.isolation_level = None
    cursor = raw.cursor()
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT}",
        "foreign_keys = ON",
        "synchronous = FULL",
        "temp_store = MEMORY",
        "cache_size = -32000",
        "wal_autocheckpoint = 4000",
        "secure_delete = ON",  # what is erased is overwritten; not every build does so by itself
    ):
        cursor.execute(f"PRAGMA {pragma}")
    _use_wal(cursor)
    cursor.close()


def _use_wal(cursor: sqlite3.Cursor) -> None:
    """Readers never wait for the writer. The mode stays with the file; the first one to set it
    needs the whole file for a moment, and SQLite does not heed the busy timeout for that."""
    give_up = time.monotonic() + BUSY_TIMEOUT / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > give_up:
                raise
            time.sleep(0.02)
        else:
            return


def _begin_sqlite(connection: Connection) -> None:
    """Writers take the write lock at once: a reader that turns writer later could only fail."""
    write = connection.get_execution_options().get("campaigns_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
