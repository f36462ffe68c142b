"""A templates folder of one's own, and the drafts in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from campaigns.bootstrap.preview import Customers, Drafts, Previewer
from campaigns.content.catalog import Catalog
from campaigns.settings import Settings

_SHIPPED = Path(__file__).parents[3] / "templates"


@pytest.fixture
def templates(tmp_path: Path) -> Path:
    return Path(shutil.copytree(_SHIPPED, tmp_path / "templates"))


@pytest.fixture
def drafts(templates: Path, tmp_path: Path) -> Drafts:
    return Drafts(Catalog(templates), Customers(Settings(home=tmp_path / "home")))


@pytest.fixture(scope="session")
def shipped() -> Drafts:
    """The shipped templates as drafts, compiled; for tests that change no file."""
    drafts = Drafts(Catalog(_SHIPPED), Customers(Settings(home=_SHIPPED / "nowhere")))
    for name in drafts.names():
        drafts.examine(name)
    return drafts


@pytest.fixture
def previewer(shipped: Drafts) -> Previewer:
    state = shipped.examine("spring_sale")
    assert state.previewer is not None, state.findings
    return state.previewer
