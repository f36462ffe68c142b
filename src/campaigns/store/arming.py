"""Whether this database may send: a restored or copied one must not, until somebody arms it.

What was sent after a backup was made is not in it, so going on from it would send it all again.
Two things tell (docs/decisions/0011):

- **Identity.** `meta` keeps what the database is made of: the file (its number and birth), or the
  PostgreSQL cluster, timeline, database and table. A copy or a restore is made of something else.
- **The marker**, a file beside it in CAMPAIGNS_HOME: before a batch leaves, its number is added
  there. A database whose newest batch is older than its marker was put back from a backup.
"""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from sqlalchemy import Connection, func, select, text

from campaigns.domain.audit import AuditEntry
from campaigns.domain.batch import Batch
from campaigns.errors import UnarmedError
from campaigns.store import bulk
from campaigns.store.audit import append
from campaigns.store.birth import birth
from campaigns.store.engine import Database
from campaigns.store.schema import batches, deliveries, meta

#: Rows in `meta`: what the database is made of, and below which batch number nothing new begins.
IDENTITY, FLOOR = "identity", "batch_floor"
#: Ids that arming leaves out: providers may quote those of messages that the backup does not know.
GAP = 1_000_000
_TAIL = 65_536  # bytes of the marker that are read: its lines grow, but for workers that race

_FILE = text("SELECT file FROM pragma_database_list WHERE name = 'main'")
_CLUSTER = text(
    "SELECT system_identifier FROM pg_control_system() "
    "WHERE has_function_privilege('pg_control_system()', 'execute')"
)
_PLACE = text(
    "SELECT substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) AS timeline, d.oid AS database, "
    "'meta'::regclass::oid AS table FROM pg_database d WHERE d.datname = current_database()"
)


@dataclass(frozen=True, slots=True)
class Bearings:
    """Where a database stands.

    Attributes:
        here: what it is made of now.
        stored: what it was made of when it was made or armed; None before its first use.
        newest_batch: the newest it knows of.
        marked: the newest batch that the marker knows to have left; 0 without a marker.
        since: runs in the marker's lines that the database does not know of: run → last time.
    """

    here: str
    stored: str | None
    newest_batch: int
    marked: int
    since: dict[int, str]

    @property
    def because(self) -> str | None:
        """Why it is not armed; None when it is."""
        if self.stored is not None and self.stored != self.here:
            return "it is a copy, or was restored from a backup: it is not where it was made"
        if self.marked > self.newest_batch:
            return (
                f"it is older than what was sent from here: batch {self.marked:,} has left, and "
                f"it knows {self.newest_batch:,} at most"
            )
        return None


class Marker:
    """Adds the number of each batch before it leaves. Shared by the threads of a process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._descriptor: int | None = None
        self._opening = threading.Lock()
        self._last = threading.local()

    def path(self, identity: str) -> Path:
        """One marker for each database that was sent from here."""
        return self._folder / blake2b(identity.encode(), digest_size=8).hexdigest()

    def open(self, identity: str) -> None:
        """To be called before the first batch; again changes nothing."""
        with self._opening:
            if self._descriptor is not None:
                return
            with suppress(OSError):  # a read-only home: see `writable`
                self._folder.mkdir(parents=True, exist_ok=True)
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
                self._descriptor = os.open(self.path(identity), flags, 0o644)

    def add(self, batch: Batch, at: str) -> None:
        """Raises UnarmedError when the numbers have gone back: restored under a live worker."""
        if batch.id <= getattr(self._last, "batch", 0):
            raise UnarmedError(
                f"the database has gone back while it was being sent from: batch {batch.id} had "
                "been given out before. Nothing of it leaves; see `campaigns arm`."
            )
        self._last.batch = batch.id
        if self._descriptor is not None:
            os.write(self._descriptor, f"{batch.id} {batch.run_id} {at}\n".encode())

    def read(self, identity: str) -> list[tuple[int, int, str]]:
        """The last lines: batch, run, time. A torn one (the machine stopped) is left out."""
        try:
            with self.path(identity).open("rb") as file:
                file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL))
                lines = file.read().decode("ascii", "replace").splitlines()
        except (FileNotFoundError, NotADirectoryError):
            return []
        parts = [line.split(" ") for line in lines]
        return [
            (int(p[0]), int(p[1]), p[2])
            for p in parts
            if len(p) == 3 and p[0].isdigit() and p[1].isdigit()
        ]

    def writable(self) -> bool:
        """Whether batches can be marked. Where not, sending goes on (docs/control.md)."""
        folder = self._folder
        if folder.exists() and not folder.is_dir():
            return False
        while not folder.exists() and folder != folder.parent:
            folder = folder.parent  # the first folder that is there: the others will be made in it
        return os.access(folder, os.W_OK)

    def close(self) -> None:
        """Give the file back."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class SqlArming:
    """Looks at the database and its marker, and arms it."""

    def __init__(self, database: Database, marker: Marker) -> None:
        self._database = database
        self._marker = marker

    def bearings(self) -> Bearings:
        """Two small queries and a look at two files."""
        with self._database.read() as connection:
            here, stored = identity(connection), _meta(connection, IDENTITY)
        lines = self._marker.read(here)
        if stored is not None and stored != here:
            lines += self._marker.read(stored)
        # After the marker: a batch is in the database before it is marked, so whatever other
        # workers begin meanwhile, the database never knows less than the lines read above.
        with self._database.read() as connection:
            newest = _newest_batch(connection)
        return Bearings(
            here=here,
            stored=stored,
            newest_batch=newest,
            marked=max((batch for batch, _, _ in lines), default=0),
            since={run: at for batch, run, at in sorted(lines) if batch > newest},
        )

    def require_armed(self) -> None:
        """Raises UnarmedError for a database that was restored or copied; takes note of a new
        one."""
        bearings = self.bearings()
        if bearings.because is not None:
            raise UnarmedError(
                f"nothing is sent: {bearings.because}. What was sent since is not in it, and would "
                "be sent again. `campaigns arm --by NAME --why TEXT` shows what would go on, and "
                "asks."
            )
        if bearings.stored is None:
            with self._database.write() as connection:
                adopt(connection)
        self._marker.open(bearings.here)

    def arm(self, entry: AuditEntry) -> None:
        """From now on this is the database that sends; the entry goes into the audit trail."""
        bearings = self.bearings()
        with self._database.write() as connection:
            arm(connection, bearings)
            append(connection, entry)


def adopt(connection: Connection) -> None:
    """Take note of what a new database is made of; one that has its identity keeps it."""
    row = {"key": IDENTITY, "value": identity(connection)}
    connection.execute(bulk.upsert(connection, meta).values(row).on_conflict_do_nothing())


def arm(connection: Connection, bearings: Bearings) -> None:
    """From now on this is the database, and ids that the lost messages may have had are left out.
    In the caller's transaction."""
    newest = max(bearings.marked, bearings.newest_batch) + GAP
    for key, value in ((IDENTITY, bearings.here), (FLOOR, str(newest))):
        insert = bulk.upsert(connection, meta).values(key=key, value=value)
        connection.execute(
            insert.on_conflict_do_update(index_elements=["key"], set_={"value": value})
        )
    _leave_out(connection, "batches", newest)
    known = connection.execute(select(func.coalesce(func.max(deliveries.c.id), 0))).scalar_one()
    _leave_out(connection, "deliveries", known + GAP)


def identity(connection: Connection) -> str:
    """What this database is made of."""
    if connection.dialect.name == "sqlite":
        file = Path(connection.execute(_FILE).scalar_one())
        return f"file {file.stat().st_ino} {birth(file)}"
    cluster = connection.execute(_CLUSTER).scalar()
    place = connection.execute(_PLACE).one()
    return f"postgresql {cluster} {place.timeline} {place.database} {place.table}"


def _newest_batch(connection: Connection) -> int:
    newest: int = connection.execute(select(func.coalesce(func.max(batches.c.id), 0))).scalar_one()
    return max(newest, int(_meta(connection, FLOOR) or 0))


def _meta(connection: Connection, key: str) -> str | None:
    return connection.execute(select(meta.c.value).where(meta.c.key == key)).scalar()


def _leave_out(connection: Connection, table: str, until: int) -> None:
    """The table's next id is greater than this."""
    if connection.dialect.name == "sqlite":
        # The row of a table without rows is not there yet, and the catalogue has no unique key.
        known = {"table": table, "until": until}
        connection.execute(
            text("DELETE FROM sqlite_sequence WHERE name = :table"), {"table": table}
        )
        connection.execute(text("INSERT INTO sqlite_sequence VALUES (:table, :until)"), known)
    else:
        sequence = text("SELECT setval(pg_get_serial_sequence(:table, 'id'), :until)")
        connection.execute(sequence, {"table": table, "until": until})
