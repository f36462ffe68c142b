"""The report's page in a real browser: it fits, it prints, nothing stands in anybody's way."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.report_images import make
from tests.browser.studio_world import TOO_WIDE


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report of two runs with answers."""
    return make(tmp_path_factory.mktemp("report"), customers=150)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_the_page_fits_and_has_no_barrier(
    browser: Browser, report: Path, theme: str, width: int
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme=theme,  # type: ignore[arg-type]
    )
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(report.as_uri())
    found = Axe().run(page).response["violations"]
    assert [f"{v['id']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found] == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.evaluate(TOO_WIDE) == []
    assert asked == [report.as_uri()]
    small = page.evaluate(
        """() => [...document.querySelectorAll('.chart text')]
            .filter(t => t.getClientRects().length && t.textContent.trim())
            .map(t => t.getBoundingClientRect().height).filter(h => h < 11).length"""
    )
    assert small == 0  # words in charts can be read
    page.close()


def test_a_chart_says_in_words_what_it_shows(browser: Browser, report: Path) -> None:
    page = browser.new_page()
    page.goto(report.as_uri())
    funnel = page.get_by_role("img").first
    told = funnel.get_attribute("aria-label") or ""
    sent = page.locator("table").first.locator("tr", has_text="Sent").first.locator("td").first
    assert f"Sent {sent.inner_text()}" in told
    page.close()


def test_it_prints_on_paper_in_light_colours(browser: Browser, report: Path) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(report.as_uri())
    page.emulate_media(media="print", color_scheme="dark")
    ground = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    assert page.pdf(format="A4").startswith(b"%PDF")
    page.close()
