"""The studio as a user starts it, and a real browser to look at it with."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "templates"
_CHROMIUM = "/usr/bin/chromium"
#: Milliseconds: what is waited for comes in one or two seconds; a busy machine takes longer.
_SLOW = 60_000
#: Opens a page at an address.
Opener = Callable[..., Page]
#: Tables that a reader would have to push sideways.
TOO_WIDE = """() => [...document.querySelectorAll('table')].filter(t =>
    t.parentElement.scrollWidth > t.parentElement.clientWidth).map(t => t.innerText)"""
_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # No name but this machine's: what a page asks of others fails at once, and alike everywhere.
    "--no-proxy-server",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost",
]


@dataclass(frozen=True)
class Studio:
    """A running studio: its address, and the templates it watches."""

    url: str
    templates: Path
    process: subprocess.Popen[str]

    def address(self, query: str = "") -> str:
        return f"{self.url}?{query}" if query else self.url


@contextmanager
def studio(templates: Path, home: Path) -> Iterator[Studio]:
    """`campaigns studio` in a process of its own, as long as the block lasts."""
    environment = {
        "PATH": os.environ.get("PATH", ""),
        "PYTHONPATH": str(ROOT / "src"),
        "CAMPAIGNS_TEMPLATES": str(templates),
        "CAMPAIGNS_HOME": str(home),
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "campaigns", "studio", "--port", "0", "--no-open"],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=home,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+/", line)
        assert found, f"the studio did not start: {line!r}"
        yield Studio(found[0], templates, process)
    finally:
        process.terminate()
        process.wait(timeout=120)
        if process.stdout is not None:
            process.stdout.close()


def settled(page: Page) -> Page:
    """Wait until everything is compiled and live refresh follows."""
    expect(page.locator(".live.on")).to_be_visible(timeout=_SLOW)
    expect(page.get_by_text("Compiling…")).to_have_count(0, timeout=_SLOW)
    return page


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium; skips where there is none, unless it must be there (CI)."""
    if not Path(_CHROMIUM).exists():
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is not installed: apt-get install chromium")
        pytest.skip("Chromium is not installed here")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=_CHROMIUM, args=_FLAGS)
        try:
            yield browser
        finally:
            browser.close()
