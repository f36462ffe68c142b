"""Opening a database and its failures: one clear sentence each, and nothing committed is lost."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError

from campaigns.errors import DatabaseError
from campaigns.store import engine as engine_module
from campaigns.store.engine import Database, open_database
from campaigns.store.schema import meta
from tests.databases import PostgresDatabases


def test_without_a_url_the_database_is_a_file_in_home(tmp_path: Path) -> None:
    home = tmp_path / "not" / "yet" / "there"
    open_database("", home).close()
    assert (home / "campaigns.db").is_file()


def test_what_was_written_is_there_when_opened_again(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    with database.write() as connection:
        connection.execute(insert(meta).values(key="note", value="kept"))
    again = open_database(database_url, tmp_path)
    with again.read() as connection:
        assert connection.execute(select(meta.c.value).where(meta.c.key == "note")).scalar()
    again.close()


def test_an_exception_rolls_the_whole_write_back(database: Database) -> None:
    def write() -> None:
        with database.write() as connection:
            connection.execute(insert(meta).values(key="note", value="lost"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write()
    with database.read() as connection:
        assert not connection.execute(select(meta).where(meta.c.key == "note")).all()


def test_sqlite_commits_to_disk_and_checks_references(sqlite_database: Database) -> None:
    with sqlite_database.write() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]


def test_a_sqlite_reader_sees_one_moment(sqlite_database: Database) -> None:
    count = text("SELECT count(*) FROM meta")
    with sqlite_database.read() as reader:
        before = reader.execute(count).scalar()
        with sqlite_database.write() as writer:
            writer.execute(insert(meta).values(key="note", value="new"))
        assert reader.execute(count).scalar() == before


def test_what_is_asked_in_one_moment_sees_nothing_that_is_written_meanwhile(
    database: Database,
) -> None:
    notes = select(meta.c.value).where(meta.c.key == "note")
    with database.moment() as asking:
        assert asking.execute(notes).all() == []
        with database.write() as connection:
            connection.execute(insert(meta).values(key="note", value="later"))
        assert asking.execute(notes).all() == []
    with database.moment() as asking:
        assert asking.execute(notes).scalar() == "later"
    with database.read() as connection:
        assert connection.execute(notes).scalar() == "later"


def test_writers_wait_for_each_other(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(meta).values(key="n", value="0"))

    def add() -> None:
        for _ in range(20):
            with database.write() as connection:
                connection.execute(
                    text(
                        "UPDATE meta SET value = CAST(CAST(value AS int) + 1 AS text)"
                        " WHERE key = 'n'"
                    )
                )

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.read() as connection:
        value = connection.execute(select(meta.c.value).where(meta.c.key == "n")).scalar()
    assert value == "80"


@pytest.mark.parametrize(
    "url",
    ["mysql://root@localhost/x", "nonsense", "sqlite://", "sqlite:///:memory:", "http://[bad"],
)
def test_a_url_of_another_kind_is_refused_naming_the_setting(url: str, tmp_path: Path) -> None:
    with pytest.raises(DatabaseError, match=r"CAMPAIGNS_DATABASE_URL.*postgresql://") as caught:
        open_database(url, tmp_path)
    assert caught.value.exit_code == 2


def test_an_unreachable_server_is_named_without_the_password(tmp_path: Path) -> None:
    with socket.socket() as probe:  # bound and not listening: nobody answers there
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        with pytest.raises(DatabaseError) as caught:
            open_database(f"postgresql://ada:canary-secret@127.0.0.1:{port}/shop", tmp_path)
    told = str(caught.value)
    assert f"127.0.0.1:{port}/shop" in told
    assert "CAMPAIGNS_DATABASE_URL" in told
    assert "canary-secret" not in told
    assert "\n" not in told


@pytest.mark.postgres
@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_spelling_of_a_postgresql_url_is_understood(
    scheme: str, postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    name = postgres_databases.take()
    url = postgres_databases.server.set(drivername=scheme, database=name)
    open_database(url.render_as_string(hide_password=False), tmp_path).close()
    postgres_databases.give_back(name)


@pytest.mark.postgres
def test_a_database_that_does_not_exist_is_named(
    postgres_databases: PostgresDatabases, tmp_path: Path
) -> None:
    url = postgres_databases.server.set(database="nowhere")
    with pytest.raises(DatabaseError, match=r"no database at .*/nowhere.*Create it"):
        open_database(url.render_as_string(hide_password=False), tmp_path)


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "campaigns.db").mkdir()
    with pytest.raises(DatabaseError, match=r"campaigns\.db cannot be opened"):
        open_database("", tmp_path)


def test_a_file_that_may_not_be_written_is_named(sqlite_database: Database, tmp_path: Path) -> None:
    """`mode=ro` refuses root as well, whom file rights do not stop."""
    read_only = open_database(f"sqlite:///file:{tmp_path}/campaigns.db?mode=ro&uri=true", tmp_path)
    with pytest.raises(DatabaseError, match="may not be written"), read_only.write() as connection:
        connection.execute(insert(meta).values(key="note", value="no"))
    read_only.close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(DatabaseError, match=r"file/home.*CAMPAIGNS_HOME"):
        open_database("", tmp_path / "file" / "home")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "campaigns.db").write_text("these are not the tables you are looking for" * 100)
    with pytest.raises(DatabaseError, match=r"campaigns\.db is no campaigns database"):
        open_database("", tmp_path)


def test_a_full_disk_is_told_and_what_was_committed_is_kept(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """SQLite's own page limit gives the same SQLITE_FULL that a full disk does."""
    with sqlite_database.write() as connection:
        connection.execute(insert(meta).values(key="before", value="kept"))
    with pytest.raises(DatabaseError, match=r"disk is full.*campaigns\.db.*kept"):
        _fill(sqlite_database)
    again = open_database("", tmp_path)
    with again.read() as connection:
        keys = {row.key for row in connection.execute(select(meta))}
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    again.close()
    assert "before" in keys
    assert "k0" not in keys


def _fill(database: Database) -> None:
    with database.write() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
        for number in range(200):
            connection.execute(insert(meta).values(key=f"k{number}", value="x" * 4000))


def test_a_lock_that_does_not_end_is_told(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "BUSY_TIMEOUT", 50)
    impatient = open_database("", tmp_path)
    with (
        sqlite_database.write(),
        pytest.raises(DatabaseError, match="held by another program"),
        impatient.write(),
    ):
        pass
    impatient.close()


def test_a_mistake_of_ours_is_no_database_error(database: Database) -> None:
    with pytest.raises(Exception, match="no_such_table") as caught, database.read() as connection:
        connection.execute(text("SELECT * FROM no_such_table"))
    assert not isinstance(caught.value, DatabaseError)


def test_exceptions_carry_no_values(database: Database) -> None:
    row = {"key": "k", "value": "canary-value"}
    with database.write() as connection:
        connection.execute(insert(meta).values(row))
    with pytest.raises(IntegrityError) as caught, database.write() as connection:
        connection.execute(insert(meta).values(row))
    assert "meta" in str(caught.value)
    assert "canary-value" not in str(caught.value)
