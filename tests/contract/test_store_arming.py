"""A restored or copied database sends nothing until somebody arms it: real files, real dumps."""

from __future__ import annotations

import itertools
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from campaigns.domain.audit import Action, AuditEntry
from campaigns.domain.batch import Batch
from campaigns.domain.channel import Channel
from campaigns.domain.run import RunState
from campaigns.errors import UnarmedError
from campaigns.store.arming import Marker, SqlArming
from campaigns.store.engine import Database, open_database
from tests.contract.store_world import LEASE, LIMITS, NOW, World, release

AT = "2027-03-01T09:00:00Z"
_sales = itertools.count()
ARMED = AuditEntry(NOW, "ana", Action.ARMED, "database", "the backup is what we have")


class Site:
    """A database with the home whose marker belongs to it."""

    def __init__(self, database: Database, home: Path) -> None:
        self.world = World(database)
        self.marker = Marker(home / "markers")
        self.arming = SqlArming(database, self.marker)

    def send(self, count: int = 1) -> list[Batch]:
        """Claim so many batches of one e-mail and mark them, as a worker does before it calls."""
        self.arming.require_armed()
        people = self.world.customers(count)
        run = self.world.planned(people, of=release(f"sale_{next(_sales)}"))
        batches = [self.world.claim(run, limits=dict.fromkeys(LIMITS, 1)) for _ in people]
        for batch in batches:
            self.marker.add(batch, AT)
        return batches

    @property
    def because(self) -> str | None:
        return self.arming.bearings().because


@contextmanager
def site(url: str, home: Path) -> Iterator[Site]:
    """Opened as one process does."""
    with closing(open_database(url, home)) as database:
        made = Site(database, home)
        with closing(made.marker):
            yield made


# SQLite ---------------------------------------------------------------------------------------


def backup(home: Path) -> Path:
    """As `sqlite3 campaigns.db .backup` does."""
    to = home / "backup.db"
    with (
        closing(sqlite3.connect(home / "campaigns.db")) as source,
        closing(sqlite3.connect(to)) as target,
    ):
        source.backup(target)
    return to


def test_a_new_database_is_armed_and_knows_what_it_is_made_of(tmp_path: Path) -> None:
    with site("", tmp_path) as here:
        bearings = here.arming.bearings()

        assert bearings.because is None
        assert bearings.stored == bearings.here


def test_a_backup_put_back_over_the_file_is_seen_by_the_marker(tmp_path: Path) -> None:
    with site("", tmp_path) as before:
        before.send(3)
        kept = backup(tmp_path)
        before.send(2)
    for leftover in tmp_path.glob("campaigns.db-*"):
        leftover.unlink()
    inode = (tmp_path / "campaigns.db").stat().st_ino
    (tmp_path / "campaigns.db").write_bytes(kept.read_bytes())  # the same file, older content
    assert (tmp_path / "campaigns.db").stat().st_ino == inode

    with site("", tmp_path) as after:
        assert after.because is not None
        assert "batch 5 has left, and it knows 3" in after.because
        assert list(after.arming.bearings().since.values()) == [AT]
        with pytest.raises(UnarmedError, match="campaigns arm"):
            after.send()


def test_a_backup_moved_into_the_place_of_the_file_is_seen_without_any_marker(
    tmp_path: Path,
) -> None:
    with site("", tmp_path) as before:
        before.send()
        kept = backup(tmp_path)
    shutil.rmtree(tmp_path / "markers")
    kept.replace(tmp_path / "campaigns.db")

    with site("", tmp_path) as after, pytest.raises(UnarmedError, match="restored from a backup"):
        after.send()


def test_a_copied_home_is_unarmed_and_the_original_goes_on(tmp_path: Path) -> None:
    with site("", tmp_path / "home") as here:
        here.send()
    shutil.copytree(tmp_path / "home", tmp_path / "copy")

    with site("", tmp_path / "copy") as copy, site("", tmp_path / "home") as here:
        assert copy.because is not None
        here.send()
        assert here.because is None


def test_a_home_restored_whole_is_seen_even_where_the_file_gets_its_old_number(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    with site("", home) as before:
        before.send()
    archive = shutil.make_archive(str(tmp_path / "home-backup"), "tar", home)
    with site("", home) as before:
        before.send()
    shutil.rmtree(home)
    shutil.unpack_archive(archive, home)

    with site("", home) as after:
        assert after.because is not None


def test_a_moved_home_stays_armed(tmp_path: Path) -> None:
    with site("", tmp_path / "home") as here:
        here.send()
    (tmp_path / "home").rename(tmp_path / "moved")

    with site("", tmp_path / "moved") as moved:
        moved.send()
        assert moved.because is None


def test_a_lost_marker_stops_nothing_and_is_begun_anew(tmp_path: Path) -> None:
    with site("", tmp_path) as here:
        here.send()
    shutil.rmtree(tmp_path / "markers")

    with site("", tmp_path) as here:
        (batch,) = here.send()
        assert here.because is None
        assert here.arming.bearings().marked == batch.id


def test_a_marker_cut_short_by_a_power_failure_is_read_up_to_there(tmp_path: Path) -> None:
    with site("", tmp_path) as here:
        here.send(2)
        path = here.marker.path(here.arming.bearings().here)
        path.write_bytes(path.read_bytes() + b"3 1")

        assert here.arming.bearings().marked == 2


def test_a_marker_that_cannot_be_written_is_told_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "markers").write_text("a file where the folder should be")

    with site("", tmp_path) as here:
        assert not here.marker.writable()
        here.send()
        assert here.because is None


def test_a_database_put_back_under_a_live_worker_stops_it_before_its_next_message(
    tmp_path: Path,
) -> None:
    with site("", tmp_path) as here:
        batch, later = here.send(2)

        with pytest.raises(UnarmedError, match="gone back"):
            here.marker.add(batch, AT)
        with pytest.raises(UnarmedError):
            here.marker.add(later, AT)


# Both -----------------------------------------------------------------------------------------


def test_arming_lets_it_send_with_ids_that_were_never_given_out(
    database: Database, tmp_path: Path
) -> None:
    here = Site(database, tmp_path)
    (first,) = here.send()
    with closing(here.marker):
        here.world.execute(text("UPDATE meta SET value = 'another' WHERE key = 'identity'"))
        with pytest.raises(UnarmedError):
            here.send()

        here.arming.arm(ARMED)

        again = here.send()
    assert here.because is None
    assert again[0].id > first.id + 999_999
    assert again[0].items[0].delivery_id > first.items[0].delivery_id + 999_999
    assert here.world.rows(text("SELECT action, actor FROM audit")) == [("armed", "ana")]


# PostgreSQL -----------------------------------------------------------------------------------

BINARIES = Path(os.environ.get("CAMPAIGNS_POSTGRES_BIN", "/usr/lib/postgresql/15/bin"))


def tool(name: str, url: str, *arguments: str, given: str | None = None) -> str:
    """`pg_dump` or `psql` on this database."""
    found = shutil.which(name) or shutil.which(name, path=BINARIES)
    if found is None:
        pytest.skip(f"no {name} here")
    address = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    done = subprocess.run(
        [found, *arguments, address], input=given, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def postgres(
    request: pytest.FixtureRequest, postgres_databases: object
) -> Iterator[Callable[[], str]]:
    """Makes databases on the server; the first is migrated, the others are empty."""
    from tests.databases import PostgresDatabases, _admin

    assert isinstance(postgres_databases, PostgresDatabases)
    made: list[str] = []

    def make() -> str:
        name = f"campaigns_arming_{os.getpid()}_{len(made)}"
        with _admin(postgres_databases.server) as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
        made.append(name)
        return postgres_databases.url(name)

    yield make
    with _admin(postgres_databases.server) as connection:
        for name in made:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.mark.postgres
def test_a_dump_restored_on_postgresql_is_unarmed_wherever_it_is_put(
    postgres: Callable[[], str], tmp_path: Path
) -> None:
    url = postgres()
    with site(url, tmp_path / "one") as here:
        here.send()
        assert here.because is None
    with site(url, tmp_path / "another machine") as worker:
        worker.send()  # without a marker of its own
        assert worker.because is None
    dump = tool("pg_dump", url, "--clean", "--if-exists")

    tool("psql", other := postgres(), "-q", "-v", "ON_ERROR_STOP=1", given=dump)
    with site(other, tmp_path / "new machine") as restored, pytest.raises(UnarmedError):
        restored.send()

    tool("psql", url, "-q", "-v", "ON_ERROR_STOP=1", given=dump)
    with site(url, tmp_path / "new machine") as restored:
        with pytest.raises(UnarmedError, match="restored from a backup"):
            restored.send()
        restored.arming.arm(ARMED)
        restored.send()


@pytest.mark.postgres
def test_data_put_back_into_the_same_tables_is_seen_by_the_marker(
    postgres: Callable[[], str], tmp_path: Path
) -> None:
    url = postgres()
    with site(url, tmp_path) as here:
        here.send()
        dump = tool("pg_dump", url, "--data-only", "--disable-triggers")
        here.send()
        tables = ", ".join(
            here.world.rows(
                text(
                    "SELECT string_agg(format('%I', tablename), ', ') FROM pg_tables "
                    "WHERE schemaname = 'public'"
                )
            )[0]
        )
        here.world.execute(text(f"TRUNCATE {tables}"))
    tool("psql", url, "-q", "-v", "ON_ERROR_STOP=1", given=dump)

    with site(url, tmp_path) as restored:
        assert restored.because is not None
        assert "batch 2 has left, and it knows 1" in restored.because


def test_a_run_under_way_stays_as_it_is_while_the_database_is_unarmed(
    database: Database, tmp_path: Path
) -> None:
    here = Site(database, tmp_path)
    here.send()
    here.marker.close()
    here.world.execute(text("UPDATE meta SET value = 'another' WHERE key = 'identity'"))

    with pytest.raises(UnarmedError):
        here.arming.require_armed()
    latest = here.world.runs.latest()
    assert latest is not None
    assert latest.state is RunState.RUNNING


def test_a_batch_that_another_worker_begins_meanwhile_is_no_sign_of_a_backup(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Between the look at the marker and the look at the database others go on sending."""
    world = World(sqlite_database)
    run = world.planned(world.customers(2))
    marker = Marker(tmp_path / "marker")
    arming = SqlArming(sqlite_database, marker)
    arming.require_armed()

    class Busy(Marker):
        """Somebody claims and marks a batch right after this one has been read."""

        def read(self, identity: str) -> list[tuple[int, int, str]]:
            lines = super().read(identity)
            batch = world.outbox.claim(
                run.id, 0, owner="other", limits={Channel.EMAIL: 1}, now=NOW, lease=LEASE
            )
            if batch is not None:
                marker.add(batch, "2027-03-01T09:00:00Z")
            return lines

    for _ in range(3):
        assert SqlArming(sqlite_database, Busy(tmp_path / "marker")).bearings().because is None
