"""Where the reference data lies that tests may read but the project does not hold."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

_DEFAULT = Path(__file__).resolve().parents[2] / "shared"


def shared(relative: str) -> Path:
    """The path of a reference file, or skip the test where it is absent."""
    path = Path(os.environ.get("CAMPAIGNS_SHARED", _DEFAULT)) / relative
    if not path.exists():
        pytest.skip(f"reference file {relative} is not here")
    return path
