"""Real customers, looked up one at a time to show what they would read. Nothing is written."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from campaigns.domain.customer import AttributeValue

if TYPE_CHECKING:
    from campaigns.settings import Settings
    from campaigns.store.customers import SqlProfiles
    from campaigns.store.engine import Database

#: Where open_database keeps the customers when no CAMPAIGNS_DATABASE_URL is set.
_FILE = "campaigns.db"


@dataclass(frozen=True, slots=True)
class Known:
    """What the database knows of one customer, as far as a message uses it."""

    label: str
    locale: str
    country: str | None
    values: Mapping[str, AttributeValue]


class Customers:
    """The customers of the settings' database, if there is one yet: a preview makes none."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._database: Database | None = None

    @property
    def exist(self) -> bool:
        """Whether there is a database to look in."""
        return bool(self._settings.database_url) or (Path(self._settings.home) / _FILE).exists()

    def find(self, who: str) -> Known:
        """The customer with this ref, e-mail address, phone or handle.

        Raises NotFoundError, DatabaseError.
        """
        profiles = self._open()
        view = profiles.show(profiles.find(who))
        name = " ".join(n for n in (view.first_name, view.last_name) if n)
        return Known(
            label=f"{name} ({view.ref})" if name else view.ref,
            locale=view.locale,
            country=view.country,
            values={
                **view.attributes,
                "first_name": view.first_name,
                "last_name": view.last_name,
            },
        )

    def close(self) -> None:
        """Give the database back."""
        with self._lock:
            if self._database is not None:
                self._database.close()
            self._database = None

    def _open(self) -> SqlProfiles:
        from campaigns.store.customers import SqlProfiles
        from campaigns.store.engine import open_database

        with self._lock:
            if self._database is None:
                settings = self._settings
                self._database = open_database(settings.database_url, settings.home)
            return SqlProfiles(self._database)
