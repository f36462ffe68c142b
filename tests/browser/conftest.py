"""One browser for the tests of a file, and studios to look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.studio_world import SHIPPED, Opener, Studio, chromium, studio


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=60_000)
    with chromium() as browser:
        yield browser
    expect.set_options(timeout=5_000)


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    """A studio over the shipped templates, for tests that change no file."""
    with studio(SHIPPED, tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Studio]:
    """A studio over templates that the test may change."""
    templates = Path(shutil.copytree(SHIPPED, tmp_path / "templates"))
    with studio(templates, tmp_path) as running:
        yield running


@pytest.fixture
def opened(browser: Browser) -> Iterator[Opener]:
    """Opens pages; whatever a page complains about on its console fails the test."""
    complaints: list[str] = []
    contexts = []

    def open_page(address: str, *, width: int = 1440, scripts: bool = True, **more: str) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            **more,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    # A campaign that is gone is answered with 404, and Chromium says so.
    assert [c for c in complaints if "status of 404" not in c] == []
