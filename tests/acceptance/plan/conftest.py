"""The application with the real templates, on both databases, against a sandbox of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from campaigns.bootstrap import App, connect
from campaigns.sandbox.process import SandboxProcess
from campaigns.settings import Settings
from tests.databases import SqliteFiles

ROOT = Path(__file__).parents[3]


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[SandboxProcess]:
    """One's own: X refuses the same post twice."""
    with SandboxProcess(tmp_path / "sandbox") as started:
        yield started


@pytest.fixture
def moved() -> list[timedelta]:
    """How far the clock has been put forward."""
    return [timedelta()]


Open = Callable[[str], App]


@pytest.fixture
def opening(
    tmp_path: Path,
    sandbox: SandboxProcess,
    moved: list[timedelta],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Open]:
    """Opens the application on a database, as commands will find it; its clock runs ahead where it
    would sleep."""
    shutil.copytree(ROOT / "templates", tmp_path / "templates")
    given = {"HOME": tmp_path / "home", "TEMPLATES": tmp_path / "templates", "LANES": 1}
    given |= {"SANDBOX_URL": sandbox.url, "WORKERS": 1}
    for name, value in given.items():
        monkeypatch.setenv(f"CAMPAIGNS_{name}", str(value))

    def sleep(seconds: float) -> None:
        moved[0] += timedelta(seconds=max(seconds, 60))

    with ExitStack() as stack:

        def opened(url: str) -> App:
            monkeypatch.setenv("CAMPAIGNS_DATABASE_URL", url)
            app = stack.enter_context(connect(Settings()))
            app.clock = replace(app.clock, now=lambda: datetime.now(UTC) + moved[0], sleep=sleep)
            return app

        yield opened


@pytest.fixture
def app(opening: Open, sqlite_files: SqliteFiles) -> App:
    return opening(f"sqlite:///{sqlite_files.copy()}")


@pytest.fixture
def on_both(opening: Open, database_url: str) -> App:
    """The same on SQLite and on PostgreSQL."""
    return opening(database_url)
