"""What several of the contracts begin with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from campaigns.bootstrap.app import CLOCK, App
from campaigns.bootstrap.business import create_key
from campaigns.domain.api_key import Scope
from campaigns.settings import Settings
from campaigns.store.engine import Database
from campaigns.store.falling_back import SqlFallbacks
from tests import pages_world
from tests.contract.api_world import Clock, Shop
from tests.contract.profiles_world import Importing
from tests.contract.store_world import World
from tests.web_server import serving


@pytest.fixture
def importing(database: Database, tmp_path: Path) -> Importing:
    """Imports files of the text given, into a database of its own."""
    return Importing(database, tmp_path)


@pytest.fixture
def world(database: Database) -> World:
    """An empty database, and what fills it."""
    return World(database)


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Iterator[App]:
    """The application, over an empty database."""
    with App(Settings(_env_file=None, home=tmp_path, database_url=database_url)) as made:
        yield made


@pytest.fixture
def here(database_url: str, tmp_path: Path) -> Iterator[pages_world.Shop]:
    """An application whose customers have pages of their own."""
    with pages_world.shop(database_url, tmp_path) as made:
        yield made


@pytest.fixture
def client(here: pages_world.Shop) -> Iterator[httpx.Client]:
    """Who opens those pages."""
    with serving(here.app) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield client


@pytest.fixture
def clock() -> Clock:
    """The time of `shop`."""
    return Clock()


@pytest.fixture
def shop(database_url: str, tmp_path: Path, clock: Clock) -> Iterator[Shop]:
    """A public app, and a program that has a key."""
    settings = Settings(_env_file=None, home=tmp_path, database_url=database_url)
    with App(settings, replace(CLOCK, now=clock)) as app:
        _, secret = create_key(app, "till", set(Scope), by="Ana")
        headers = {"Authorization": f"Bearer {secret}"}
        with serving(app) as url, httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            yield Shop(app, World(app.database), client)


@pytest.fixture
def fallbacks(database: Database) -> SqlFallbacks:
    return SqlFallbacks(database)
