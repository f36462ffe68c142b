"""The pages of `campaigns plan --html` and `campaigns calendar --html`, in a real browser."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from campaigns.bootstrap.calendar.page import page as calendar_page
from campaigns.bootstrap.forecasting import forecast
from campaigns.bootstrap.plan_page import as_html
from campaigns.domain.calendar import Calendar, Crowd, Occasion, Overlap
from campaigns.domain.channel import Channel
from tests.browser.studio_world import TOO_WIDE
from tests.report_world import CAMPAIGN, people, shop

NOON = datetime(2027, 3, 10, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A plan of every channel, and a calendar in which something collides."""
    folder = tmp_path_factory.mktemp("pages")
    with shop(folder) as (app, _, _):
        people(app, folder, 80)
        plan = as_html(forecast(app, CAMPAIGN, masked=True))
    made = {"plan": plan, "calendar": calendar_page(two_teams())}
    for name, html in made.items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


def two_teams() -> Calendar:
    """Of two campaigns on one day, the later is too much for some."""
    occasions = [
        Occasion(
            f"letter_of_{team.lower()}",
            f"Letter of {team}",
            team,
            "2027-W10",
            NOON,
            team,
            True,
            True,
        )
        for team in ("Editors", "Shops")
    ]
    channels = Counter({Channel.EMAIL: 31_000, Channel.WHATSAPP: 8_000, Channel.SMS: 1_000})
    cap = "2 in 7 days"
    crowds = [
        Crowd(40_000, channels, Counter({NOON.date(): 40_000}), over)
        for over in (Counter[str](), Counter({cap: 3_100}))
    ]
    both = Overlap(12_400, Counter({NOON.date(): 12_400}), Counter({cap: 3_100}))
    until = NOON + timedelta(days=20)
    return Calendar(NOON, until, "Europe/Madrid", occasions, crowds, {(0, 1): both}, ["A note."])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("name", ["plan", "calendar"])
def test_nothing_is_pushed_sideways_and_nothing_is_a_barrier(
    browser: Browser, pages: dict[str, Path], name: str, width: int, theme: str
) -> None:
    page = browser.new_page(
        viewport={"width": width, "height": 900},
        color_scheme=theme,  # type: ignore[arg-type]
    )
    page.goto(pages[name].as_uri())
    found = Axe().run(page, options={"iframes": False}).response["violations"]
    assert [f"{v['id']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found] == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width
    assert page.evaluate(TOO_WIDE) == []
    page.close()


def test_on_a_phone_every_number_says_what_it_is(browser: Browser, pages: dict[str, Path]) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 900})
    page.goto(pages["plan"].as_uri())
    words = "e => getComputedStyle(e, '::before').content"
    cells = page.locator("#channels tbody tr").first.locator("td:not(:first-child):not(:empty)")
    labels = [cell.evaluate(words) for cell in cells.all()]
    assert labels[:2] == ['"messages"', '"words in"']
    page.goto(pages["calendar"].as_uri())
    cells = page.locator(".occasions tbody tr").last.locator("td")
    assert [cell.evaluate(words) for cell in cells.all()] == [
        f'"{label}"'
        for label in ("When", "Campaign", "Team", "People", "Where", "Too much for", "Sent by")
    ]
    page.close()
