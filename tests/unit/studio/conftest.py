"""A templates folder of one's own, and a desk over it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from campaigns.bootstrap.preview import Customers, Desk, Previewer
from campaigns.content.catalog import Catalog
from campaigns.settings import Settings

_SHIPPED = Path(__file__).parents[3] / "templates"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(_SHIPPED, tmp_path / "templates"))


@pytest.fixture
def desk(templates: Path, tmp_path: Path) -> Desk:
    return Desk(Catalog(templates), Customers(Settings(home=tmp_path / "home")))


@pytest.fixture(scope="session")
def shipped() -> Desk:
    """A desk over the shipped templates, compiled; for tests that change no file."""
    desk = Desk(Catalog(_SHIPPED), Customers(Settings(home=_SHIPPED / "nowhere")))
    for name in desk.names():
        desk.examine(name)
    return desk


@pytest.fixture
def previewer(shipped: Desk) -> Previewer:
    state = shipped.examine("spring_sale")
    assert state.previewer is not None, state.findings
    return state.previewer
