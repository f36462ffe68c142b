"""The desk in a real browser, at the shop's screen and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.desk_server import ANA, World, desk, desk_world

Opener = Callable[..., Page]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with desk_world(tmp_path_factory.mktemp("desk")) as made:
        yield made


@pytest.fixture(scope="module")
def url(world: World) -> Iterator[str]:
    with desk(world.app) as address:
        yield address


@pytest.fixture
def opened(browser: Browser, url: str) -> Iterator[Opener]:
    """Signs Marta in and opens a page. Scripts are off: nothing here needs them."""
    contexts = []

    def open_page(
        path: str = "/", *, width: int = 1440, scripts: bool = False, **more: str
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=scripts,
            **more,  # type: ignore[arg-type]
        )
        contexts.append(context)
        page = context.new_page()
        page.goto(url)
        page.get_by_label("Your name").fill("Marta")
        page.get_by_role("button", name="Begin").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")
        if path != "/":
            page.goto(url + path)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_a_question_is_answered_beside_its_history(
    world: World, opened: Opener, width: int
) -> None:
    world.says(f"¿Tenéis la talla {width}?")
    page = opened(width=width)
    page.get_by_role("link", name="Ana Example").click()
    expect(page.get_by_text("PRIMAVERA20").first).to_be_visible()
    expect(page.get_by_text("Word for word").first).to_be_visible()
    expect(page.get_by_text("the customer asked for it").first).to_be_visible()
    page.get_by_label("Your answer").fill(f"Sí, la {width}. <b>Ven</b> cuando quieras.")
    page.get_by_label("Told about").select_option("spring_sale")
    page.get_by_role("button", name="Send by SMS").click()
    newest = page.locator(".timeline .entry").first
    expect(newest).to_contain_text(f"Sí, la {width}. <b>Ven</b> cuando quieras.")
    expect(newest).to_contain_text("by Marta")
    assert world.received()[0] == f"Sí, la {width}. <b>Ven</b> cuando quieras."
    assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def test_going_back_and_sending_again_answers_once(world: World, opened: Opener) -> None:
    world.says("¿Y el domingo?")
    page = opened()
    page.get_by_role("link", name="Ana Example").click()
    page.get_by_label("Your answer").fill("Abrimos a las diez.")
    form = page.locator("form[action$=answer]").evaluate(
        "f => [f.action, new URLSearchParams(new FormData(f)).toString()]"
    )
    page.get_by_role("button", name="Send by SMS").click()
    expect(page.locator(".timeline .entry").first).to_contain_text("Abrimos a las diez.")
    sent = len(world.received())
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    again = httpx.post(form[0], content=form[1], headers=kind, cookies=cookies, timeout=60)
    assert again.status_code == 409
    assert len(world.received()) == sent


def test_what_may_be_no_opt_out_can_be_taken_back_and_then_answered(
    world: World, opened: Opener
) -> None:
    world.says("who are you?")
    page = opened()
    page.get_by_role("link", name="Ana Example").click()
    expect(page.get_by_text("If it was no opt-out, take it back first.")).to_be_visible()
    page.get_by_label("Was it no opt-out?").fill("asked who we are")
    page.get_by_role("button", name="Take it back").click()
    expect(page.get_by_label("Your answer")).to_be_visible()


@pytest.mark.parametrize("who", [ANA.ref, ANA.mail, ANA.phone])
def test_a_customer_is_found_by_what_staff_know(opened: Opener, who: str) -> None:
    page = opened()
    page.get_by_label("Find a customer").fill(who)
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Ana Example")
    assert who not in page.url


def test_somebody_unknown_is_told_so(opened: Opener) -> None:
    page = opened()
    page.get_by_label("Find a customer").fill("nobody@example.com")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("there is no customer")).to_be_visible()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_has_a_barrier_that_axe_knows(
    world: World, opened: Opener, theme: str, width: int, tmp_path: Path
) -> None:
    if not world.replies.waiting():
        world.says("Hola! ¿El 20 % es también para la talla 38?")
    number = world.replies.waiting()[0].inbox_id
    page = opened(width=width, scripts=True, color_scheme=theme, reduced_motion="reduce")
    for path in ("/", f"/inbox/{number}", f"/customers/{world.number()}", "/nothing"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/", 3)[2] + path)
        assert barriers(page) == []
        assert page.evaluate("() => document.documentElement.scrollWidth") <= width


def barriers(page: Page) -> list[str]:
    """What axe finds, by rule, with the elements."""
    found = Axe().run(page).response["violations"]
    return [f"{v['id']}: {[n['html'][:120] for n in v['nodes'][:3]]}" for v in found]
