"""Customers' own pages in a real browser, at the width of a phone, without JavaScript."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from campaigns.domain.channel import Channel
from tests.databases import SqliteFiles
from tests.pages_world import Shop, shop
from tests.web_server import serving

PHONE, DESKTOP = 375, 1280
#: Where pictures of the pages go, to be looked at; unset: none are taken.
SHOTS = os.environ.get("CAMPAIGNS_TEST_SHOTS")
Opener = Callable[..., Page]


@pytest.fixture
def here(sqlite_files: SqliteFiles, tmp_path: Path) -> Iterator[Shop]:
    with shop(f"sqlite:///{sqlite_files.copy()}", tmp_path) as made:
        yield made


@pytest.fixture
def opened(here: Shop, browser: Browser) -> Iterator[Opener]:
    """Opens pages; whatever a page complains about on its console fails the test."""
    complaints: list[str] = []
    contexts = []

    with serving(here.app) as url:

        def open_page(
            path: str, *, width: int = PHONE, scripts: bool = False, dark: bool = False
        ) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": 760},
                java_script_enabled=scripts,
                color_scheme="dark" if dark else "light",
            )
            contexts.append(context)
            page = context.new_page()
            page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
            page.goto(url + path)
            return page

        yield open_page
        for context in contexts:
            context.close()
    assert [c for c in complaints if "status of 4" not in c] == []


def shot(page: Page, name: str) -> None:
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"{name}.png", full_page=True)


def fits(page: Page) -> bool:
    """Nothing has to be scrolled sideways."""
    boxes = [e.bounding_box() for e in page.locator("main *").all()]
    return max(box["width"] + box["x"] for box in boxes if box) <= PHONE


def test_somebody_unsubscribes_with_one_button(here: Shop, opened: Opener) -> None:
    customer = here.customer(locale="es_ES")
    page = opened(here.unsubscribe_path(here.delivery(customer)))
    shot(page, "unsubscribe")
    assert fits(page)
    page.get_by_role("button", name="Darme de baja").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Te has dado de baja")
    shot(page, "unsubscribed")
    assert here.standings(customer)["email/*"] is False


def test_somebody_chooses_by_hand_on_a_phone(here: Shop, opened: Opener) -> None:
    customer = here.customer(topics=("offers",), channels=tuple(Channel)[:4])
    page = opened(here.preferences_path(here.delivery(customer)))
    shot(page, "preferences-phone")
    assert fits(page)
    mail = page.get_by_role("group", name="E-mail")
    mail.get_by_label("News").check()
    mail.get_by_label("Order of preference").select_option("Second")
    text = page.get_by_role("group", name="SMS")
    text.get_by_label("Offers").uncheck()
    page.get_by_role("group", name="WhatsApp").get_by_label("Order of").select_option("First")
    page.get_by_label("Offers and news in a week").select_option("2 at most")
    page.get_by_label("From").fill("21:30")
    page.get_by_label("Until", exact=True).fill("08:00")
    page.get_by_label("We write to you in").select_option("Català")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Desat")
    shot(page, "saved")
    stands = here.standings(customer)
    assert (stands["email/news"], stands["sms/offers"]) == (True, False)
    (asked,) = here.rows("preferences", customer)
    assert (asked.channels, asked.weekly_most) == ("whatsapp,email", 2)
    assert (asked.quiet_from, asked.quiet_until) == (1290, 480)


def test_a_mistake_is_told_where_it_is_and_nothing_else_is_lost(here: Shop, opened: Opener) -> None:
    page = opened(here.preferences_path(here.delivery(here.customer())))
    page.get_by_label("From").fill("21:30")
    page.get_by_label("Offers and news in a week").select_option("One at most")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Give both times")
    expect(page.get_by_label("From")).to_have_value("21:30")
    expect(page.get_by_label("Offers and news in a week")).to_have_value("1")
    shot(page, "mistake")


def test_somebody_reads_downloads_and_deletes_what_is_known(here: Shop, opened: Opener) -> None:
    customer = here.customer(last_name="Roca", locale="ca_ES", attributes={"points": 1250})
    page = opened(here.preferences_path(here.delivery(customer)))
    page.get_by_role("button", name="Veure-ho").click()
    expect(page.get_by_text("ada@example.com").first).to_be_visible()
    shot(page, "known")
    assert fits(page)
    page.get_by_role("link", name="Tornar").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Descarregar-ho").click()
    assert download.value.suggested_filename == "my-data.json"
    page.get_by_role("link", name="Esborrar les meves dades").click()
    shot(page, "delete")
    page.get_by_role("button", name="Esborrar-ho tot per sempre").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Les teves dades estan esborrades")
    shot(page, "deleted")
    assert here.rows("addresses") == []


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nobody_is_kept_out_by_how_the_pages_are_made(
    here: Shop, opened: Opener, width: int, dark: bool
) -> None:
    customer = here.customer(channels=tuple(Channel)[:4])
    here.world.suppress(customer, Channel.X_DM, purpose="all")
    delivery = here.delivery(customer)
    ours = here.preferences_path(delivery)
    name = f"{'dark' if dark else 'light'}-{width}"
    for path, called in [
        (here.unsubscribe_path(delivery), "unsubscribe"),
        (ours, "preferences"),
        (f"{ours}/delete", "delete"),
        ("/p/none.of.ours", "nowhere"),
    ]:
        page = opened(path, width=width, dark=dark, scripts=True)
        if called in ("preferences", "nowhere"):
            shot(page, f"{called}-{name}")
        complaints(page)
    page = opened(ours, width=width, dark=dark, scripts=True)
    page.get_by_role("button", name="Show it").click()
    expect(page.get_by_text("ada@example.com").first).to_be_visible()  # the page has come
    complaints(page)


def complaints(page: Page) -> None:
    """axe finds nothing, of whatever weight."""
    found = Axe().run(page).response["violations"]
    assert [(v["id"], [n["html"] for n in v["nodes"]]) for v in found] == []


def test_the_keyboard_reaches_the_content_first_and_every_control_shows_it(
    here: Shop, opened: Opener
) -> None:
    page = opened(here.preferences_path(here.delivery(here.customer())), scripts=True)
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Choose what we send you")).to_be_focused()
    page.keyboard.press("Tab")
    first = page.get_by_role("group", name="E-mail").get_by_label("Offers")
    expect(first).to_be_focused()
    assert first.evaluate("e => getComputedStyle(e).outlineStyle") == "solid"
