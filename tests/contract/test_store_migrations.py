"""The migrations make exactly the tables that the code uses, on both databases."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from campaigns.domain.channel import AddressKind
from campaigns.errors import DatabaseError
from campaigns.store import consents, migrations
from campaigns.store.engine import Database, open_database
from campaigns.store.hashing import AddressHash
from campaigns.store.schema import metadata


def test_the_migrations_make_exactly_the_schema(database: Database) -> None:
    with database.read() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []


def test_the_migrations_make_the_same_tables_as_the_schema_on_sqlite(
    sqlite_database: Database, tmp_path: Path
) -> None:
    """Also what the comparison above does not look at: rowid tables, checks, partial indexes."""
    from sqlalchemy import create_engine

    bare = create_engine("sqlite://")
    metadata.create_all(bare)
    query = text(
        "SELECT name, replace(replace(sql, char(10), ''), char(9), '') FROM sqlite_master "
        "WHERE type <> 'trigger' AND sql IS NOT NULL "
        "AND name NOT LIKE 'alembic%' AND name NOT LIKE 'sqlite%'"
    )
    with bare.connect() as wanted, sqlite_database.read() as made:
        assert _tidy(made.execute(query).all()) == _tidy(wanted.execute(query).all())
    bare.dispose()


def _tidy(rows: object) -> dict[str, frozenset[str]]:
    """Order of constraints and spaces say nothing."""
    return {
        name: frozenset(sql.replace(" ", "").replace("(", ",").replace(")", ",").split(","))
        for name, sql in rows  # type: ignore[attr-defined]
    }


def test_head_is_the_newest_migration() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [migrations.HEAD]


def test_opening_a_current_database_does_not_import_alembic(sqlite_database: Database) -> None:
    program = (
        "import sys; from pathlib import Path; from campaigns.store.engine import open_database;"
        f"open_database({_url(sqlite_database)!r}, Path()).close(); print('alembic' in sys.modules)"
    )
    assert _python(program) == "False"


def test_processes_that_open_a_new_database_at_once_do_not_collide(tmp_path: Path) -> None:
    program = (
        "from pathlib import Path; from campaigns.store.engine import open_database;"
        f"open_database('', Path({str(tmp_path)!r})).close(); print('opened')"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=_environment(),
        )
        for _ in range(3)
    ]
    told = [p.communicate(timeout=120) for p in processes]
    assert [out.strip() for out, _err in told] == ["opened"] * 3, told


def test_a_database_of_a_newer_version_is_refused(database: Database, database_url: str) -> None:
    with database.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'from the future'"))
    with pytest.raises(DatabaseError, match="newer version of campaigns"):
        open_database(database_url, Path())


def test_each_database_hashes_addresses_under_its_own_key(tmp_path: Path) -> None:
    databases = [open_database("", tmp_path / name) for name in ("a", "b")]
    hashes = set()
    for database in databases:
        with database.read() as connection:
            hashing = AddressHash.load(connection)
        hashes.add(hashing.key(AddressKind.EMAIL, "ada@example.com"))
        assert hashing.key(AddressKind.EMAIL, "ada@example.com") in hashes
        database.close()
    assert len(hashes) == 2


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("not_permitted|email=no_consent|x_dm=not_written_first|whatsapp=no_us_marketing",
         "not_written_first|email=no_consent|x_dm=not_written_first|whatsapp=no_us_marketing"),
        ("not_permitted|whatsapp=no_us_marketing", "no_us_marketing|whatsapp=no_us_marketing"),
        ("no_consent|whatsapp=no_us_marketing", "no_consent|whatsapp=no_us_marketing"),
    ],
    ids=["of-x", "of-whatsapp", "another-reason"],
)  # fmt: skip
def test_a_skip_of_old_gets_the_name_of_the_rule(
    database: Database, database_url: str, before: str, after: str
) -> None:
    with database.write() as connection:
        connection.execute(text("ALTER TABLE runs DROP COLUMN portion"))
        connection.execute(text("ALTER TABLE runs ADD COLUMN planned_until BIGINT"))
        connection.execute(text("DROP TABLE stamps"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0020'"))
        connection.execute(text("INSERT INTO skips VALUES (1, 1, :reason)"), {"reason": before})
    reopened = open_database(database_url, Path())
    with reopened.read() as connection:
        assert connection.execute(text("SELECT reason FROM skips")).scalar() == after
    reopened.close()


def test_standings_keep_their_rows_when_their_foreign_key_goes(
    database: Database, database_url: str
) -> None:
    rows = [(1, "email", "marketing", "offers", True, 1_000, "import", "", "import")]
    with database.write() as connection:
        connection.execute(text(_SOMEBODY))
        consents.append(connection, rows)
        connection.execute(text("UPDATE alembic_version SET version_num = '0027'"))
    reopened = open_database(database_url, Path())
    with reopened.read() as connection:
        standing = connection.execute(text("SELECT * FROM standings")).one()
    reopened.close()
    assert tuple(standing) == rows[0][:6]


def test_nothing_stands_of_somebody_who_is_gone(database: Database) -> None:
    rows = [(7, "email", "marketing", "offers", True, 1_000, "import", "", "import")]
    with pytest.raises(IntegrityError), database.write() as connection:
        consents.append(connection, rows)
    with database.read() as connection:
        assert connection.execute(text("SELECT count(*) FROM standings")).scalar() == 0


_SOMEBODY = """
INSERT INTO customers (id, ref, locale, created_at, updated_at) VALUES (1, 'A', 'en_GB', 1, 1)
"""


def _url(database: Database) -> str:
    return database.engine.url.render_as_string(hide_password=False)


def _environment() -> dict[str, str]:
    source = str(Path(migrations.__file__).parents[3])
    return os.environ | {"PYTHONPATH": source}


def _python(program: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env=_environment(),
    )
    return done.stdout.strip()
