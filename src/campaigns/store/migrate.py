"""Bringing a database to the newest migration, quickly when it already is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, inspect, text

from campaigns.errors import DatabaseError
from campaigns.store.migrations import HEAD

if TYPE_CHECKING:
    from campaigns.store.engine import Database

_LOCK = 4_801_236  # PostgreSQL's advisory lock while migrating
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database) -> None:
    """Nothing when the database is current; else migrate it, one process at a time.

    Raises DatabaseError when a newer version of campaigns made it.
    """
    with database.read() as connection:
        if _version(connection) == HEAD:
            return
    with database.write() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
        if _version(connection) != HEAD:  # another process may have been quicker
            _upgrade(connection, database.place)


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _upgrade(connection: Connection, place: str) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
        from campaigns.store.arming import adopt

        adopt(connection)
    except CommandError as error:
        raise DatabaseError(
            f"The database {place} was made by a newer version of campaigns. Update campaigns."
        ) from error
