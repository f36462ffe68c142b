"""Which mode a database belongs to: its first run, answer or provider's event says so, for good.

One row in `meta`. A copy of the database has it too.
"""

from __future__ import annotations

from sqlalchemy import select

from campaigns.domain.mode import Mode, elsewhere
from campaigns.errors import ConfigurationError
from campaigns.store import bulk
from campaigns.store.engine import Database
from campaigns.store.schema import meta

#: The row in `meta`.
MODE = "mode"
#: Reads it.
STORED = select(meta.c.value).where(meta.c.key == MODE)


class SqlMode:
    """Holds a database to the mode that it began in."""

    def __init__(self, database: Database, now: Mode) -> None:
        self._database = database
        self._now = now
        self._ours = False  # never to change again, so that it is read once

    def belongs(self) -> Mode | None:
        """The mode that the database belongs to; None where nothing has begun in it."""
        with self._database.read() as connection:
            stored = connection.execute(STORED).scalar()
        return None if stored is None else Mode(stored)

    def elsewhere(self) -> str | None:
        """Why nothing may begin here in the mode of now, and the way out; None where it may."""
        belongs = self.belongs()
        return None if belongs is None else elsewhere(belongs, self._now)

    def require(self) -> None:
        """Raises ConfigurationError where the database belongs to the other mode. Writes
        nothing."""
        if self._ours:
            return
        if because := self.elsewhere():
            raise ConfigurationError(f"{because} Nothing was done.")

    def bind(self) -> None:
        """From now on the database belongs to the mode of now. Raises ConfigurationError where it
        belongs to the other."""
        if self._ours:
            return
        if self.belongs() is None:
            row = {"key": MODE, "value": str(self._now)}
            with self._database.write() as connection:
                connection.execute(
                    bulk.upsert(connection, meta).values(row).on_conflict_do_nothing()
                )
        self.require()  # of two that begin at once, the other may have been the first
        self._ours = True
