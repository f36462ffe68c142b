"""What several of the contracts begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from campaigns.store.engine import Database
from tests.contract.profiles_world import Importing


@pytest.fixture
def importing(database: Database, tmp_path: Path) -> Importing:
    """Imports files of the text given, into a database of its own."""
    return Importing(database, tmp_path)
